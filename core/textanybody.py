"""Finding anybody in a text by the signs that stand around a name, a number, an address: labels, titles, their form."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from core.masking import COMPOUND_SURNAMES, masked_name
from core.surnames import SURNAMES
from core.textsearch import GONE, Search

OLDEST: Final = "90岁及以上"  # above, an age is nearly a name

# What stands before a number of somebody: a word of the first list with one of the second behind it, or one of the third.
_NUMBERED = """
病历 病案 住院 门诊 急诊 体检 检查 检验 就诊 登记 影像 放射 病理 超声 申请 患者 病人 医保 社保 标本 条码 床 卡 x线 ct
mr mri us id accession patient mrn
"""
_NUMBER_WORDS = "编号 卡号 号码 号 id no. no"
_NUMBER_LABELS = "身份证号码 身份证号 身份证 证件号码 证件号 护照号 护照 电话 手机号 手机 联系方式 微信号 微信 qq mrn tel phone"
_BIRTH_LABELS = "出生日期 出生年月 出生于 出生 生于 生日 dob birthdate"
_ADDRESS_LABELS = "住址 地址 家住 现住 户籍地 户籍 籍贯 居住地 居住于 居住在 address"
# What stands before somebody's name, with a colon between, and after some of them with blanks alone.
_PEOPLE = """
姓名 家属 家长 联系人 监护人 陪同人 陪同 代诉人 父亲 父 母亲 母 妻子 妻 丈夫 配偶 儿子 女儿 患者 病人 name patient
"""
_STAFF = """
送检医生 送检医师 送检者 申请医生 申请医师 申请者 报告医生 报告医师 报告者 报告人 审核医生 审核医师 审核者 审核人
诊断医生 诊断医师 检查医生 检查医师 检查者 操作医生 操作医师 操作者 手术医生 手术医师 手术者 主治医生 主治医师
经治医生 经治医师 麻醉医生 麻醉医师 麻醉者 会诊医生 会诊医师 记录者 书写者 术者 护士 技师 医生签名 医师签名 签名 签字
医生 医师 physician operator
"""
# What stands behind it.
_TITLES = """
副主任医师 副主任技师 副主任护师 副主任 主任医师 主任技师 主任护师 主任 主治医师 主治 住院医师 住院医 医生 医师 大夫
教授 护士长 护士 技师 先生 女士 同志 老师
"""
_PARTS_OF_TOWNS = "镇 乡 村 街道 路 街 巷 弄 小区 社区 新村 花园"
_PARTS_OF_HOUSES = "号院 号楼 号 弄 幢 栋 单元 室 楼 层 组 队"
_BLANKS: Final = r"\s{0,3}"  # forms are filled up with them; a number, so that a text of blanks alone takes no time


def _any(words: str) -> str:
    """A pattern of any of these words, with blanks between their letters."""
    return "(?:" + "|".join(_BLANKS.join(map(re.escape, word)) for word in words.split()) + ")"


_LETTER: Final = r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]"  # a Chinese one
_NAME: Final = rf"(?P<it>{_LETTER}{{2,4}}(?:[·•・‧]{_LETTER}{{1,8}})*)"
_LATIN_NAME: Final = r"(?P<it>[a-z]{1,24}(?:[\s^,.\-]{1,2}[a-z]{1,24}){0,3})"
_DATE: Final = _BLANKS.join([r"(?:19|20)\d\d", "[-/.年]", r"\d{1,2}", "[-/.月]", r"\d{1,2}", "日?"]) + r"|(?:19|20)\d{6}"
_HOUSE: Final = rf"[0-9一二三四五六七八九十]{{1,6}}[-－]?[0-9a-z]{{0,6}}{_BLANKS}{_any(_PARTS_OF_HOUSES)}"
_SAYS: Final = f"{_BLANKS}[:：为是]?{_BLANKS}"
_COLON: Final = f"{_BLANKS}[:：]{_BLANKS}"


def _stars(found: re.Match[str]) -> str:
    return GONE


def _its_year(found: re.Match[str]) -> str:
    return f"{found['it'][:4]}年"


def _oldest(found: re.Match[str]) -> str:
    return OLDEST


def _as_name(found: re.Match[str]) -> str:
    return masked_name(found["it"])


def _unless_a_day(found: re.Match[str]) -> str | None:
    """Eight digits that are a day of this century stay: reports compare with earlier exams. Birth dates went before."""
    digits = found["it"]
    if len(digits) == 8 and digits.startswith("20"):
        try:
            date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        except ValueError:
            return GONE
        return None
    return GONE


def _titled(found: re.Match[str]) -> str | None:
    name = found["it"]
    office = name in _OFFICES or name[1:] in _OFFICES
    return masked_name(name) if _begins_with_surname(name) and not office else None


# What stands before 医师 and is no name: of 申请医师, 麻醉医师, 高年资医师.
_RANKS = "高年资 高级 高年 经管 经管床 安排 包括"
_OFFICES: Final = frozenset((*(word[:2] for word in _STAFF.split()), *_RANKS.split()))


def _begins_with_surname(name: str) -> bool:
    return (name[:1] in SURNAMES and name[:1] not in _ALSO_WORDS) or name[:2] in COMPOUND_SURNAMES


# Surnames that are words of every text: before a title they tell nothing.
_ALSO_WORDS: Final = frozenset("思信新世时家政原远主忠端问业堂同通有保生学进明和可科干要药来从都但由应解相向全区路与及经于")


ANYWHERE: Final[tuple[Search, ...]] = tuple(
    (re.compile(pattern), shown)
    for pattern, shown in (
        # GB 11643 numbers of 18 and 15, in groups or not
        (r"(?<![0-9a-z])(?P<it>\d(?:[\s\-]?\d){16}[\s\-]?[\dx])(?![0-9a-z])", _stars),
        (r"(?<![0-9a-z])(?P<it>\d(?:[\s\-]?\d){14})(?![0-9a-z])", _stars),
        # mobile and fixed lines, service numbers, mail
        (r"(?<!\d)(?P<it>(?:\+?86[\s\-]?)?1[3-9](?:[\s\-]?\d){9})(?!\d)", _stars),
        (r"(?<!\d)(?P<it>\(?0\d{2,3}\)?[\s\-]?\d{7,8}(?:[\s\-]\d{1,6})?)(?!\d)", _stars),
        (r"(?<!\d)(?P<it>[48]00[\s\-]?\d{3}[\s\-]?\d{4})(?!\d)", _stars),
        (r"(?P<it>[\w.+\-]{1,64}@[\w\-]{1,63}(?:\.[\w\-]{1,63}){1,8})", _stars),
        # any long number, with the letters before it; measures are shorter
        (r"(?<![0-9a-z.])(?P<it>[a-z]{0,6}\d{7,}[a-z]?)(?![0-9a-z])", _unless_a_day),
        # what a label announces
        (
            rf"(?:{_any(_NUMBERED)}{_BLANKS}{_any(_NUMBER_WORDS)}|{_any(_NUMBER_LABELS)}){_SAYS}"
            r"(?P<it>(?=[a-z\-_/]{0,40}\d)[0-9a-z][0-9a-z\-_/]{1,40})",
            _stars,
        ),
        (rf"{_any(_BIRTH_LABELS)}{_SAYS}(?P<it>{_DATE})", _its_year),
        (rf"(?P<it>{_DATE}){_BLANKS}(?:出{_BLANKS}生|生(?!{_LETTER}))", _its_year),
        (rf"(?<![\d.])(?P<it>(?:9\d|1[0-2]\d){_BLANKS}周?岁)", _oldest),
        (rf"{_any(_PEOPLE + _STAFF)}{_COLON}{_NAME}", _as_name),
        (rf"{_any(_PEOPLE + _STAFF)}{_COLON}{_LATIN_NAME}", _as_name),
        (rf"{_any(_STAFF)}\s{{1,3}}(?P<it>{_LETTER}{{2,3}})(?!{_LETTER})", _titled),
        (rf"(?P<it>{_LETTER}{{2,3}}){_any(_TITLES)}", _titled),
        (rf"(?P<it>{_LETTER}{{2,12}}(?:[·•・‧]{_LETTER}{{2,12}}){{1,3}}){_any(_TITLES)}", _as_name),
        # addresses, announced or known by their parts
        (rf"{_any(_ADDRESS_LABELS)}{_SAYS}(?P<it>[^，。；;！？!?\s,]{{2,60}})", _stars),
        (
            rf"(?P<it>{_LETTER}{{2,8}}(?:省|自治区|自治州|市){_LETTER}{{1,10}}(?:市|区|县|旗|镇|乡|街道)"
            rf"(?:{_LETTER}|[0-9a-z\-]){{0,40}})",
            _stars,
        ),
        (rf"(?P<it>{_LETTER}{{2,8}}{_any(_PARTS_OF_TOWNS)}{_HOUSE}(?:{_BLANKS}{_HOUSE}){{0,6}})", _stars),
    )
)

"""Free text, such as a report's, for somebody who must not learn whose it is: names, numbers, addresses give way to stars.

Where a listed form is missed the text would name somebody, so that in doubt a word goes: a report reads on without a number.
What it cannot know is a name that stands in the text without any sign and belongs to nobody we were told of.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from core.masking import COMPOUND_SURNAMES, masked_name
from core.surnames import PINYIN, SURNAMES

VERSION: Final = 2  # part of every cache key and ETag of masked words: raise it with every change of what stays
GONE: Final = "***"
OLDEST: Final = "90岁及以上"  # above, an age is nearly a name
SHORTEST_NUMBER = 4  # characters of a number of a person that is looked for anywhere; shorter ones only behind their label
SHORTEST_PART = 3  # characters of a part of a long name that is looked for alone, in letters other than Chinese ones
LONGEST_CHINESE = 5  # characters of surname and given name; a longer name without a dot is built in another way
MOST_BETWEEN = 3  # blanks, dots and what is not seen, between two characters of one name or number

# Blanks, what joins the parts of a name, and what takes no room at all.
_JOINT: Final = r"[\s\u00a0\u00ad\u00b7\u0387\u2022\u2027\u30fb\u22c5\uff65\u200b-\u200f\u2060\ufeff.,^_\-‐–]"
_BETWEEN: Final = f"{_JOINT}{{0,{MOST_BETWEEN}}}"
_BETWEEN_MUST: Final = f"{_JOINT}{{1,{MOST_BETWEEN}}}"
# Given names that are also words of reports: alone they stay, behind their surname they go.
_WORDS_OF_REPORTS = """
正常 明显 清晰 清楚 健康 平安 光明 和平 春秋 中华 建设 发育 规则 丰富 高峰 长江 天然 立方 自然 安全 安康 文化 国际
平整 连续 正中 自如 明确 充盈 均匀 光滑 对称 完整 通畅 良好 双侧 可见 未见 考虑 建议 左右 上下 前后
模体 测试
"""
_WORDS: Final = frozenset(_WORDS_OF_REPORTS.split())


@dataclass(frozen=True, slots=True)
class Whose:
    """All that names the patient: names as PN values or as written, numbers of every kind; and others named beside them."""

    names: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    born: date | None = None
    others: tuple[str, ...] = ()  # such as the doctors, unless they may be named


@dataclass(frozen=True, slots=True)
class _Place:
    """What stands from `begin` to before `end`, and what takes its place."""

    begin: int
    end: int
    shown: str


def masked_text(text: str, whose: Whose) -> str:
    """The text without what names the patient or somebody beside; all that does not, stays as it is."""
    if not text:
        return text
    folded = _folded(text)
    return "".join(_without(text, sorted(_places(folded, whose), key=lambda place: (place.begin, -place.end))))


def _without(text: str, places: Iterable[_Place]) -> Iterator[str]:
    at = 0
    for place in places:
        if place.begin >= at:
            yield text[at : place.begin]
            yield place.shown
        at = max(at, place.end)
    yield text[at:]


def _folded(text: str) -> str:
    """Letter for letter without case and width, so that places in it are places in the text."""
    return "".join(_one(letter) for letter in text)


def _one(letter: str) -> str:
    if letter.isascii():
        return letter.lower()
    plain = unicodedata.normalize("NFKC", letter).lower()
    return plain if len(plain) == 1 and (plain.isalnum() or plain in "-+/.@_()") else letter


def _places(folded: str, whose: Whose) -> Iterator[_Place]:
    for pattern, shown in (*_of_person(whose), *_ANYWHERE):
        for found in pattern.finditer(folded):
            told = shown(found)
            if told is not None:
                yield _Place(found.start("it"), found.end("it"), told)


_Shown = Callable[[re.Match[str]], str | None]  # what stands instead; None: it stays
_Search = tuple[re.Pattern[str], _Shown]


# -- this person ------------------------------------------------------------------


@lru_cache(maxsize=256)
def _of_person(whose: Whose) -> tuple[_Search, ...]:
    searches: list[_Search] = []
    for name in (*whose.names, *whose.others):
        searches += _name(name)
    searches += [_number(number) for number in dict.fromkeys(whose.numbers) if len(number.strip()) >= SHORTEST_NUMBER]
    return (*searches, *([_birth_date(whose.born)] if whose.born else ()))


def _name(name: str) -> Iterator[_Search]:
    """Each group of a name, whole, turned round, its parts alone where they say enough, and as pinyin."""
    for group in name.split("="):
        parts = [part for part in re.split(r"[\s^·•・‧.,，]+", _folded(group)) if part]
        if not parts:
            continue
        shown = masked_name(group.strip())
        yield _search(_BETWEEN.join(map(_letters, parts)), shown)
        if all(part.isascii() for part in parts):
            yield from _latin(parts, shown)
        elif len(parts) == 1 and len(parts[0]) <= LONGEST_CHINESE and _is_chinese(parts[0]):
            yield from _chinese(parts[0], shown)
        else:
            yield from _parts(parts, shown)


def _chinese(name: str, shown: str) -> Iterator[_Search]:
    surname = name[:2] if name[:2] in COMPOUND_SURNAMES and len(name) > 2 else name[:1]
    given = name[len(surname) :]
    if len(given) >= 2 and given not in _WORDS:
        yield _search(_letters(given), masked_name("x" + given)[1:])
    yield from _as_pinyin(surname, len(given), shown)


def _as_pinyin(surname: str, syllables: int, shown: str) -> Iterator[_Search]:
    """The name in Latin letters as anybody may have written it: Zhang Sanfeng, SanFeng ZHANG, Zhang S.F.

    Surname and given name must stand apart: lipoma is no 李坡马.
    """
    for spelled in PINYIN.get(surname, ()):
        masked = f"{spelled[0].upper()}**"
        given, letters = (_BETWEEN.join([each] * syllables) for each in (_SYLLABLE, "[a-z]"))
        if syllables:
            yield _search(rf"(?<![a-z]){spelled}{_BETWEEN_MUST}{given}(?![a-z])", masked)
            yield _search(rf"(?<![a-z]){given}{_BETWEEN_MUST}{spelled}(?![a-z])", masked)
            yield _search(rf"(?<![a-z]){spelled}{_BETWEEN_MUST}{letters}(?![a-z])", masked)


_INITIALS = "zh ch sh b p m f d t n l g k h j q x z c s r y w"
_FINALS = """
iang iong uang ueng ang eng ing ong ian iao uai uan ai an ao ei en er ia ie in iu ou ua ue ui un uo ve vn a e i o u v
"""
_ALONE = "ang eng ai an ao ei en er ou a e o"
_SYLLABLE: Final = rf"(?:(?:{'|'.join(_INITIALS.split())})(?:{'|'.join(_FINALS.split())})|{'|'.join(_ALONE.split())})"


def _latin(parts: list[str], shown: str) -> Iterator[_Search]:
    """Turned round, and each long part alone: O'Connor, Xiaodong."""
    for turned in (parts[1:] + parts[:1], parts[::-1]):
        if len(parts) > 1:
            yield _search(rf"(?<![a-z]){_BETWEEN.join(map(_letters, turned))}(?![a-z])", shown)
    for part in dict.fromkeys(piece for each in parts for piece in (each, *re.split("[^a-z]+", each))):
        if len(part) > SHORTEST_PART:
            yield _search(rf"(?<![a-z]){re.escape(part)}(?![a-z])", masked_name(part.capitalize()))


def _parts(parts: list[str], shown: str) -> Iterator[_Search]:
    """Of a name of several parts each that says enough: 阿卜杜热合曼 of 阿卜杜热合曼·吐尔逊."""
    for part in parts:
        if len(part) >= (2 if len(parts) > 1 else SHORTEST_PART) and part not in _WORDS:
            yield _search(_letters(part), masked_name(part))
    if len(parts) == 1:
        return
    yield _search(_BETWEEN.join(map(_letters, parts[::-1])), shown)


def _is_chinese(text: str) -> bool:
    return all(unicodedata.name(letter, "").startswith("CJK") for letter in text)


def _letters(text: str) -> str:
    """A pattern of the letters of a part, with blanks between Chinese ones as forms print them: 王 小 东."""
    return re.escape(text) if text.isascii() else _BETWEEN.join(map(re.escape, text))


def _number(number: str) -> _Search:
    """A number that is told, however its digits are grouped."""
    plain = re.sub(r"[\s\-]", "", _folded(number))
    return _search(rf"(?<![0-9a-z]){_GROUPED.join(map(re.escape, plain))}(?![0-9a-z])", GONE)


_GROUPED: Final = r"[\s\u00a0\u200b\-]?"


def _birth_date(born: date) -> _Search:
    year, month, day = born.year, born.month, born.day
    said = rf"{year}\s{{0,3}}[-/.年]?\s{{0,3}}0?{month}\s{{0,3}}[-/.月]?\s{{0,3}}0?{day}(?!\d)(?:\s{{0,3}}日)?"
    return _search(rf"(?<!\d){said}", f"{year}年")


def _search(pattern: str, shown: str) -> _Search:
    return re.compile(f"(?P<it>{pattern})"), lambda found: shown


# -- anybody ----------------------------------------------------------------------

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


_ANYWHERE: Final[tuple[_Search, ...]] = tuple(
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

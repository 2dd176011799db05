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

VERSION: Final = 1  # part of every cache key and ETag of masked words: raise it with every change of what stays
GONE: Final = "***"
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
正常 明显 清晰 清楚 健康 平安 光明 和平 春秋 中华 建设 发育 规则 丰富 高峰 长江 天然 立方 自然 安全 安康 文化 国际 平整
连续 正中 自如 明确 充盈 均匀 光滑 对称 完整 通畅 良好 双侧 可见 未见 考虑 建议 左右 上下 前后
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
    """The name in Latin letters as anybody may have written it: Zhang Sanfeng, SanFeng ZHANG, Zhang S.F."""
    for spelled in PINYIN.get(surname, ()):
        masked = f"{spelled[0].upper()}**"
        given = _BETWEEN.join([_SYLLABLE] * syllables)
        if syllables:
            yield _search(rf"(?<![a-z]){spelled}{_BETWEEN}{given}(?![a-z])", masked)
            yield _search(rf"(?<![a-z]){given}{_BETWEEN_MUST}{spelled}(?![a-z])", masked)
            yield _search(rf"(?<![a-z]){spelled}{_BETWEEN_MUST}{_BETWEEN.join(['[a-z]'] * syllables)}(?![a-z])", masked)


_FINALS = """
iang iong uang ueng ang eng ing ong ian iao uai uan ai an ao ei en er ia ie in iu ou ua ue ui un uo ve vn a e i o u v
"""
_SYLLABLE: Final = rf"(?:zh|ch|sh|[bpmfdtnlgkhjqxzcsryw])?(?:{'|'.join(_FINALS.split())})"


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
    said = rf"{year}\s*[-/.年]?\s*0?{month}\s*[-/.月]?\s*0?{day}(?!\d)\s*日?"
    return _search(rf"(?<!\d){said}", f"{year}年")


def _search(pattern: str, shown: str) -> _Search:
    return re.compile(f"(?P<it>{pattern})"), lambda found: shown


# -- anybody ----------------------------------------------------------------------

_DATE: Final = r"(?:19|20)\d\d\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*日?|(?:19|20)\d{6}"
_LABELS: Final = (
    r"(?:病\s*[历案]|住\s*院|门\s*诊|急\s*诊|体\s*检|检\s*查|检\s*验|就\s*诊|登\s*记|影\s*像|放\s*射|病\s*理|超\s*声|申\s*请|患\s*者|病\s*人|医\s*保|社\s*保|标\s*本|条\s*码|"
    r"床|卡|x\s*线|ct|mri?|us|id|accession|patient\s*id|mrn)\s*(?:编\s*号|卡\s*号|号\s*码|号|id|no\.?)"
    r"|身\s*份\s*证(?:\s*号\s*码?)?|证\s*件\s*号\s*码?|护\s*照\s*号?|电\s*话|手\s*机\s*号?|联\s*系\s*方\s*式|微\s*信\s*号?|qq|mrn|tel|phone"
)
_RELATIONS: Final = (
    r"(?:姓\s*名|家\s*属|家\s*长|联\s*系\s*人|监\s*护\s*人|陪\s*同人?|代\s*诉\s*人|父\s*亲?|母\s*亲?|妻\s*子?|丈\s*夫|配\s*偶|儿\s*子|女\s*儿|"
    r"患\s*者|病\s*人|送\s*检(?:医[生师]|者)|申\s*请(?:医[生师]|者)|(?:报\s*告|审\s*核|诊\s*断|检\s*查|操\s*作|手\s*术|主\s*治|经\s*治|麻\s*醉)(?:医[生师]|者)|"
    r"术\s*者|护\s*士|技\s*师|name|patient|physician|operator)"
)
_TITLES: Final = r"(?:副?主任(?:医师|技师|护师)?|主治(?:医师)?|住院医师?|医生|医师|大夫|教授|护士长?|技师|先生|女士|同志|老师)"
_CHINESE_LETTER: Final = r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]"
_HOUSE: Final = r"[0-9一二三四五六七八九十]+[-－]?[0-9a-z]*\s*(?:号院|号楼|号|弄|幢|栋|单元|室|楼|层|组|队)"


def _stars(found: re.Match[str]) -> str:
    return GONE


def _its_year(found: re.Match[str]) -> str:
    return f"{found['it'][:4]}年"


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
    return masked_name(found["it"]) if _begins_with_surname(found["it"]) else None


def _begins_with_surname(name: str) -> bool:
    return name[:1] in SURNAMES or name[:2] in COMPOUND_SURNAMES


_ANYWHERE: Final[tuple[_Search, ...]] = (
    # GB 11643 numbers of 18 and 15, in groups or not
    (re.compile(r"(?<![0-9a-z])(?P<it>\d(?:[\s\-]?\d){16}[\s\-]?[\dx])(?![0-9a-z])"), _stars),
    (re.compile(r"(?<![0-9a-z])(?P<it>\d(?:[\s\-]?\d){14})(?![0-9a-z])"), _stars),
    # mobile and fixed lines, service numbers
    (re.compile(r"(?<!\d)(?P<it>(?:\+?86[\s\-]?)?1[3-9](?:[\s\-]?\d){9})(?!\d)"), _stars),
    (re.compile(r"(?<!\d)(?P<it>\(?0\d{2,3}\)?[\s\-]?\d{7,8}(?:[\s\-]\d{1,6})?)(?!\d)"), _stars),
    (re.compile(r"(?<!\d)(?P<it>[48]00[\s\-]?\d{3}[\s\-]?\d{4})(?!\d)"), _stars),
    (re.compile(r"(?P<it>[\w.+\-]{1,64}@[\w\-]{1,63}(?:\.[\w\-]{1,63})+)"), _stars),
    # any long number, with the letters before it; measures are shorter
    (re.compile(r"(?<![0-9a-z.])(?P<it>[a-z]{0,6}\d{7,}[a-z]?)(?![0-9a-z])"), _unless_a_day),
    # whatever stands behind a label
    (re.compile(rf"(?:{_LABELS})\s*[:：为是]?\s*(?P<it>(?=[a-z\-_/]*\d)[0-9a-z][0-9a-z\-_/]{{1,40}})"), _stars),
    (
        re.compile(
            rf"(?:出\s*生(?:\s*日\s*期|\s*于|\s*年\s*月)?|生\s*于|生\s*日|dob|birth\s*date)\s*[:：为是]?\s*(?P<it>{_DATE})"
        ),
        _its_year,
    ),
    (re.compile(rf"(?P<it>{_DATE})\s*(?:出\s*生|生\b)"), _its_year),
    (re.compile(rf"{_RELATIONS}\s*[:：]\s*(?P<it>{_CHINESE_LETTER}{{2,4}}(?:[·•・‧]{_CHINESE_LETTER}{{1,8}})*)"), _as_name),
    (re.compile(rf"{_RELATIONS}\s*[:：]\s*(?P<it>[a-z]+(?:[\s^,.\-]{{1,2}}[a-z]+){{0,3}})"), _as_name),
    (re.compile(rf"(?P<it>{_CHINESE_LETTER}{{2,3}}){_TITLES}"), _titled),
    (re.compile(rf"(?P<it>{_CHINESE_LETTER}{{2,12}}(?:[·•・‧]{_CHINESE_LETTER}{{2,12}})+){_TITLES}"), _as_name),
    # 家住…, 地址：…, and what reads as an address by itself
    (
        re.compile(
            r"(?:住\s*址|地\s*址|家\s*住|现\s*住|户\s*籍|籍\s*贯|居\s*住\s*(?:地|于)|address)\s*(?:地|在|于|为)?\s*[:：]?\s*(?P<it>[^，。；;！？!?\s,]{2,60})"
        ),
        _stars,
    ),
    (
        re.compile(
            rf"(?P<it>{_CHINESE_LETTER}{{2,8}}(?:省|自治区|自治州|市){_CHINESE_LETTER}{{1,10}}(?:市|区|县|旗|镇|乡|街道)"
            rf"(?:{_CHINESE_LETTER}|[0-9a-z\-]){{0,40}})"
        ),
        _stars,
    ),
    (
        re.compile(
            rf"(?P<it>{_CHINESE_LETTER}{{2,8}}(?:镇|乡|村|街道|路|街|巷|弄|小区|社区|新村|花园){_HOUSE}(?:\s*{_HOUSE})*)"
        ),
        _stars,
    ),
)

"""Finding one person in a text: by each form of the names, by the numbers and the birth date that we know to be theirs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from core.masking import COMPOUND_SURNAMES, masked_name
from core.surnames import PINYIN
from core.textsearch import BETWEEN, BETWEEN_MUST, GONE, Search, folded

SHORTEST_NUMBER = 4  # characters of a number of a person that is looked for anywhere; shorter ones only behind their label
SHORTEST_PART = 3  # characters of a part of a long name that is looked for alone, in letters other than Chinese ones
LONGEST_CHINESE = 5  # characters of surname and given name; a longer name without a dot is built in another way
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


@lru_cache(maxsize=256)
def of_person(whose: Whose) -> tuple[Search, ...]:
    """Every form in which the text may name them, and what stands instead."""
    searches: list[Search] = []
    for name in (*whose.names, *whose.others):
        searches += _name(name)
    searches += [_number(number) for number in dict.fromkeys(whose.numbers) if len(number.strip()) >= SHORTEST_NUMBER]
    return (*searches, *([_birth_date(whose.born)] if whose.born else ()))


def _name(name: str) -> Iterator[Search]:
    """Each group of a name, whole, turned round, its parts alone where they say enough, and as pinyin."""
    for group in name.split("="):
        parts = [part for part in re.split(r"[\s^·•・‧.,，]+", folded(group)) if part]
        if not parts:
            continue
        shown = masked_name(group.strip())
        yield _search(BETWEEN.join(map(_letters, parts)), shown)
        if all(part.isascii() for part in parts):
            yield from _latin(parts, shown)
        elif len(parts) == 1 and len(parts[0]) <= LONGEST_CHINESE and _is_chinese(parts[0]):
            yield from _chinese(parts[0], shown)
        else:
            yield from _parts(parts, shown)


def _chinese(name: str, shown: str) -> Iterator[Search]:
    surname = name[:2] if name[:2] in COMPOUND_SURNAMES and len(name) > 2 else name[:1]
    given = name[len(surname) :]
    if len(given) >= 2 and given not in _WORDS:
        yield _search(_letters(given), masked_name("x" + given)[1:])
    yield from _as_pinyin(surname, len(given), shown)


def _as_pinyin(surname: str, syllables: int, shown: str) -> Iterator[Search]:
    """The name in Latin letters as anybody may have written it: Zhang Sanfeng, SanFeng ZHANG, Zhang S.F.

    Surname and given name must stand apart: lipoma is no 李坡马.
    """
    for spelled in PINYIN.get(surname, ()):
        masked = f"{spelled[0].upper()}**"
        given, letters = (BETWEEN.join([each] * syllables) for each in (_SYLLABLE, "[a-z]"))
        if syllables:
            yield _search(rf"(?<![a-z]){spelled}{BETWEEN_MUST}{given}(?![a-z])", masked)
            yield _search(rf"(?<![a-z]){given}{BETWEEN_MUST}{spelled}(?![a-z])", masked)
            yield _search(rf"(?<![a-z]){spelled}{BETWEEN_MUST}{letters}(?![a-z])", masked)


_INITIALS = "zh ch sh b p m f d t n l g k h j q x z c s r y w"
_FINALS = """
iang iong uang ueng ang eng ing ong ian iao uai uan ai an ao ei en er ia ie in iu ou ua ue ui un uo ve vn a e i o u v
"""
_ALONE = "ang eng ai an ao ei en er ou a e o"
_SYLLABLE: Final = rf"(?:(?:{'|'.join(_INITIALS.split())})(?:{'|'.join(_FINALS.split())})|{'|'.join(_ALONE.split())})"


def _latin(parts: list[str], shown: str) -> Iterator[Search]:
    """Turned round, and each long part alone: O'Connor, Xiaodong."""
    for turned in (parts[1:] + parts[:1], parts[::-1]):
        if len(parts) > 1:
            yield _search(rf"(?<![a-z]){BETWEEN.join(map(_letters, turned))}(?![a-z])", shown)
    for part in dict.fromkeys(piece for each in parts for piece in (each, *re.split("[^a-z]+", each))):
        if len(part) > SHORTEST_PART:
            yield _search(rf"(?<![a-z]){re.escape(part)}(?![a-z])", masked_name(part.capitalize()))


def _parts(parts: list[str], shown: str) -> Iterator[Search]:
    """Of a name of several parts each that says enough: 阿卜杜热合曼 of 阿卜杜热合曼·吐尔逊."""
    for part in parts:
        if len(part) >= (2 if len(parts) > 1 else SHORTEST_PART) and part not in _WORDS:
            yield _search(_letters(part), masked_name(part))
    if len(parts) == 1:
        return
    yield _search(BETWEEN.join(map(_letters, parts[::-1])), shown)


def _is_chinese(text: str) -> bool:
    return all(unicodedata.name(letter, "").startswith("CJK") for letter in text)


def _letters(text: str) -> str:
    """A pattern of the letters of a part, with blanks between Chinese ones as forms print them: 王 小 东."""
    return re.escape(text) if text.isascii() else BETWEEN.join(map(re.escape, text))


def _number(number: str) -> Search:
    """A number that is told, however its digits are grouped."""
    plain = re.sub(r"[\s\-]", "", folded(number))
    return _search(rf"(?<![0-9a-z]){_GROUPED.join(map(re.escape, plain))}(?![0-9a-z])", GONE)


_GROUPED: Final = r"[\s\u00a0\u200b\-]?"


def _birth_date(born: date) -> Search:
    year, month, day = born.year, born.month, born.day
    said = rf"{year}\s{{0,3}}[-/.年]?\s{{0,3}}0?{month}\s{{0,3}}[-/.月]?\s{{0,3}}0?{day}(?!\d)(?:\s{{0,3}}日)?"
    return _search(rf"(?<!\d){said}", f"{year}年")


def _search(pattern: str, shown: str) -> Search:
    return re.compile(f"(?P<it>{pattern})"), lambda found: shown

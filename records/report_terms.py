"""What the words of a report mean in plain Chinese. Only words that say something is there are explained; nobody is reassured.

It all happens here: no text leaves this server. When it is not sure what a sentence says, it keeps silent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from core.errors import Conflict, NotFound
from core.uids import row_id
from records.models import HospitalTerm
from records.writing import Outcome, Said, writing

_DATA = Path(__file__).parent / "data" / "terms.tsv"
OWN = "own"  # the kind of a hospital's own word
OWN_SOURCE = "医院"
MOST_EXPLAINED = 60
MOST_OWN = 2000
LONGEST_TERM, LONGEST_MEANING = 32, 300  # characters

# Sentences end here; a statement inside one ends at a comma or a bracket.
_SENTENCE = re.compile(r"[^。；;！!？?\n]+[？?]?")
_STATEMENT = re.compile(r"[^，,（）()【】\[\]：:]+")
# What comes as a whole, so that no word inside it is taken for a cue.
_NOT_SURE = (
    r"不能完全除外|不能完全排除|不能除外|不能排除|不可除外|不可排除|不完全除外|不除外|不排除|未除外|未排除|待除外|待排除|待排|待查|"
    r"除外|鉴别|考虑|可疑|疑似|怀疑|疑为|疑|可能|倾向|拟诊|或为|似为|似呈|似见|似有|警惕|有待|不确定|无法确定|难以确定|[?？]"
)
_DENIED_BEFORE = (
    r"未见|未及|未闻及|未触及|未探及|未测及|未发现|未显示|未检出|未检测到|未提示|未出现|未累及|未引起|未伴|无明显|无明确|无确切|无显著|"
    r"没有|不伴有|不伴|不存在|不见|不考虑|不支持|不符合|否认|并非|并无|均无|尚无|亦无|暂无|可排除|已排除|已除外|可除外|无"
)
_DENIED_AFTER = (
    r"阴性|[(（]\s*[-－—]\s*[)）]|未见|不明显|未显示|未发现|未探及|未检出|已排除|可排除|已除外|可除外|消失|吸收|消散|"
    r"已取出|已切除|缺如|阙如|已愈合|已闭合"
)
_ADVICE = r"建议|必要时|请结合|请随访|请复查|请行|随访|随诊|复查|进一步|有条件|宜行|可行"
_PAST = r"既往|曾患|曾有|曾行|病史|史[:：]|临床诊断|临床考虑|临床怀疑|临床提示|主诉|申请目的|检查目的"
_PAST_AFTER = re.compile(
    r"(?:\w{0,6}?(?:切除|置换|修补|固定|取出|治疗|放疗|化疗|介入|消融))?(?:术后|治疗后|放疗后|化疗后|病史|史(?!氏))"
)
_CHANGED = r"增大|增多|增加|缩小|减少|减小|变化|改变|进展|新发"  # what 未见 denies here is a change, not the thing
_AFFIRMED = r"(?<!未)(?<!不)可见|另见|并见|仍见|仅见|可探及|探及|显示|伴有|伴|(?<!未)(?<!不)(?<!罕)(?<!少)见|但|而|仅|惟|唯"
_NOT_A_DENIAL = r"无回声|无名[动静]脉|无名线|无功能|无痛性|无症状性"
_CUES = re.compile(
    f"(?P<skip>{_NOT_A_DENIAL})|(?P<unsure>{_NOT_SURE})|(?P<denied>{_DENIED_BEFORE})|(?P<advice>{_ADVICE})"
    f"|(?P<past>{_PAST})|(?P<affirmed>{_AFFIRMED})"
)
_MOST_OTHER_CHARACTERS = 4  # beside the names, in a part of a list
_LONGEST_STATEMENT = 300  # characters; nobody writes so much without a comma
_MINUS = ("(-)", "（-）", "(－)", "（－）", "(—)", "（—）")
# After a name: "骨折征象未见", "较前吸收"; but not "结节，未见明显变化", which is another statement or denies a change.
_DENIED_LATER = re.compile(rf"(?:{_DENIED_AFTER})(?!.{{0,4}}(?:{_CHANGED}))(?!.*?(?:异常|强化|分叶|毛刺))")
_EXCEPT = re.compile(r"除[^，,。]{1,30}外")  # "除…外": what stands inside is there


class Says(StrEnum):
    """What a sentence says of the thing that a word names."""

    THERE = "there"
    NOT_THERE = "not-there"
    UNSURE = "unsure"
    ADVICE = "advice"  # what should be looked at or looked for
    PAST = "past"


@dataclass(frozen=True, slots=True)
class Term:
    """A word of reports and what it means."""

    term: str
    kind: str
    meaning: str
    source: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A word at a place of the text (characters from 0), and what the sentence says of it."""

    term: str
    begin: int
    end: int
    says: Says


@dataclass(frozen=True, slots=True)
class Explained:
    """A word that says something is there, and where it stands in the text."""

    term: str
    meaning: str
    kind: str
    source: str
    places: tuple[tuple[int, int], ...]


def explained(text: str, own: Mapping[str, str]) -> list[Explained]:
    """The words of the text that say something is there, in their order. `own`: a hospital's meanings, "" = not explained."""
    terms = _terms_with(own)
    places: dict[str, list[tuple[int, int]]] = {}
    for mention in mentions(text, own):
        if mention.says is Says.THERE and terms[mention.term].meaning:
            places.setdefault(mention.term, []).append((mention.begin, mention.end))
    found = [(terms[name], tuple(where)) for name, where in list(places.items())[:MOST_EXPLAINED]]
    return [Explained(term.term, term.meaning, term.kind, term.source, where) for term, where in found]


def mentions(text: str, own: Mapping[str, str] | None = None) -> list[Mention]:
    """Every known word in the text, the longest where several begin, with what its sentence says of it."""
    words = _words(tuple(sorted(_terms_with(own or {}))))
    found = [_read(text, sentence, words) for sentence in _SENTENCE.finditer(text)]
    return [mention for mentions in found for mention in mentions]


async def of_hospital(hospital: str) -> dict[str, str]:
    """A hospital's own meanings by their words."""
    return {row.term: row.meaning for row in await HospitalTerm.filter(hospital_id=hospital)}


async def put(hospital: str, term: str, meaning: str, now: datetime) -> Said:
    """Explain a word as the hospital does; raises Conflict when it has too many of its own."""
    async with writing(hospital):
        row = await HospitalTerm.get_or_none(hospital_id=hospital, term=term)
        if row is not None:
            await HospitalTerm.filter(id=row.id).update(meaning=meaning, changed_at=now)
            return Said(Outcome.SAME if row.meaning == meaning else Outcome.CHANGED, str(row.id))
        if await HospitalTerm.filter(hospital_id=hospital).count() >= MOST_OWN:
            raise Conflict(f"a hospital explains at most {MOST_OWN} words of its own")
        row = await HospitalTerm.create(id=row_id(), hospital_id=hospital, term=term, meaning=meaning, changed_at=now)
        return Said(Outcome.NEW, str(row.id))


async def remove(hospital: str, term: str) -> Said:
    """Explain it as we do again; raises NotFound when the hospital has none of its own for it."""
    async with writing(hospital):
        row = await HospitalTerm.get_or_none(hospital_id=hospital, term=term)
        if row is None:
            raise NotFound("no such word of the hospital's own")
        await HospitalTerm.filter(id=row.id).delete()
        return Said(Outcome.CHANGED, str(row.id))


def all_with(own: Mapping[str, str]) -> list[Term]:
    """Every word as a hospital's patients read it, in order."""
    return [term for _, term in sorted(_terms_with(own).items())]


@lru_cache(maxsize=1)
def terms() -> Mapping[str, Term]:
    """Ours, by their words."""
    lines = (line for line in _DATA.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    read = [Term(*line.split("\t")) for line in lines]
    return {each.term: each for each in read}


def _terms_with(own: Mapping[str, str]) -> dict[str, Term]:
    theirs = {word: Term(word, OWN, meaning, OWN_SOURCE) for word, meaning in own.items()}
    return {**terms(), **theirs}


@lru_cache(maxsize=32)
def _words(known: tuple[str, ...]) -> re.Pattern[str]:
    """Finds the longest word that begins at a place. A Latin one is not part of a longer one."""
    longest_first = sorted(known, key=len, reverse=True)
    return re.compile("|".join(_whole(word) for word in longest_first))


def _whole(word: str) -> str:
    before = "(?<![A-Za-z])" if word[0].isascii() else ""
    after = "(?![A-Za-z])" if word[-1].isascii() else ""
    return f"{before}{re.escape(word)}{after}"


def _read(text: str, sentence: re.Match[str], words: re.Pattern[str]) -> list[Mention]:
    """The mentions of one sentence. Advice and history hold to its end; a denial may go on over the commas of a list."""
    rest: Says | None = None
    denied_before = False
    found: list[Mention] = []
    for place in _STATEMENT.finditer(text, sentence.start(), sentence.end()):
        statement = _Statement.of(text, place.start(), place.end(), words)
        goes_on = denied_before and statement.only_names()
        found += statement.read(rest, goes_on=goes_on)
        rest = rest or statement.holds_on()
        denied_before = goes_on or statement.ends_denied()
    return found


@dataclass(frozen=True, slots=True)
class _Statement:
    """What stands between two commas: the words that are known, and the cues that say what is said of them."""

    text: str
    begin: int
    end: int
    names: tuple[tuple[int, int], ...]
    cues: tuple[tuple[str, int, int], ...]  # kind, begin, end

    @staticmethod
    def of(text: str, begin: int, end: int, words: re.Pattern[str]) -> _Statement:
        names = tuple(match.span() for match in words.finditer(text, begin, end))
        cues = tuple(_cues(text, begin, end, names))
        return _Statement(text, begin, end, names, cues)

    def read(self, rest: Says | None, *, goes_on: bool) -> Iterator[Mention]:
        """What it says of each name. `rest`: what an earlier statement of the sentence says of all after it."""
        for begin, end in self.names:
            says = rest or (Says.NOT_THERE if goes_on else self._says(begin, end))
            yield Mention(self.text[begin:end], begin, end, says)

    def only_names(self) -> bool:
        """True for a part of a list: names and hardly anything else."""
        if self.cues or not self.names:
            return False
        left = self.end - self.begin - sum(end - begin for begin, end in self.names)
        return left <= _MOST_OTHER_CHARACTERS

    def ends_denied(self) -> bool:
        """True when a denial holds to its end, and so perhaps over the comma."""
        strong = [kind for kind, _, _ in self.cues if kind in ("denied", "affirmed", "unsure")]
        return bool(strong) and strong[-1] == "denied" and any(begin >= self._last("denied") for begin, _ in self.names)

    def holds_on(self) -> Says | None:
        """What it says of everything after it in its sentence."""
        kinds = [kind for kind, _, _ in self.cues]
        return Says.ADVICE if "advice" in kinds else Says.PAST if "past" in kinds else None

    def _last(self, wanted: str) -> int:
        return max((end for kind, _, end in self.cues if kind == wanted), default=self.end)

    def _says(self, begin: int, end: int) -> Says:
        if self.end - self.begin > _LONGEST_STATEMENT:
            return Says.UNSURE
        inside = _EXCEPT.search(self.text, self.begin, self.end)
        if inside is not None and inside.start() < begin and end < inside.end():
            return Says.THERE
        for kind, says in (("advice", Says.ADVICE), ("past", Says.PAST)):
            if any(cue == kind and stop <= begin for cue, _, stop in self.cues):
                return says
        if _PAST_AFTER.match(self.text, end, self.end):
            return Says.PAST
        if any(cue == "unsure" for cue, _, _ in self.cues):
            return Says.UNSURE
        if _DENIED_LATER.search(self.text, end, self._next_affirmed(end)) or self.text.startswith(_MINUS, end):
            return Says.NOT_THERE
        return Says.NOT_THERE if self._denied(begin) else Says.THERE

    def _denied(self, begin: int) -> bool:
        """True when the last cue before it denies."""
        before = [kind for kind, _, stop in self.cues if stop <= begin and kind in ("denied", "affirmed")]
        return bool(before) and before[-1] == "denied"

    def _next_affirmed(self, after: int) -> int:
        return min((start for kind, start, _ in self.cues if kind == "affirmed" and start >= after), default=self.end)


def _cues(text: str, begin: int, end: int, names: tuple[tuple[int, int], ...]) -> Iterator[tuple[str, int, int]]:
    """Cues that are no part of a name: 无回声 denies nothing."""
    for match in _CUES.finditer(text, begin, end):
        inside = any(start <= match.start() < stop for start, stop in names)
        if match.lastgroup != "skip" and not inside:
            yield str(match.lastgroup), match.start(), match.end()

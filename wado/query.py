"""What a QIDO-RS search asks for: filters, wanted fields, paging (PS3.18 sections 8.3.4 and 10.6)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from core.errors import Malformed
from core.names import fold_group
from core.uids import is_uid
from wado.attributes import Attribute, attribute
from wado.conditions import (
    Between,
    Condition,
    Either,
    Empty,
    Name,
    Number,
    OneOf,
    Pattern,
    Universal,
    words_of,
)

VALUE_MAX_CHARACTERS = 4096  # room for a list of sixty UIDs
FILTERS_MAX = 64
UIDS_MAX = 1000


class Level(IntEnum):
    """What is searched; each level knows the attributes of those above it."""

    STUDY = 1
    SERIES = 2
    INSTANCE = 3


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on one attribute; `path` are tags (8 upper case hex digits), all but the last of sequences."""

    path: tuple[str, ...]
    vr: str
    condition: Condition


@dataclass(frozen=True, slots=True)
class Query:
    """A search, understood. `include` are tags wanted besides the usual ones, `include_all` wants all that we have."""

    level: Level
    filters: tuple[Filter, ...] = ()
    include: tuple[str, ...] = ()
    include_all: bool = False
    fuzzy: bool = False
    limit: int | None = None
    offset: int = 0
    ignored: bool = False  # there were parameters that mean nothing here


# PS3.18 tables 10.6.1-5 and 10.6.3-4 f.: what is known only below a study, or only below a series.
_LEVEL_OF: Mapping[str, Level] = {
    **dict.fromkeys(
        (
            *(
                "00080021",
                "00080031",
                "00080060",
                "00080070",
                "0008103E",
                "00081090",
                "00180015",
                "00181030",
                "0020000E",
            ),
            *(
                "00200011",
                "00200060",
                "00201209",
                "00400244",
                "00400245",
                "00400254",
                "00400275",
            ),
        ),
        Level.SERIES,
    ),
    **dict.fromkeys(
        (
            *(
                "00080008",
                "00080016",
                "00080018",
                "00080023",
                "00080033",
                "00200013",
                "00280008",
                "00280010",
            ),
            *("00280011", "00280100"),
        ),
        Level.INSTANCE,
    ),
}
_SETTINGS = {
    "fuzzymatching",
    "emptyvaluematching",
    "multiplevaluematching",
    "limit",
    "offset",
}
_ELSEWHERE = {"accept", "charset", "includefield"}
# Keywords begin so, and tags. Other names are somebody's own parameter and ignored (PS3.18 section 8.3); of these an unknown
# one is refused all the same: a misspelt filter must not find everybody.
_LIKE_AN_ATTRIBUTE = re.compile(r"[A-Z0-9].*", re.ASCII | re.DOTALL)
_NUMBERS = {"IS", "DS", "US", "SS", "UL", "SL", "UV", "SV", "FL", "FD"}
_WILDCARDS = {
    "AE",
    "CS",
    "LO",
    "LT",
    "PN",
    "SH",
    "ST",
    "UC",
    "UN",
    "UR",
    "UT",
}  # PS3.4 section C.2.2.2.4
_UNMATCHABLE = {"OB", "OW", "OF", "OD", "OL", "OV", "AT", "SQ"}
_ONE_TEXT = {
    "LT",
    "ST",
    "UT",
    "UR",
}  # a backslash in these is a character, not a separator
_RANGES: Mapping[str, re.Pattern[str]] = {
    "DA": re.compile(r"(?P<low>\d{8})?(?P<dash>-)?(?P<high>\d{8})?", re.ASCII),
    "TM": re.compile(
        r"(?P<low>\d{2}(?:\d{2}){0,2}(?:\.\d{1,6})?)?(?P<dash>-)?(?P<high>\d{2}(?:\d{2}){0,2}(?:\.\d{1,6})?)?",
        re.ASCII,
    ),
    "DT": re.compile(
        r"(?P<low>\d{4}(?:\d{2}){0,5}(?:\.\d{1,6})?)?(?P<dash>-)?(?P<high>\d{4}(?:\d{2}){0,5}(?:\.\d{1,6})?)?",
        re.ASCII,
    ),
}
_LAST_INSTANT: Mapping[str, str] = {
    "DA": "",
    "TM": "235959.999999",
    "DT": "99991231235959.999999",
}


def parse_query(level: Level, parameters: Iterable[tuple[str, str]]) -> Query:
    """The search that these query parameters (decoded, in order) ask for; raises Malformed, never quoting a value."""
    pairs = [(name, value.replace("%2C", ",").replace("%2c", ",")) for name, value in parameters]
    settings = _settings(pairs)
    fuzzy = _flag(settings, "fuzzymatching")
    include, include_all = _include(value for name, value in pairs if name == "includefield")
    others = [(name, value) for name, value in pairs if name not in _SETTINGS | _ELSEWHERE]
    matched = [(name, value) for name, value in others if _is_filter(name)]
    asked = _asked(level, matched)
    empties = _flag(settings, "emptyvaluematching")
    _flag(settings, "multiplevaluematching")  # lists always match any of their values here
    filters = tuple(
        Filter(
            path,
            found.vr,
            Empty() if empties and value == '""' else _condition(found, value, fuzzy),
        )
        for path, (found, value) in asked.items()
    )
    limit = _count(settings, "limit")
    return Query(
        level,
        filters,
        include,
        include_all,
        fuzzy,
        limit,
        _count(settings, "offset") or 0,
        ignored=len(matched) < len(others),
    )


def _is_filter(name: str) -> bool:
    return _LIKE_AN_ATTRIBUTE.fullmatch(name) is not None or attribute(name.partition(".")[0]) is not None


def _settings(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    settings: dict[str, str] = {}
    for name, value in pairs:
        if name in settings:
            raise Malformed(f"{name} is given twice")
        if name in _SETTINGS:
            settings[name] = value
    return settings


def _flag(settings: Mapping[str, str], name: str) -> bool:
    value = settings.get(name, "false").lower()
    if value not in ("true", "false"):
        raise Malformed(f"{name} is neither true nor false")
    return value == "true"


def _count(settings: Mapping[str, str], name: str) -> int | None:
    value = settings.get(name)
    if value is None:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", value, re.ASCII):
        raise Malformed(f"{name} is not a whole number from 0 up")
    return int(value)


def _include(values: Iterable[str]) -> tuple[tuple[str, ...], bool]:
    names = [name.strip() for value in values for name in value.split(",") if name.strip()]
    tags = dict.fromkeys(_path(name)[0].tag for name in names if name.lower() != "all")
    return tuple(tags), any(name.lower() == "all" for name in names)


def _asked(level: Level, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, ...], tuple[Attribute, str]]:
    asked: dict[tuple[str, ...], tuple[Attribute, str]] = {}
    for name, value in pairs:
        attributes = _path(name)
        found = attributes[-1]
        _check(level, attributes, value)
        path = tuple(each.tag for each in attributes)
        if path in asked and found.vr != "UI":
            raise Malformed(f"{name} is given twice")
        # A list of UIDs may also come as the same parameter again and again.
        asked[path] = (found, f"{asked[path][1]},{value}" if path in asked else value)
    if len(asked) > FILTERS_MAX:
        raise Malformed("too many attributes to match")
    return asked


def _path(name: str) -> tuple[Attribute, ...]:
    attributes: list[Attribute] = []
    for step in name.split("."):
        found = attribute(step)
        if found is None:
            raise Malformed(f"{_shown(name)} is neither an attribute of the standard nor a search parameter")
        attributes.append(found)
    if any(each.vr not in ("SQ", "UN") for each in attributes[:-1]):
        raise Malformed(f"{_shown(name)} goes through an attribute that is not a sequence")
    return tuple(attributes)


def _shown(name: str) -> str:
    """A name that is no attribute may be anything, so only harmless ones are repeated."""
    return name if re.fullmatch(r"[A-Za-z0-9._-]{1,64}", name, re.ASCII) else "a parameter"


def _check(level: Level, attributes: tuple[Attribute, ...], value: str) -> None:
    name = attributes[-1].keyword or attributes[-1].tag
    needed = _LEVEL_OF.get(attributes[0].tag, Level.STUDY)
    if needed > level:
        raise Malformed(f"{name} belongs to the {needed.name.lower()} level, not to the {level.name.lower()} level")
    if attributes[-1].vr in _UNMATCHABLE and value:
        raise Malformed(f"{name} cannot be matched with a value")
    if len(value) > VALUE_MAX_CHARACTERS and attributes[-1].vr != "UI":
        raise Malformed(f"the value for {name} is too long")


def _condition(found: Attribute, value: str, fuzzy: bool) -> Condition:
    name = found.keyword or found.tag
    if value.strip("* ") == "":
        return Universal()
    if found.vr == "UI":
        return _uids(name, value)
    if found.vr == "PN":
        return _name(name, value, fuzzy)
    if found.vr in _RANGES:
        return _range(name, found.vr, value.strip())
    values = _listed(found.vr, value)
    if found.vr in _NUMBERS:
        return _any_of(tuple(_number(name, each) for each in values))
    return _text(found.vr, values)


def _uids(name: str, value: str) -> OneOf:
    uids = tuple(dict.fromkeys(each.strip() for each in re.split(r"[,\\]", value) if each.strip()))
    if len(uids) > UIDS_MAX:
        raise Malformed(f"more than {UIDS_MAX} values for {name}")
    if not uids or not all(is_uid(uid) for uid in uids):
        raise Malformed(f"{name} is not a UID or a list of UIDs")
    return OneOf(uids)


def _name(name: str, value: str, fuzzy: bool) -> Condition:
    groups = tuple(folded for folded in map(fold_group, value.split("=")) if folded.strip("*"))
    if not groups:
        return Universal()
    if not fuzzy:
        return Name(groups)
    words = tuple(word for group in groups for word in words_of(group))
    if not words:
        raise Malformed(f"{name} has no word to look for")
    return Name(groups, words)


def _range(name: str, vr: str, value: str) -> Between:
    # A time zone takes no part in matching unless it was negotiated (PS3.4 section C.2.2.2.5.4).
    match = _RANGES[vr].fullmatch(re.sub(r"(?<=\d)\+\d{4}", "", value))
    if match is None or not (match["low"] or match["high"]) or (match["low"] and match["high"] and not match["dash"]):
        raise Malformed(f"{name} is not a value or range of {vr}")
    high = match["high"] if match["dash"] else match["low"]
    between = Between(match["low"] or "", _filled(vr, high) if high else "")
    if between.high and between.low > between.high:
        raise Malformed(f"the range of {name} ends before it begins")
    return between


def _filled(vr: str, high: str) -> str:
    """`high` with all that it leaves open at its last value: 1045 is 104559.999999."""
    if "." in high:
        return high.ljust(_LAST_INSTANT[vr].index(".") + 7, "9") if len(high) < len(_LAST_INSTANT[vr]) else high
    return high + _LAST_INSTANT[vr][len(high) :]


def _listed(vr: str, value: str) -> list[str]:
    if vr in _ONE_TEXT:
        return [value.strip()]
    # No code string contains a comma, and viewers send CT,MR as often as CT\MR.
    separators = r"[,\\]" if vr == "CS" else r"\\"
    return [each.strip() for each in re.split(separators, value) if each.strip()] or [value.strip()]


def _number(name: str, value: str) -> Number:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Malformed(f"{name} is not a number")
    return Number(number)


def _text(vr: str, values: list[str]) -> Condition:
    patterns = [value for value in values if vr in _WILDCARDS and ("*" in value or "?" in value)]
    literals = tuple(value for value in values if value not in patterns)
    return _any_of((*((OneOf(literals),) if literals else ()), *map(Pattern, patterns)))


def _any_of(conditions: tuple[OneOf | Number | Pattern, ...]) -> Condition:
    return conditions[0] if len(conditions) == 1 else Either(conditions)

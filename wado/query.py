"""What a QIDO-RS search asks for: filters, wanted fields, paging (PS3.18 sections 8.3.4 and 10.6)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from core.errors import Malformed
from wado.attributes import Attribute, attribute
from wado.conditions import Condition, Empty
from wado.matchvalues import condition

VALUE_MAX_CHARACTERS = 4096  # room for a list of sixty UIDs
FILTERS_MAX = 64


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
_OF_SERIES = """
00080021 00080031 00080060 00080070 0008103E 00081090 00180015 00181030 0020000E
00200011 00200060 00201209 00400244 00400245 00400254 00400275
"""
_OF_INSTANCE = "00080008 00080016 00080018 00080023 00080033 00200013 00280008 00280010 00280011 00280100"
_LEVEL_OF: Mapping[str, Level] = {
    **dict.fromkeys(_OF_SERIES.split(), Level.SERIES),
    **dict.fromkeys(_OF_INSTANCE.split(), Level.INSTANCE),
}
_SETTINGS = frozenset(("fuzzymatching", "emptyvaluematching", "multiplevaluematching", "limit", "offset"))
_ELSEWHERE = frozenset(("accept", "charset", "includefield"))
# Keywords begin so, and tags. Other names are somebody's own parameter and ignored (PS3.18 section 8.3); of these an unknown
# one is refused all the same: a misspelt filter must not find everybody.
_LIKE_AN_ATTRIBUTE = re.compile(r"[A-Z0-9].*", re.ASCII | re.DOTALL)
_UNMATCHABLE = frozenset(("OB", "OW", "OF", "OD", "OL", "OV", "AT", "SQ"))


def parse_query(level: Level, parameters: Iterable[tuple[str, str]]) -> Query:
    """The search that these query parameters (decoded, in order) ask for; raises Malformed, never quoting a value."""
    pairs = [(name, value.replace("%2C", ",").replace("%2c", ",")) for name, value in parameters]
    settings = _settings(pairs)
    fuzzy, empties = _flag(settings, "fuzzymatching"), _flag(settings, "emptyvaluematching")
    _flag(settings, "multiplevaluematching")  # lists always match any of their values here
    include, include_all = _include(value for name, value in pairs if name == "includefield")
    others = [(name, value) for name, value in pairs if name not in _SETTINGS | _ELSEWHERE]
    matched = [(name, value) for name, value in others if _is_filter(name)]
    asked = _asked(level, matched)
    filters = tuple(_filter(path, *each, fuzzy=fuzzy, empties=empties) for path, each in asked.items())
    limit, offset = _count(settings, "limit"), _count(settings, "offset") or 0
    return Query(level, filters, include, include_all, fuzzy, limit, offset, ignored=len(matched) < len(others))


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


def _filter(path: tuple[str, ...], found: Attribute, value: str, *, fuzzy: bool, empties: bool) -> Filter:
    wanted = Empty() if empties and value == '""' else condition(found, value, fuzzy=fuzzy)
    return Filter(path, found.vr, wanted)


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

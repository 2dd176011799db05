"""What the value of a search means, by value representation: UIDs, words, ranges, wildcards, numbers (PS3.4 C.2.2.2)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from core.errors import Malformed
from core.names import fold_group
from core.uids import is_uid
from wado.attributes import Attribute
from wado.conditions import Between, Condition, Either, Name, Number, OneOf, Pattern, Universal, words_of

UIDS_MAX = 1000
_NUMBERS = frozenset(("IS", "DS", "US", "SS", "UL", "SL", "UV", "SV", "FL", "FD"))
_WILDCARDS = frozenset(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UN", "UR", "UT"))  # PS3.4 section C.2.2.2.4
_ONE_TEXT = frozenset(("LT", "ST", "UT", "UR"))  # a backslash in these is a character, not a separator
_HOURS = r"\d{2}(?:\d{2}){0,2}(?:\.\d{1,6})?"
_YEARS = r"\d{4}(?:\d{2}){0,5}(?:\.\d{1,6})?"
_RANGES: Mapping[str, re.Pattern[str]] = {
    vr: re.compile(rf"(?P<low>{value})?(?P<dash>-)?(?P<high>{value})?", re.ASCII)
    for vr, value in (("DA", r"\d{8}"), ("TM", _HOURS), ("DT", _YEARS))
}
_LAST_INSTANT: Mapping[str, str] = {"DA": "", "TM": "235959.999999", "DT": "99991231235959.999999"}


def condition(found: Attribute, value: str, *, fuzzy: bool) -> Condition:
    """What an attribute must be to match this value; `fuzzy`: words of a name in any order. Raises Malformed."""
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

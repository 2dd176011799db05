"""A DICOM JSON object (PS3.18 annex F) under a mask: of every attribute only what `profile.py` lets through."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydicom._uid_dict import UID_dictionary
from pydicom.datadict import dictionary_VR

from core.masking import masked_name
from wado.masking import concepts
from wado.masking.profile import CODES_OF, RULES, Rule
from wado.masking.words import known_words

Json = dict[str, Any]

BULKDATA: Final = "bulkdata/"  # with it begins the address of a large value, below its instance
VERSION: Final = 1  # part of every cache key and ETag: raise it with every change of what a mask lets through

_UTF_8: Final = {"vr": "CS", "Value": ["ISO_IR 192"]}
_PATIENT_IDENTITY_REMOVED: Final = {"00120062": {"vr": "CS", "Value": ["YES"]}}
_DATE: Final = re.compile(r"\d{8}")
_TIME: Final = re.compile(r"\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?")
_AGE: Final = re.compile(r"\d{3}[DWMY]")
_DIRECTION: Final = re.compile(r"[APLRHF]{1,3}")
_OLDEST_YEARS: Final = 90  # above, an age is nearly a name
_NUMERIC: Final = frozenset(("DS", "IS", "FL", "FD", "SS", "US", "SL", "UL", "SV", "UV"))


@dataclass(frozen=True, slots=True)
class Mask:
    """Who the person is called under this mask, and how UIDs are replaced (`uids.py`); `name` masks a person name."""

    patient_id: str
    mapped_uid: Callable[[str], str]
    name: Callable[[str], str] = field(default=masked_name)


def masked(document: Mapping[str, Json], mask: Mask) -> Json:
    """A new object without anything that tells whose it is; attributes that lose their value are left out.

    A value whose VR is not the one of PS3.6 does not pass, nor do private attributes, overlays and curves.
    """
    return {**_masked(document, mask), "00080005": _UTF_8, **_PATIENT_IDENTITY_REMOVED}


def _masked(document: Mapping[str, Json], mask: Mask) -> Json:
    kept: Json = {}
    for tag, attribute in document.items():
        value = _attribute(tag, attribute, mask)
        if value is not None:
            kept[tag] = value
    return kept


def _attribute(tag: str, attribute: Json, mask: Mask) -> Json | None:
    number = int(tag, 16)
    rule = RULES.get(number)
    if rule is None or attribute["vr"] not in _vrs(number):
        return None
    if rule in (Rule.TABLE, Rule.PIXELS):
        return _binary(attribute, inline=rule is Rule.TABLE)
    if rule is Rule.CONCEPT:
        return concepts.masked(attribute)
    if rule is Rule.ITEMS:
        items = [_masked(item, mask) for item in attribute.get("Value", ())]
        return {"vr": "SQ", "Value": items} if items else None
    values = [_value(number, rule, each, mask) for each in attribute.get("Value", ())]
    return {"vr": attribute["vr"], "Value": values} if any(value is not None for value in values) else None


def _binary(attribute: Json, *, inline: bool) -> Json | None:
    """A value that is all numbers, by its address below the instance, or as it stands."""
    _, address, path = attribute.get("BulkDataURI", "").partition(BULKDATA)
    if address:
        return {"vr": attribute["vr"], "BulkDataURI": address + path}
    return attribute if inline and attribute["vr"] in ("OW", "US", "SS") else None


def _vrs(tag: int) -> tuple[str, ...]:
    return tuple(dictionary_VR(tag).split(" or "))


def _value(tag: int, rule: Rule, value: Any, mask: Mask) -> Any:
    """What of one value stays; None leaves its place empty."""
    if rule is Rule.NUMBERS:
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if rule is Rule.NAME:
        return _name(value, mask)
    if not isinstance(value, str):
        return None
    if rule is Rule.CODES:
        return value if value in CODES_OF[tag] else None
    return _TEXTS[rule](value, mask)


def _name(value: Any, mask: Mask) -> Json | None:
    if not isinstance(value, dict):
        return None
    return {group: mask.name(text) for group, text in value.items() if group in ("Alphabetic", "Ideographic", "Phonetic")}


def _age(value: str) -> str | None:
    if not _AGE.fullmatch(value):
        return None
    return f"{_OLDEST_YEARS:03d}Y" if value.endswith("Y") and int(value[:3]) > _OLDEST_YEARS else value


def _matching(pattern: re.Pattern[str]) -> Callable[[str, Mask], str | None]:
    return lambda value, mask: value if pattern.fullmatch(value) else None


_TEXTS: Final[Mapping[Rule, Callable[[str, Mask], str | None]]] = {
    Rule.DATE: _matching(_DATE),
    Rule.TIME: _matching(_TIME),
    Rule.ORIENTATION: _matching(_DIRECTION),
    Rule.AGE: lambda value, mask: _age(value),
    Rule.WORDS: lambda value, mask: known_words(value) or None,
    Rule.KNOWN_UID: lambda value, mask: value if value in UID_dictionary else None,
    Rule.MAPPED_UID: lambda value, mask: mask.mapped_uid(value),
    Rule.IDENTIFIER: lambda value, mask: mask.patient_id,
    Rule.BIRTH_DATE: lambda value, mask: f"{value[:4]}0101" if _DATE.fullmatch(value) else None,
}

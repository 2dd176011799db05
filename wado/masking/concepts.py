"""Coded concepts (PS3.3 section 8.8) under a mask: those of the standard's dictionaries, with the meaning that stands there."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, cast

Json = dict[str, Any]
_CODE_VALUE: Final = "00080100"
_CODING_SCHEME_DESIGNATOR: Final = "00080102"
_CODE_MEANING: Final = "00080104"


def masked(attribute: Json) -> Json | None:
    """The code sequence with the items that the dictionaries know, and nothing else in them; None when none is left."""
    items = [known for item in attribute.get("Value", ()) if (known := _known(item))]
    return {"vr": "SQ", "Value": items} if items else None


def _known(item: Json) -> Json | None:
    scheme, value = _text(item, _CODING_SCHEME_DESIGNATOR), _text(item, _CODE_VALUE)
    meaning = _meanings(scheme).get(value)
    if meaning is None:
        return None
    return {
        _CODE_VALUE: {"vr": "SH", "Value": [value]},
        _CODING_SCHEME_DESIGNATOR: {"vr": "SH", "Value": [scheme]},
        _CODE_MEANING: {"vr": "LO", "Value": [meaning]},
    }


def _text(item: Json, tag: str) -> str:
    values = item.get(tag, {}).get("Value") or [""]
    return values[0] if isinstance(values[0], str) else ""


@lru_cache(maxsize=64)
def _meanings(scheme: str) -> Mapping[str, str]:
    """Code value → meaning, of one coding scheme; none of one that the dictionaries have not."""
    from pydicom.sr._concepts_dict import concepts  # a sixth of a second that few processes need

    codes = cast(Mapping[str, Mapping[str, tuple[str, Any]]], concepts.get(scheme, {}))
    return {value: meaning for each in codes.values() for value, (meaning, _) in each.items()}

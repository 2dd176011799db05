"""Values out of DICOM JSON (PS3.18 annex F); what is absent, or is not what its VR says, counts as not told."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

Json = Mapping[str, Any]


def values(document: Json, tag: str) -> list[Any]:
    """All values of an attribute; empty for what is absent or no list."""
    found = document.get(tag, {}).get("Value", [])
    return found if isinstance(found, list) else []


def items(document: Json, tag: str) -> list[Json]:
    """The items of a sequence."""
    return [item for item in values(document, tag) if isinstance(item, Mapping)]


def code(document: Json, tag: str) -> str:
    """The code value of a coded concept."""
    return next((text(item, "00080100") for item in items(document, tag)), "")


def text(document: Json, tag: str) -> str:
    """The first value as text; empty when there is none."""
    found = next((value for value in values(document, tag) if value is not None), "")
    return str(found).strip() if isinstance(found, str | int | float) else ""


def numbers(document: Json, tag: str) -> list[float]:
    """All values, when each is a finite number."""
    found = values(document, tag)
    good = [float(value) for value in found if isinstance(value, int | float) and isfinite(value)]
    return good if len(good) == len(found) else []


def number(document: Json, tag: str) -> float | None:
    """The first value as a number."""
    return next(iter(numbers(document, tag)), None)


def whole(document: Json, tag: str) -> int | None:
    """The first value as a whole number."""
    found = number(document, tag)
    return int(found) if found is not None else None

"""The bytes of a value as DICOM JSON has them, by value representation (PS3.18 section F.2, PS3.5 section 6.2)."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from archive.charset import text

Reader = Callable[[bytes, bool, Sequence[str]], list[Any]]

DEFAULT_REPERTOIRE = ("iso8859",)
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")  # of a person name, PS3.18 section F.2.2


def plain(vr: str, value: Any) -> Any:
    """What pydicom made of one value."""
    if vr == "PN":
        return _name(str(value))
    if vr == "AT":
        return f"{value:08X}"
    if isinstance(value, float):
        return _finite(float(value))
    if isinstance(value, int):
        return _integer(str(int(value)))
    return str(value) if value is not None else None


def _codes(value: bytes, little_endian: bool, encodings: Sequence[str]) -> list[Any]:
    found = text(value, DEFAULT_REPERTOIRE).rstrip(" \0")
    return found.split("\\") if found else []


def _titles(value: bytes, little_endian: bool, encodings: Sequence[str]) -> list[Any]:
    found = [each.strip() for each in text(value, DEFAULT_REPERTOIRE).split("\\")]
    return found if found != [""] else []


def _location(value: bytes, little_endian: bool, encodings: Sequence[str]) -> list[Any]:
    found = text(value, DEFAULT_REPERTOIRE).rstrip()
    return [found] if found else []


def _texts(value: bytes, little_endian: bool, encodings: Sequence[str]) -> list[Any]:
    found = [each.rstrip("\0 ") for each in text(value, encodings).split("\\")]
    return found if found != [""] else []


def _long_text(value: bytes, little_endian: bool, encodings: Sequence[str]) -> list[Any]:
    found = text(value, encodings).rstrip("\0 ")
    return [found] if found else []


def _names(value: bytes, little_endian: bool, encodings: Sequence[str]) -> list[Any]:
    found = text(value.rstrip(b"\0 "), encodings)
    return [_name(each) for each in found.split("\\")] if found else []


def _name(value: str) -> dict[str, str] | None:
    """Component groups as PS3.18 section F.2.2 names them; None for an empty one among several."""
    groups = value.rstrip("=").split("=")
    return dict(zip(_GROUPS, groups, strict=False)) if groups != [""] else None


def _decimals(value: bytes, little_endian: bool, encodings: Sequence[str]) -> list[Any]:
    return [_decimal(each) for each in _codes(value.strip(), little_endian, encodings)]


def _decimal(value: str) -> float | str | None:
    """A number; the text itself where JSON has no such number, as PS3.18 table F.2.3-1 allows for DS."""
    try:
        number = float(value)
    except ValueError:
        return value.strip() or None
    return number if math.isfinite(number) else value.strip()


def _integers(value: bytes, little_endian: bool, encodings: Sequence[str]) -> list[Any]:
    return [_integer(each) for each in _codes(value, little_endian, encodings)]


def _integer(value: str) -> int | float | str | None:
    """A number that fits into 64 bits, or what was sent in its place: "1.5", "1A"."""
    try:
        number = int(value)
    except ValueError:
        decimal = _decimal(value)
        return int(decimal) if isinstance(decimal, float) and decimal.is_integer() and abs(decimal) < 1 << 53 else decimal
    return number if -(1 << 63) <= number < 1 << 64 else value.strip()


def _numbers(code: str, size: int, value: bytes, little_endian: bool, encodings: Sequence[str]) -> list[Any]:
    return list(struct.unpack(f"{'<' if little_endian else '>'}{len(value) // size}{code}", value))


def _floats(code: str, size: int, value: bytes, little_endian: bool, encodings: Sequence[str]) -> list[Any]:
    return [_finite(each) for each in _numbers(code, size, value, little_endian, encodings)]


def _finite(value: float) -> float | str:
    """JSON has neither NaN nor infinity."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "inf" if value > 0 else "-inf"


def _tags(value: bytes, little_endian: bool, encodings: Sequence[str]) -> list[Any]:
    halves = _numbers("H", 2, value[: len(value) // 4 * 4], little_endian, encodings)
    if not halves:
        raise ValueError("an attribute tag has four bytes")
    return [f"{group:04X}{element:04X}" for group, element in zip(halves[::2], halves[1::2], strict=True)]


# The values of one element (bytes, little endian, encodings); raises what Python raises on values that do not fit.
READERS: Mapping[str, Reader] = (
    dict.fromkeys(("AS", "CS", "DA", "DT", "TM", "UI"), _codes)
    | dict.fromkeys(("LO", "SH", "UC"), _texts)
    | dict.fromkeys(("LT", "ST", "UT"), _long_text)
    | {"AE": _titles, "UR": _location, "PN": _names, "DS": _decimals, "IS": _integers, "AT": _tags}
    | {"FL": partial(_floats, "f", 4), "FD": partial(_floats, "d", 8)}
    | {"US": partial(_numbers, "H", 2), "SS": partial(_numbers, "h", 2)}
    | {"UL": partial(_numbers, "I", 4), "SL": partial(_numbers, "i", 4)}
    | {"UV": partial(_numbers, "Q", 8), "SV": partial(_numbers, "q", 8)}
)

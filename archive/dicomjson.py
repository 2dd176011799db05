"""A DICOM data set as DICOM JSON (PS3.18 annex F): what /metadata answers, and what the index is made of."""

from __future__ import annotations

import math
import struct
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

import orjson
from pydicom.datadict import dictionary_VR, private_dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.valuerep import PersonName

from archive.charset import text
from core.errors import NotFound

Json = dict[str, Any]
Reader = Callable[[bytes, bool, Sequence[str]], list[Any]]

INLINE_MAX_BYTES = 1024  # longer binary values are resources of their own
PIXEL_TAGS = frozenset((0x7FE00008, 0x7FE00009, 0x7FE00010))  # always so at top level, whatever their length
_SPECIFIC_CHARACTER_SET = 0x00080005
_UTF_8 = {"vr": "CS", "Value": ["ISO_IR 192"]}  # JSON is UTF-8, whatever the file was (PS3.18 section F.2)
_FIRST_DATA_SET_TAG = 0x00080000  # below lie file meta information and commands
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")  # of a person name, PS3.18 section F.2.2
_BINARY = frozenset(("OB", "OW", "OD", "OF", "OL", "OV", "UN"))
_DEFAULT_REPERTOIRE = ("iso8859",)
_UN_WITH_SHORT_LENGTH = 0xFFFF  # longer ones were UN because their own VR has a 16-bit length (PS3.5 section 6.2.2)
# What pydicom's converters raise on values that do not fit their VR.
_MISFITS = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    NotImplementedError,
    OSError,
    struct.error,
)


def to_json(ds: Dataset, path: str = "bulkdata/") -> Json:
    """The DICOM JSON object of a data set as it was read from a file; element by element what pydicom's `to_json_dict` gives.

    Other than there: the text is mended (`archive.charset`), the character set is UTF-8's, long binary values and pixels
    are BulkDataURIs below `path` (TAG, or TAG/item from 0/TAG), and a value that does not fit its VR never raises: numbers
    stay text, everything else becomes UN.
    """
    encodings = _encodings(ds)
    document: Json = {}
    for element in ds.elements():
        tag = int(element.tag)  # pydicom's own tags compare ten times slower
        if tag == _SPECIFIC_CHARACTER_SET:
            document["00080005"] = _UTF_8
        elif tag >= _FIRST_DATA_SET_TAG:
            document[f"{tag:08X}"] = _attribute(ds, element, encodings, path)
    return document


def values(ds: Dataset, tag: int) -> list[Any]:
    """The values of one element as in JSON; none when it is absent, empty or binary. Never raises."""
    element = ds.get_item(tag)
    if element is None:
        return []
    found: list[Any] = _attribute(ds, element, _encodings(ds), "").get("Value", [])
    return found


def items(ds: Dataset, tag: int) -> Sequence[Dataset]:
    """The items of a sequence; none when it is absent or not readable as one. Never raises."""
    if tag not in ds:
        return ()
    try:
        element = ds[tag]
    except _MISFITS:
        return ()
    return list(element.value) if element.VR == "SQ" and element.value else ()


def _encodings(ds: Dataset) -> Sequence[str]:
    declared = ds.original_character_set or _DEFAULT_REPERTOIRE
    return (declared,) if isinstance(declared, str) else declared


def _attribute(ds: Dataset, element: DataElement | RawDataElement, encodings: Sequence[str], path: str) -> Json:
    if isinstance(element, DataElement):
        return _converted(element, path)
    vr = element.VR
    if vr is None or vr == "UN":
        vr = _looked_up_vr(ds, element)
    if vr == "SQ" or " " in vr:
        return _by_pydicom(ds, element, path)
    if not element.value:
        return {"vr": vr}
    reader = _READERS.get(vr)
    if reader is None:
        return _binary(vr, element.value, element.tag, path)
    try:
        found = reader(element.value, element.is_little_endian, encodings)
    except _MISFITS:
        return _binary("UN", element.value, element.tag, path)
    return {"vr": vr, "Value": found} if found else {"vr": vr}


def _looked_up_vr(ds: Dataset, element: RawDataElement) -> str:
    """The VR that implicit encoding leaves out, or that somebody replaced by UN."""
    tag = int(element.tag)
    if tag >> 16 & 1:
        return "LO" if 0x10 <= tag & 0xFFFF < 0x100 else _private_vr(tag, _private_creator(ds, tag))
    if element.VR == "UN" and element.value is not None and len(element.value) >= _UN_WITH_SHORT_LENGTH:
        return "UN"
    return _standard_vr(tag)


@lru_cache(maxsize=8192)
def _standard_vr(tag: int) -> str:
    try:
        return dictionary_VR(tag)
    except KeyError:
        return "UN" if tag & 0xFFFF else "UL"  # group length


def _private_creator(ds: Dataset, tag: int) -> str:
    creator = tag & 0xFFFF0000 | (tag & 0xFF00) >> 8
    found = values(ds, creator) if tag & 0xFF00 and creator in ds else []
    return str(found[0]) if found else ""


@lru_cache(maxsize=8192)
def _private_vr(tag: int, creator: str) -> str:
    try:
        return private_dictionary_VR(tag, creator)
    except KeyError:
        return "UN"


def _by_pydicom(ds: Dataset, element: RawDataElement, path: str) -> Json:
    """Sequences, and values whose VR depends on other elements."""
    try:
        return _converted(ds[element.tag], path)
    except _MISFITS:
        return _binary("UN", element.value or b"", element.tag, path)


def _converted(element: DataElement, path: str) -> Json:
    """An element that pydicom has made Python values of."""
    vr, value = str(element.VR), element.value
    if vr == "SQ":
        below = f"{path}{element.tag:08X}/"
        return {"vr": vr, "Value": [to_json(item, f"{below}{number}/") for number, item in enumerate(value)]}
    if isinstance(value, bytes):
        return _binary(vr[-2:], value, element.tag, path)  # "OB or OW" that nothing decided: OW
    found = [_plain(vr, each) for each in _several(value)]
    return {"vr": vr, "Value": found} if found else {"vr": vr}


def _several(value: Any) -> list[Any]:
    if value is None or (isinstance(value, str | PersonName) and not value):
        return []
    return [value] if isinstance(value, str | PersonName | int | float) else list(value)


def _plain(vr: str, value: Any) -> Any:
    if vr == "PN":
        return _name(str(value))
    if vr == "AT":
        return f"{value:08X}"
    if isinstance(value, float):
        return _finite(float(value))
    if isinstance(value, int):
        return _integer(str(int(value)))
    return str(value) if value is not None else None


def _binary(vr: str, value: bytes, tag: int, path: str) -> Json:
    vr = vr if vr in _BINARY else "UN"
    if not value:
        return {"vr": vr}
    if len(value) > INLINE_MAX_BYTES or (tag in PIXEL_TAGS and path.count("/") == 1):
        return {"vr": vr, "BulkDataURI": f"{path}{tag:08X}"}
    return {"vr": vr, "InlineBinary": b2a_base64(value, newline=False).decode("ascii")}


def inline_value(document: bytes, path: str) -> tuple[str, bytes]:
    """VR and bytes of a small binary value: `path` is TAG, or TAG/item/TAG with items counted from 0. Raises NotFound."""
    found: Any = orjson.loads(document)
    try:
        *above, tag = path.split("/")
        for sequence, number in zip(above[::2], above[1::2], strict=True):
            found = found[sequence]["Value"][int(number)]
        return found[tag]["vr"], a2b_base64(found[tag]["InlineBinary"])
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise NotFound("no such bulk data") from error


def _codes(value: bytes, little_endian: bool, encodings: Sequence[str]) -> list[Any]:
    found = text(value, _DEFAULT_REPERTOIRE).rstrip(" \0")
    return found.split("\\") if found else []


def _titles(value: bytes, little_endian: bool, encodings: Sequence[str]) -> list[Any]:
    found = [each.strip() for each in text(value, _DEFAULT_REPERTOIRE).split("\\")]
    return found if found != [""] else []


def _location(value: bytes, little_endian: bool, encodings: Sequence[str]) -> list[Any]:
    found = text(value, _DEFAULT_REPERTOIRE).rstrip()
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


_READERS: dict[str, Reader] = (
    dict.fromkeys(("AS", "CS", "DA", "DT", "TM", "UI"), _codes)
    | dict.fromkeys(("LO", "SH", "UC"), _texts)
    | dict.fromkeys(("LT", "ST", "UT"), _long_text)
    | {"AE": _titles, "UR": _location, "PN": _names, "DS": _decimals, "IS": _integers, "AT": _tags}
    | {"FL": partial(_floats, "f", 4), "FD": partial(_floats, "d", 8)}
    | {"US": partial(_numbers, "H", 2), "SS": partial(_numbers, "h", 2)}
    | {"UL": partial(_numbers, "I", 4), "SL": partial(_numbers, "i", 4)}
    | {"UV": partial(_numbers, "Q", 8), "SV": partial(_numbers, "q", 8)}
)

"""A DICOM data set as DICOM JSON (PS3.18 annex F): what /metadata answers, and what the index is made of."""

from __future__ import annotations

import struct
from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson
from pydicom.datadict import dictionary_VR, private_dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.valuerep import PersonName

from archive.jsonvalues import DEFAULT_REPERTOIRE, READERS, plain
from core.errors import NotFound

Json = dict[str, Any]

INLINE_MAX_BYTES = 1024  # longer binary values are resources of their own
PIXEL_TAGS = frozenset((0x7FE00008, 0x7FE00009, 0x7FE00010))  # always so at top level, whatever their length
_SPECIFIC_CHARACTER_SET = 0x00080005
_UTF_8 = {"vr": "CS", "Value": ["ISO_IR 192"]}  # JSON is UTF-8, whatever the file was (PS3.18 section F.2)
_FIRST_DATA_SET_TAG = 0x00080000  # below lie file meta information and commands
_BINARY = frozenset(("OB", "OW", "OD", "OF", "OL", "OV", "UN"))
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
    declared = ds.original_character_set or DEFAULT_REPERTOIRE
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
    reader = READERS.get(vr)
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
    found = [plain(vr, each) for each in _several(value)]
    return {"vr": vr, "Value": found} if found else {"vr": vr}


def _several(value: Any) -> list[Any]:
    if value is None or (isinstance(value, str | PersonName) and not value):
        return []
    return [value] if isinstance(value, str | PersonName | int | float) else list(value)


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

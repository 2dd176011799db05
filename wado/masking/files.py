"""A whole DICOM file under a mask: a new head, the same pixels, nothing between or behind them (PS3.10 section 7)."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID

from archive.describe import describe
from archive.dicomjson import to_json
from archive.elements import Element
from archive.explicit import header
from archive.structure import Structure, walk
from core.errors import NotAcceptable
from films.image import ImageDescription
from wado.masking.attributes import Mask, masked
from wado.masking.burnedin import Pixels, black_of, blackened

IMPLEMENTATION_CLASS_UID = "2.25.153811417024966133213254158127912405613"  # ours, as in every file that we make
_PIXEL_DATA = 0x7FE00010
_BULK = "bulkdata/"


def masked_file(file: bytes, mask: Mask, pixels: Pixels) -> bytes:
    """The file with masked attributes, in the same transfer syntax (Explicit VR Little Endian or encapsulated).

    `file` must have passed the proof at its arrival. Raises NotAcceptable for pixels to be blackened that are not native.
    """
    structure = walk(memoryview(file))
    element = structure.pixels
    if element is None or element.tag != _PIXEL_DATA:
        raise NotAcceptable("it holds no picture that can be given out under a mask")
    sent = pydicom.dcmread(BytesIO(file), stop_before_pixels=True)
    whole = to_json(sent, _BULK)
    head = Dataset.from_json(masked(whole, mask), bulk_data_uri_handler=lambda tag, vr, uri: _table(sent, uri))
    return _head_bytes(head, structure.syntax.uid) + _pixel_bytes(structure, element, pixels, describe(sent, _PIXEL_DATA))


def _table(sent: Dataset, uri: str) -> bytes:
    """The bytes of a lookup table, by the path that `to_json` gave it: TAG, or TAG/item/TAG."""
    *above, tag = uri.rpartition(_BULK)[2].split("/")
    holder = sent
    for sequence, item in zip(above[::2], above[1::2], strict=True):
        holder = holder[int(sequence, 16)].value[int(item)]
    value: bytes = holder[int(tag, 16)].value
    return value


def _head_bytes(head: Dataset, transfer_syntax_uid: str) -> bytes:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = head.SOPClassUID
    meta.MediaStorageSOPInstanceUID = head.SOPInstanceUID
    meta.TransferSyntaxUID = UID(transfer_syntax_uid)
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    head.file_meta = meta
    written = BytesIO()
    dcmwrite(written, head, enforce_file_format=True, implicit_vr=False, little_endian=True)
    return written.getvalue()


def _pixel_bytes(structure: Structure, element: Element, pixels: Pixels, description: ImageDescription | None) -> bytes:
    if pixels.untouched:
        return bytes(structure.data[element.start : element.end])
    if structure.syntax.encapsulated or description is None or description.bits_allocated not in (8, 16, 32):
        raise NotAcceptable("its pixels cannot be blackened")
    stored = structure.data[element.value : element.end]
    cleaned = blackened_native(stored, description, pixels, description.frames)
    padding = b"\0" * (len(cleaned) % 2)
    return header(_PIXEL_DATA, element.vr, len(cleaned) + len(padding)) + cleaned + padding


def blackened_native(stored: bytes | memoryview, description: ImageDescription, pixels: Pixels, frames: int = 1) -> bytes:
    """Native frames, by pixel or by plane as the description says, without what may not be seen."""
    if pixels.untouched:
        return bytes(stored)
    samples = (description.samples_per_pixel,) if description.samples_per_pixel > 1 else ()
    by_plane = bool(samples) and description.planar_configuration == 1
    size = (description.rows, description.columns)
    frame = (*samples, *size) if by_plane else (*size, *samples)
    sample = np.dtype(f"<u{description.bits_allocated // 8}")
    found = np.frombuffer(stored, sample, count=frames * int(np.prod(frame))).reshape(frames, *frame)
    black = black_of(description, stored=True)
    cleaned = (blackened(np.moveaxis(each, 0, -1) if by_plane else each, pixels, black) for each in found)
    return b"".join((np.moveaxis(each, -1, 0) if by_plane else each).tobytes() for each in cleaned)

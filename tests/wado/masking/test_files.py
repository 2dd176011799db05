"""A masked file is a good DICOM file with the same pixels and without a byte that tells whose it is."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileDataset
from pydicom.pixels.utils import pixel_array

from archive import original
from archive.models import Form
from archive.prepare import prepare
from core.errors import NotAcceptable
from tests.archive.samples import package
from wado.masking.attributes import Mask
from wado.masking.burnedin import Pixels, Rectangle
from wado.masking.files import masked_file
from wado.masking.uids import mapped

MARKER = b"MARKERXQ"
MASK = Mask("M-1", partial(mapped, b"k" * 32))


def _marked(name: str) -> bytes:
    """The file with the marker in every text that it has, in private elements, preamble, file meta and behind its pixels."""
    data_set = pydicom.dcmread(io.BytesIO(package(name)))
    for element in data_set:
        if element.VR in ("LO", "LT", "PN", "SH", "ST", "UT", "AE") and element.tag.group >= 0x0008:
            element.value = MARKER.decode()
    data_set.PatientName, data_set.PatientID = f"X^{MARKER.decode()}=王^{MARKER.decode()}", MARKER.decode()
    data_set.SpecificCharacterSet = "ISO_IR 192"
    data_set.private_block(0x0099, MARKER.decode(), create=True).add_new(1, "UN", MARKER)
    data_set.add_new(0x60003000, "OB", MARKER)
    data_set.add_new(0xFFFCFFFC, "OB", MARKER)
    data_set.preamble = MARKER * 16
    data_set.file_meta.SourceApplicationEntityTitle = MARKER.decode()
    written = io.BytesIO()
    data_set.save_as(written)
    return written.getvalue()


def _read(file: bytes) -> FileDataset:
    return pydicom.dcmread(io.BytesIO(file))


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small.dcm", "examples_palette.dcm", "examples_rgb_color.dcm"])
def test_no_byte_of_the_file_tells_whose_it_is_and_the_pixels_are_the_same(name: str) -> None:
    sent = _marked(name)
    found = masked_file(original.explicit_le(sent), MASK, Pixels())
    assert MARKER in sent
    assert MARKER not in found
    assert np.array_equal(pixel_array(_read(found)), pixel_array(_read(sent)))
    assert _read(found).file_meta.MediaStorageSOPInstanceUID == mapped(b"k" * 32, str(_read(sent).SOPInstanceUID))
    for keyword in ("Rows", "Columns", "PixelSpacing", "WindowCenter", "RescaleSlope", "RedPaletteColorLookupTableData"):
        assert _read(found).get(keyword) == _read(sent).get(keyword), keyword


def test_what_we_compressed_keeps_its_codestreams(tmp_path: Path) -> None:
    sent, stored = tmp_path / "sent.dcm", tmp_path / "stored.dcm"
    sent.write_bytes(_marked("CT_small.dcm"))
    prepared = prepare(str(sent), str(stored))
    kept = stored.read_bytes()[: prepared.part10_size]
    found = masked_file(kept, MASK, Pixels())
    assert prepared.form == Form.HTJ2K
    assert MARKER not in found
    assert _read(found).PixelData == _read(kept).PixelData
    assert _read(found).file_meta.TransferSyntaxUID == _read(kept).file_meta.TransferSyntaxUID
    with pytest.raises(NotAcceptable):
        masked_file(kept, MASK, Pixels(hidden=(Rectangle(0, 0, 9, 9),)))


def test_blackened_pixels_are_black_in_the_file_and_the_picture_is_untouched() -> None:
    sent = _marked("examples_rgb_color.dcm")
    shown = Rectangle(40, 30, 200, 150)
    found = pixel_array(_read(masked_file(original.explicit_le(sent), MASK, Pixels(shown=(shown,)))))
    before = pixel_array(_read(sent))
    assert np.array_equal(found[30:150, 40:200], before[30:150, 40:200])
    assert before[:30].any()
    assert not found[:30].any()
    assert not found[150:].any()


def test_what_holds_no_picture_is_not_given_out() -> None:
    sent = pydicom.dcmread(io.BytesIO(package("CT_small.dcm")))
    del sent.PixelData
    written = io.BytesIO()
    sent.save_as(written)
    with pytest.raises(NotAcceptable):
        masked_file(written.getvalue(), MASK, Pixels())

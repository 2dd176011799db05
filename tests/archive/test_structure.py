"""The structure walk: a file is whole to its last byte, or it is refused with a reason."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.elements import ELEMENT_CAP, NESTING_CAP
from archive.explicit import element, header
from archive.structure import INFLATED_CAP_BYTES, Structure, walk
from core.errors import Unreadable
from tests.archive import samples

DEFLATED = "1.2.840.10008.1.2.1.99"
UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = (struct.pack("<HHI", 0xFFFE, number, 0) for number in (0xE000, 0xE00D, 0xE0DD))
OPEN_ITEM = struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED)

REFUSED = {
    "ExplVR_BigEndNoMeta.dcm": "no DICM prefix",
    "ExplVR_LitEndNoMeta.dcm": "no DICM prefix",
    "no_meta.dcm": "no DICM prefix",
    "rtstruct.dcm": "no DICM prefix",
    "MR_truncated.dcm": r"\(7FE0,0010\) at byte 1488: 8192 bytes claimed, 8130 left",
    "rtplan_truncated.dcm": r"\(300A,00B0\) at byte 1410: 976 bytes claimed, 711 left",
    "SC_rgb_jpeg.dcm": "no value representation",  # says Explicit VR, is Implicit
    "meta_missing_tsyntax.dcm": "Transfer Syntax UID is missing",
    "empty_charset_LEI.dcm": r"\(0020,000D\) is missing",
    "JPEGLSNearLossless_08.dcm": r"\(0020,000D\) is missing",
    "JPEGLSNearLossless_16.dcm": r"\(0020,000D\) is missing",
    "SC_rgb_jls_lossy_line.dcm": r"\(0020,000D\) is missing",
    "SC_rgb_jls_lossy_sample.dcm": r"\(0020,000D\) is missing",
    "UN_sequence.dcm": r"\(0020,000D\) is missing",
    "nested_priv_SQ.dcm": r"\(0020,000D\) is missing",
    "no_meta_group_length.dcm": r"\(0020,000D\) is missing",
    "priv_SQ.dcm": r"\(0020,000D\) is missing",
    "badVR.dcm": r"\(0002,0003\) of the file meta information contradicts",
    "rtdose.dcm": r"\(0002,0003\) of the file meta information contradicts",
    "rtdose_1frame.dcm": r"\(0002,0003\) of the file meta information contradicts",
    "rtdose_expb.dcm": r"\(0002,0003\) of the file meta information contradicts",
    "rtdose_expb_1frame.dcm": r"\(0002,0003\) of the file meta information contradicts",
    "rtplan.dcm": r"\(0002,0003\) of the file meta information contradicts",
}


def walked(data: bytes) -> Structure:
    return walk(memoryview(data))


def with_elements(extra: bytes) -> bytes:
    """A small whole file with these Explicit VR Little Endian elements at its end."""
    return samples.instance() + extra


@pytest.mark.parametrize("path", [*samples.package_files(), *samples.sample_files()], ids=lambda path: path.name)
def test_each_file_is_walked_to_its_end_or_refused_with_its_reason(path: Path) -> None:
    reason = REFUSED.get(path.name.removeprefix("pyd__"))
    if reason is None:
        structure = walked(path.read_bytes())
        last = max(structure.elements.values(), key=lambda found: found.end)
        assert last.end == len(structure.data)
        return
    with pytest.raises(Unreadable, match=reason):
        walked(path.read_bytes())


@pytest.mark.parametrize("path", samples.package_files(), ids=lambda path: path.name)
def test_the_walk_finds_the_elements_that_pydicom_finds(path: Path) -> None:
    if path.name in REFUSED:
        return
    data = path.read_bytes()
    assert set(walked(data).elements) == {int(found.tag) for found in samples.read(data).elements()}


CUT = ["CT_small.dcm", "MR_small_implicit.dcm", "MR_small_expb.dcm", "MR_small_RLE.dcm", "JPEG2000.dcm", "test-SR.dcm"]


@pytest.mark.parametrize("name", CUT)
def test_a_file_cut_anywhere_but_between_two_elements_is_refused(name: str) -> None:
    data = samples.package(name)
    between = {found.end for found in walked(data).elements.values()}
    step = max(1, len(data) // 1500)
    for size in {*range(0, len(data), step), *range(len(data) - 200, len(data))} - between:
        with pytest.raises(Unreadable):
            walked(data[:size])


def test_a_cut_between_two_elements_leaves_a_file_without_pixels() -> None:
    data = samples.package("CT_small.dcm")
    pixels = walked(data).elements[0x7FE00010]
    assert walked(data[: pixels.start]).pixels is None


def test_bytes_after_the_last_element_are_refused() -> None:
    with pytest.raises(Unreadable, match="ends inside an element header"):
        walked(samples.instance() + b"\0\0\0\0")


def test_a_deflated_data_set_is_inflated() -> None:
    structure = walked(samples.package("image_dfl.dcm"))
    assert structure.syntax.deflated
    assert structure.number(0x00280010, 0) == 512


def test_a_deflate_bomb_is_refused_before_it_fills_memory() -> None:
    plain = samples.instance(transfer_syntax_uid=DEFLATED)
    start = walked(plain).data_set
    squeeze = zlib.compressobj(9, wbits=-15)
    megabyte = squeeze.compress(bytes(1 << 20)) + squeeze.flush(zlib.Z_FULL_FLUSH)  # such blocks stand alone
    bomb = megabyte * ((INFLATED_CAP_BYTES >> 20) + 1)
    with pytest.raises(Unreadable, match="larger than"):
        walked(plain[:start] + bomb)


@pytest.mark.parametrize("damage", [b"", b"\xff\xff\xff", b"more"])
def test_a_damaged_or_cut_deflated_data_set_is_refused(damage: bytes) -> None:
    plain = samples.instance(transfer_syntax_uid=DEFLATED)
    start = walked(plain).data_set
    broken = {b"": plain[:-20], b"\xff\xff\xff": plain[:start] + b"\xff\xff\xff" + plain[start + 3 :], b"more": plain + b"more"}
    with pytest.raises(Unreadable, match="deflated data set"):
        walked(broken[damage])


def nested(depth: int) -> bytes:
    return (header(0x00991001, "SQ", UNDEFINED) + OPEN_ITEM) * depth + (ITEM_END + SEQUENCE_END) * depth


def test_sequences_may_nest_up_to_the_cap() -> None:
    assert 0x00991001 in walked(with_elements(nested(NESTING_CAP))).elements


def test_a_nesting_bomb_is_refused() -> None:
    for depth in (NESTING_CAP + 1, 20_000):
        with pytest.raises(Unreadable, match="nested deeper"):
            walked(with_elements(nested(depth)))


def test_too_many_items_are_refused() -> None:
    with pytest.raises(Unreadable, match="elements and items"):
        walked(with_elements(element(0x00991001, "SQ", ITEM * (ELEMENT_CAP + 1))))


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        (header(0x00991001, "SQ", UNDEFINED) + ITEM, "no delimiter"),
        (header(0x00991001, "SQ", UNDEFINED) + OPEN_ITEM, "an item has no delimiter"),
        (header(0x00991001, "SQ", 8) + ITEM_END, "no item where one must stand"),
        (element(0x00991001, "SQ", struct.pack("<HHI", 0xFFFE, 0xE000, 9)), "an item claims 9 bytes"),
        (header(0x00991001, "UN", UNDEFINED) + ITEM, "no delimiter"),
        (header(0x00991001, "UT", UNDEFINED), "a value of UT without a length"),
        (header(0x00991001, "OB", UNDEFINED) + ITEM, "no sequence delimiter"),
        (header(0x00991001, "OB", UNDEFINED) + ITEM + b"\2\0\0\0", "ends inside"),
        (SEQUENCE_END, "a delimiter where an element must stand"),
        (element(0x00100010, "PN", b"Another"), "the element stands twice"),
        (header(0x00991001, "OB", 0x7FFFFFFF), "2147483647 bytes claimed, 0 left"),
        (b"\x99\0\1\x10\0\0\0\0", "no value representation"),
    ],
)
def test_a_contradiction_is_refused_with_its_reason(extra: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        walked(with_elements(extra))


@pytest.mark.parametrize("keyword", ["SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"])
def test_a_missing_or_impossible_uid_is_refused(keyword: str) -> None:
    tag = {"SOPClassUID": 0x00080016, "SOPInstanceUID": 0x00080018}.get(keyword)
    data = samples.instance()
    found = walked(data)
    place = found.elements[tag or {"StudyInstanceUID": 0x0020000D, "SeriesInstanceUID": 0x0020000E}[keyword]]
    with pytest.raises(Unreadable, match="missing or is not a UID"):
        walked(data[: place.start] + data[place.end :])
    with pytest.raises(Unreadable, match="missing or is not a UID"):
        walked(data[: place.value] + b"x" + data[place.value + 1 :])


def test_file_meta_information_that_names_another_instance_is_refused() -> None:
    data = samples.instance()
    place = walked(data).elements[0x00080018]
    with pytest.raises(Unreadable, match="contradicts the data set"):
        walked(data[: place.value] + b"1.2.3.9\0" + data[place.end :])


def test_large_binary_values_are_noted_with_their_path() -> None:
    inner = element(0x00420011, "OB", bytes(2000))
    sequence = element(0x00991001, "SQ", ITEM + struct.pack("<HHI", 0xFFFE, 0xE000, len(inner)) + inner)
    data = with_elements(element(0x00420011, "OB", b"\7" * 1500) + sequence)
    top, below = walked(data).bulkdata
    assert (top.path, top.vr, data[top.offset : top.offset + top.length]) == ("00420011", "OB", b"\7" * 1500)
    assert (below.path, data[below.offset : below.offset + below.length]) == ("00991001/1/00420011", bytes(2000))


_WHOLE = samples.instance(np.arange(64, dtype=np.uint16).reshape(8, 8), PatientID="7", StudyDate="20260101")


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(_WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_any_damage_is_refused_in_our_own_words_or_walked(changes: list[tuple[int, int]]) -> None:
    data = bytearray(_WHOLE)
    for place, value in changes:
        data[place] = value
    try:
        walked(bytes(data))
    except Unreadable as error:
        assert str(error)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"]))
def test_any_bytes_after_the_file_meta_information_are_refused_in_our_own_words(noise: bytes, syntax: str) -> None:
    whole = samples.instance(transfer_syntax_uid="1.2.840.10008.1.2.1")
    start = walked(whole).data_set
    meta = whole[:start].replace(b"1.2.840.10008.1.2.1\0", syntax.encode().ljust(20, b"\0"))
    with pytest.raises(Unreadable):
        walked(meta + noise)

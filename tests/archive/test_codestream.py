"""Codestream headers are read and compared before any decoder sees the bytes."""

from __future__ import annotations

import struct

import imagecodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.codestream import Header, header, require_agreement
from core.errors import Unreadable

JPEG, JPEG_LOSSLESS, JPEG_LS, JPEG_2000, HTJ2K = (f"1.2.840.10008.1.2.4.{number}" for number in (50, 70, 80, 90, 202))
GREY = np.arange(96 * 130, dtype=np.uint16).reshape(96, 130)
COLOUR = np.arange(96 * 130 * 3, dtype=np.uint32).astype(np.uint8).reshape(96, 130, 3)

STREAMS = {
    JPEG: bytes(imagecodecs.jpeg8_encode(COLOUR, level=90)),
    JPEG_LOSSLESS: bytes(imagecodecs.jpeg8_encode(GREY, lossless=True, bitspersample=16)),
    JPEG_LS: bytes(imagecodecs.jpegls_encode(GREY)),
    JPEG_2000: bytes(imagecodecs.jpeg2k_encode(GREY, codecformat="J2K", reversible=True, level=0, resolutions=4)),
    HTJ2K: bytes(imagecodecs.htj2k_encode(GREY.view(np.int16), reversible=True, resolutions=5)),
}


def test_every_kind_of_codestream_states_its_size_and_samples() -> None:
    assert header(STREAMS[JPEG], JPEG) == Header(96, 130, 3, 8, colour="YBR")
    assert header(STREAMS[JPEG_LOSSLESS], JPEG_LOSSLESS) == Header(96, 130, 1, 16)
    assert header(STREAMS[JPEG_LS], JPEG_LS) == Header(96, 130, 1, 16)
    assert header(STREAMS[JPEG_2000], JPEG_2000) == Header(96, 130, 1, 16, signed=False, levels=3)
    assert header(STREAMS[HTJ2K], HTJ2K) == Header(96, 130, 1, 16, signed=True, levels=5)


def test_a_codestream_inside_a_jp2_file_is_found() -> None:
    jp2 = bytes(imagecodecs.jpeg2k_encode(GREY, codecformat="JP2", reversible=True, level=0))
    assert header(jp2, JPEG_2000).rows == 96


def test_adobe_marker_tells_ybr_and_component_names_tell_rgb() -> None:
    sof = struct.pack(">BBHBHHB", 0xFF, 0xC0, 17, 8, 4, 4, 3)
    adobe = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"
    plain, named = (sof + b"".join(bytes((name, 0x11, 0)) for name in names) for names in (b"\x01\x02\x03", b"RGB"))
    assert header(b"\xff\xd8" + plain, JPEG).colour == ""
    assert header(b"\xff\xd8" + adobe + b"\x00" + plain, JPEG).colour == ""
    assert header(b"\xff\xd8" + adobe + b"\x01" + plain, JPEG).colour == "YBR"
    assert header(b"\xff\xd8" + adobe + b"\x01" + named, JPEG).colour == "RGB"


@pytest.mark.parametrize(
    "wrong", [(JPEG, JPEG_LS), (JPEG_LS, JPEG), (JPEG_2000, JPEG), (JPEG, HTJ2K), (JPEG_LS, JPEG_LOSSLESS)]
)
def test_a_codestream_of_another_kind_than_its_transfer_syntax_is_refused(wrong: tuple[str, str]) -> None:
    sent, declared = wrong
    with pytest.raises(Unreadable):
        header(STREAMS[sent], declared)


@pytest.mark.parametrize("syntax", STREAMS)
def test_a_codestream_cut_anywhere_in_its_header_is_refused(syntax: str) -> None:
    whole = header(STREAMS[syntax], syntax)
    for length in range(60):
        try:
            assert header(STREAMS[syntax][:length], syntax) == whole
        except Unreadable:
            continue


def test_contradictions_name_what_was_found_and_asked() -> None:
    found = Header(65535, 65535, 1, 16)
    with pytest.raises(Unreadable, match="65535 x 65535, Rows x Columns are 64 x 64"):
        require_agreement(found, 64, 64, 1, 16)
    with pytest.raises(Unreadable, match="3 components, SamplesPerPixel is 1"):
        require_agreement(Header(64, 64, 3, 8), 64, 64, 1, 8)
    with pytest.raises(Unreadable, match="16 bits a sample, BitsAllocated is 8"):
        require_agreement(Header(64, 64, 1, 16), 64, 64, 1, 8)
    require_agreement(Header(64, 64, 1, 12), 64, 64, 1, 16)


def _with_siz(*changes: tuple[int, str, int]) -> bytes:
    stream = bytearray(STREAMS[JPEG_2000])
    for offset, form, value in changes:
        struct.pack_into(form, stream, offset, value)
    return bytes(stream)


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (_with_siz((8, ">I", 65536), (24, ">I", 1)), "more tiles"),  # Xsiz, XTsiz
        (_with_siz((24, ">I", 0)), "empty picture"),
        (_with_siz((16, ">I", 1 << 31)), "empty picture"),  # XOsiz beyond Xsiz
        (_with_siz((40, ">H", 16384)), "component count"),  # Csiz
        (_with_siz((43, ">B", 2)), "depth or size"),  # XRsiz: subsampled
    ],
)
def test_siz_segments_that_would_exhaust_a_decoder_are_refused(stream: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        header(stream, JPEG_2000)


def test_endless_marker_segments_end() -> None:
    with pytest.raises(Unreadable, match="too many segments"):
        header(b"\xff\xd8" + b"\xff\xfe\x00\x02" * 100_000, JPEG)


@given(st.sampled_from(sorted(STREAMS)), st.integers(0, 120), st.binary(max_size=40))
def test_damaged_headers_are_unreadable_and_nothing_else(syntax: str, at: int, damage: bytes) -> None:
    stream = STREAMS[syntax]
    try:
        header(stream[:at] + damage + stream[at + len(damage) :], syntax)
    except Unreadable as refused:
        assert str(refused)

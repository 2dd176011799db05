"""Frames over HTTP: each form that a client may ask for, and every way to ask wrongly."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.pixels.utils import pixel_array

from tests.parts.site import Site, parts

RAW = 'multipart/related; type="application/octet-stream"'
HTJ2K = "1.2.840.10008.1.2.4.202"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"


def native_frame(site: Site, name: str, number: int) -> bytes:
    """By pydicom: native pixels as they were sent, compressed ones as RGB, in little endian."""
    data_set = site.data_set(name)
    frame = pixel_array(data_set, index=number - 1)
    if data_set.get("PlanarConfiguration") == 1:
        frame = np.moveaxis(frame, -1, 0)
    return np.ascontiguousarray(frame, frame.dtype.newbyteorder("<")).tobytes()


@pytest.mark.parametrize("name", ["ct", "rle", "big endian", "implicit", "cine", "palette", "film", "slice 1"])
def test_frames_without_a_transfer_syntax_are_native_and_bit_exact(site: Site, name: str) -> None:
    (part,) = parts(site.get(f"{site.path(name)}/frames/1", RAW))
    assert part.content_type == "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1"
    assert part.content == native_frame(site, name, 1)


def test_a_frame_of_single_bits_begins_at_a_byte(site: Site) -> None:
    data_set = site.data_set("bits")
    (part,) = parts(site.get(f"{site.path('bits')}/frames/1", RAW))
    bits = np.unpackbits(np.frombuffer(part.content, np.uint8), bitorder="little")[: data_set.pixel_array.size]
    assert np.array_equal(bits.reshape(data_set.pixel_array.shape), data_set.pixel_array)


def test_any_transfer_syntax_gives_the_archived_codestream_and_names_it(site: Site) -> None:
    (part,) = parts(site.get(f"{site.path('ct')}/frames/1", f"{RAW}; transfer-syntax=*"))
    assert part.content_type.endswith(HTJ2K)
    assert part.content.startswith(b"\xff\x4f\xff\x51")  # SOC, SIZ
    (part,) = parts(site.get(f"{site.path('cine')}/frames/1", f"{RAW}; transfer-syntax=*"))
    assert part.content_type.endswith(JPEG_BASELINE)
    assert part.content.startswith(b"\xff\xd8\xff")


def test_the_python_client_asks_for_any_type_and_gets_native_pixels(site: Site) -> None:
    (part,) = parts(site.get(f"{site.path('ct')}/frames/1", 'multipart/related; type="*/*"'))
    assert part.content == site.data_set("ct").PixelData


def test_a_codec_is_asked_for_by_its_media_type(site: Site) -> None:
    (part,) = parts(site.get(f"{site.path('ct')}/frames/1", 'multipart/related; type="image/jphc"'))
    assert part.content_type == f"image/jphc; transfer-syntax={HTJ2K}"
    assert site.get(f"{site.path('ct')}/frames/1", 'multipart/related; type="image/jls"').status_code == 406


def test_several_frames_come_in_the_order_asked(site: Site) -> None:
    expected = [native_frame(site, "cine", number) for number in (3, 1, 30)]
    for numbers in ("3,1,30", "3%2C1%2C30"):
        found = parts(site.get(f"{site.path('cine')}/frames/{numbers}", RAW))
        assert [part.content for part in found] == expected


def test_one_frame_may_be_a_single_part(site: Site) -> None:
    answer = site.get(f"{site.path('ct')}/frames/1", "application/octet-stream")
    assert answer.content == site.data_set("ct").PixelData
    assert answer.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize(
    ("name", "numbers", "status"),
    [
        ("cine", "31", 404),
        ("cine", "1,31", 404),
        ("cine", "0", 404),
        ("report", "1", 404),
        ("pdf", "1", 404),
        ("cine", "first", 400),
        ("cine", "1,,2", 400),
        ("cine", "-1", 400),
    ],
)
def test_frames_that_are_not_there(site: Site, name: str, numbers: str, status: int) -> None:
    assert site.get(f"{site.path(name)}/frames/{numbers}", RAW).status_code == status


def test_the_boundary_is_at_the_first_byte_and_not_in_the_pixels(site: Site) -> None:
    answer = site.get(f"{site.path('ct')}/frames/1", RAW)
    boundary = answer.headers["content-type"].partition("boundary=")[2].encode()
    assert answer.content.startswith(b"--" + boundary)
    assert answer.content.count(boundary) == 2


def test_somebody_elses_instance_looks_exactly_like_an_unknown_one(site: Site) -> None:
    unknown = site.path("ct")[:-1] + "9"
    with site.client("hospital", "demo2") as stranger:
        foreign = stranger.get(f"{site.root}{site.path('ct')}/frames/1", headers={"Accept": RAW})
    missing = site.get(f"{unknown}/frames/1", RAW)
    assert foreign.status_code == missing.status_code == 404
    assert foreign.content == missing.content


def test_who_may_read_no_pictures_is_refused(site: Site) -> None:
    for role, status in (("guide", 403), ("auditor", 403), ("clinician", 200)):
        with site.client(role) as client:
            assert client.get(f"{site.root}{site.path('ct')}/frames/1").status_code == status, role

"""Extents: what is written for the database is what is read again."""

from __future__ import annotations

import msgpack  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.extents import Bulk, Extents, Frame, Segment, codestream, decode, encode
from core.errors import Unreadable

NUMBERS = st.integers(0, 2**40)
SEGMENTS = st.lists(st.builds(Segment, NUMBERS, st.binary(min_size=32, max_size=32)), max_size=7).map(tuple)
FRAMES = st.lists(st.builds(Frame, NUMBERS, NUMBERS, SEGMENTS, st.booleans(), st.integers(0, 7)), max_size=5).map(tuple)
BULKDATA = st.lists(st.builds(Bulk, st.text(max_size=40), st.sampled_from(["OB", "OW", "UN"]), NUMBERS, NUMBERS)).map(tuple)


@given(st.builds(Extents, FRAMES, BULKDATA, st.booleans()))
def test_extents_come_back_from_their_packed_form(extents: Extents) -> None:
    assert decode(encode(extents)) == extents


def test_a_later_format_with_more_fields_is_read() -> None:
    packed = msgpack.packb((*msgpack.unpackb(encode(Extents())), "more"))
    assert decode(packed) == Extents()


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(Unreadable, match="version 9"):
        decode(msgpack.packb((9, [], [], False)))


def test_item_headers_are_stripped_from_fragments() -> None:
    items = b"\xfe\xff\x00\xe0\x03\x00\x00\x00abc" + b"\xfe\xff\x00\xe0\x02\x00\x00\x00de"
    assert codestream(items, Frame(0, len(items), (), fragmented=True)) == b"abcde"


def test_a_prefix_counts_whole_segments() -> None:
    frame = Frame(100, 60, (Segment(10, b""), Segment(20, b""), Segment(30, b"")))
    assert [frame.prefix(count) for count in range(4)] == [0, 10, 30, 60]

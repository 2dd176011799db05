from collections.abc import AsyncIterator, Iterable
from io import BytesIO
from itertools import pairwise

import pytest
import requests
from dicomweb_client import DICOMwebClient
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Malformed, TooLarge, UnsupportedMediaType
from wado.multipart import (
    Limits,
    Part,
    body_length,
    boundary_of,
    content_type,
    new_boundary,
    part_head,
    parts,
    tail,
    whole,
)

BOUNDARY = "0f3cf5c0-70e0-41ef-baef-c6f9f65ec3e1"
DICOM = "application/dicom"
DEFAULT = Limits()


async def stream(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def read(chunks: Iterable[bytes], boundary: str = BOUNDARY, limits: Limits = DEFAULT) -> list[tuple[Part, bytes]]:
    return [(part, b"".join([piece async for piece in part])) async for part in parts(stream(chunks), boundary, limits)]


async def contents(*chunks: bytes) -> list[bytes]:
    return [content for _, content in await read(chunks)]


def body(*datasets: bytes, boundary: str = BOUNDARY) -> bytes:
    return whole(boundary, [(DICOM, dataset) for dataset in datasets])


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    ends = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[start:end] for start, end in pairwise(ends)]


# Bytes that look like delimiters, almost.
AWKWARD = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.sampled_from(
            [
                b"\r",
                b"\n",
                b"\r\n",
                b"\r\n-",
                b"\r\n--",
                b"--",
                b"\r\n\r\n",
                b"\r\r\n--b",
                b"\r\n--b\r",
                b"--bo",
            ]
        ),
    ),
    max_size=8,
).map(b"".join)


@given(
    st.lists(AWKWARD, min_size=1, max_size=4),
    st.lists(st.integers(0, 10_000), max_size=12),
)
async def test_parts_come_out_as_they_went_in_wherever_the_chunks_are_cut(datasets: list[bytes], places: list[int]) -> None:
    message = body(*datasets, boundary="boundary-7")
    found = await read(cut(message, places), "boundary-7")
    assert [content for _, content in found] == datasets
    assert [part.number for part, _ in found] == list(range(1, len(datasets) + 1))


async def test_each_byte_may_come_alone() -> None:
    message = b"preamble" + b"\r\n" + body(b"one\r\n--0f3c", b"", b"two\r") + b"epilogue"
    assert await contents(*(bytes([byte]) for byte in message)) == [
        b"one\r\n--0f3c",
        b"",
        b"two\r",
    ]


@given(st.integers(0, 200))
async def test_a_body_that_ends_early_keeps_the_parts_that_were_complete(
    end: int,
) -> None:
    message = body(b"a" * 30, b"b" * 30)
    delivered: list[bytes] = []
    cut_short = message[: min(end, len(message) - len(b"--\r\n") - 1)]
    with pytest.raises(Malformed):
        async for part in parts(stream([cut_short]), BOUNDARY):
            delivered.append(b"".join([piece async for piece in part]))
    whole_parts = cut_short.count(f"\r\n--{BOUNDARY}".encode())
    assert delivered == [b"a" * 30, b"b" * 30][:whole_parts]


async def test_the_messages_of_both_public_clients_are_read() -> None:
    datasets = [b"DICM" * 100, b"\r\n\r\n" * 5]
    python = DICOMwebClient._encode_multipart_message(datasets, f'multipart/related; type="{DICOM}"; boundary="{BOUNDARY}"')
    assert await contents(python) == datasets
    npm = b"".join(f"\r\n--{BOUNDARY}\r\nContent-Type: {DICOM}\r\n\r\n".encode() + data for data in datasets)
    assert await contents(npm + f"\r\n--{BOUNDARY}--".encode()) == datasets


async def test_what_is_left_unread_of_a_part_is_skipped() -> None:
    chunks = cut(body(b"a" * 500, b"b" * 500, b"c"), range(0, 2000, 7))
    seen = [part.number async for part in parts(stream(chunks), BOUNDARY)]
    assert seen == [1, 2, 3]
    first: list[bytes] = []
    async for part in parts(stream(chunks), BOUNDARY):
        async for piece in part:
            first.append(piece[:1])
            break
    assert first == [b"a", b"b", b"c"]


async def test_headers_are_given_in_lower_case() -> None:
    head = f"--{BOUNDARY}\r\nCONTENT-TYPE:  application/dicom; transfer-syntax=1.2.840.10008.1.2.1 \r\nX-a:\r\n\r\n".encode()
    [(part, content)] = await read([head + b"data" + tail(BOUNDARY)])
    assert part.headers == {
        "content-type": "application/dicom; transfer-syntax=1.2.840.10008.1.2.1",
        "x-a": "",
    }
    assert (part.media_type, part.fault, content) == (DICOM, "", b"data")


async def test_a_part_may_have_no_headers() -> None:
    [(part, content)] = await read([f"--{BOUNDARY}\r\n\r\ndata".encode() + tail(BOUNDARY)])
    assert (part.headers, part.fault, part.media_type, content) == ({}, "", "", b"data")


async def test_blanks_after_a_boundary_are_padding() -> None:
    message = f"--{BOUNDARY} \t \r\n\r\ndata\r\n--{BOUNDARY}--  ".encode()
    assert await contents(*(bytes([byte]) for byte in message)) == [b"data"]


@pytest.mark.parametrize(
    "garbage",
    [
        b"garbage without any header",
        b"\x00\xff" * 40_000,
        b"not a header\r\n\r\ndata",
        b"A: 1\r\n b: folded\r\n\r\ndata",
        b"Content-Type: application/dicom\r\nContent-Type: text/plain\r\n\r\ndata",
        b"".join(b"A%d: x\r\n" % number for number in range(40)) + b"\r\ndata",
        b"A: " + b"x" * 20_000 + b"\r\n\r\ndata",
    ],
)
async def test_a_part_of_garbage_does_not_spoil_the_good_ones(garbage: bytes) -> None:
    good = part_head(BOUNDARY, DICOM, first=True) + b"good"
    message = good + f"\r\n--{BOUNDARY}\r\n".encode() + garbage + b"\r\n" + good + tail(BOUNDARY)
    for chunks in ([message], cut(message, range(0, len(message), 997))):
        found = await read(chunks)
        assert [(bool(part.fault), part.headers) for part, _ in found][1] == (True, {})
        assert [content for part, content in found if not part.fault] == [
            b"good",
            b"good",
        ]


@pytest.mark.parametrize("headers", [b"", b"Content-Type: application/dicom\r\n"])
async def test_a_part_may_be_empty(headers: bytes) -> None:
    good = part_head(BOUNDARY, DICOM, first=True) + b"good"
    message = good + f"\r\n--{BOUNDARY}\r\n".encode() + headers + b"\r\n" + good + tail(BOUNDARY)
    assert await contents(message) == [b"good", b"", b"good"]
    assert await contents(*(bytes([byte]) for byte in message)) == [
        b"good",
        b"",
        b"good",
    ]


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"no boundary at all",
        b"--wrong\r\n\r\ndata\r\n--wrong--",
        f"--{BOUNDARY}".encode(),
        f"--{BOUNDARY}-".encode(),
        f"--{BOUNDARY}x\r\n\r\ndata".encode() + tail(BOUNDARY),
        f"x--{BOUNDARY}\r\n\r\ndata\r\n".encode(),
        f"--{BOUNDARY}\r\n\r\ndata\n--{BOUNDARY}--".encode(),
        b"x" * 70_000 + b"\r\n" + body(b"data"),
        body(b"data") + b"x" * 70_000,
    ],
)
async def test_what_breaks_the_grammar_is_malformed(message: bytes) -> None:
    with pytest.raises(Malformed):
        await read(cut(message, range(0, len(message), 8192)))


async def test_a_message_may_hold_no_part() -> None:
    assert await contents(f"--{BOUNDARY}--\r\n".encode()) == []


async def test_limits_hold_for_parts_and_bytes() -> None:
    with pytest.raises(TooLarge):
        await read([body(b"x", b"x", b"x")], limits=Limits(parts=2))
    with pytest.raises(TooLarge):
        await read([body(b"x" * 11)], limits=Limits(part_bytes=10))
    assert await read([body(b"x" * 10)], limits=Limits(part_bytes=10))


@pytest.mark.parametrize(
    "value",
    [
        f'multipart/related; type="application/dicom"; boundary="{BOUNDARY}"',
        f"multipart/related; type=application/dicom; boundary={BOUNDARY}",
        f"Multipart/Related;boundary={BOUNDARY};type=Application/DICOM",
        f"multipart/related; boundary={BOUNDARY}",
        f'multipart/related; type="application/dicom"; start="<1>"; boundary={BOUNDARY}; transfer-syntax=1.2.840.10008.1.2.1',
    ],
)
def test_a_boundary_may_be_quoted_or_not(value: str) -> None:
    assert boundary_of(value) == BOUNDARY


def test_boundaries_of_other_libraries_are_read() -> None:
    assert boundary_of("multipart/related; boundary=----=_Part_1.2:3/4+5?") == "----=_Part_1.2:3/4+5?"
    assert boundary_of('multipart/related; boundary="a b"') == "a b"


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        DICOM,
        'multipart/form-data; boundary="a"',
        "multipart/related; type=text/plain; boundary=a",
    ],
)
def test_another_kind_of_body_is_unsupported(value: str | None) -> None:
    with pytest.raises(UnsupportedMediaType):
        boundary_of(value)


@pytest.mark.parametrize("boundary", ["", '""', "x" * 71, '"a "', '"a\\"b"', '"ä"'])
def test_a_boundary_that_cannot_be_one_is_malformed(boundary: str) -> None:
    with pytest.raises(Malformed):
        boundary_of(f"multipart/related; type=application/dicom; boundary={boundary}")


def test_what_we_write_is_read_by_the_python_client() -> None:
    boundary = new_boundary()
    datasets = [b"first\r\n\r\n--", bytes(1000), b"\r\n"]
    response = requests.Response()
    response.status_code = 200
    response.headers["content-type"] = content_type(boundary, DICOM)
    response.raw = BytesIO(body(*datasets, boundary=boundary))
    client = DICOMwebClient("http://127.0.0.1:1")
    assert [bytes(content) for content in client._decode_multipart_message(response, stream=True)] == datasets


def test_the_length_is_known_before_the_bytes() -> None:
    kinds = [
        (f"{DICOM}; transfer-syntax=1.2.840.10008.1.2.1", b"abc"),
        ("image/jpeg", b""),
        (DICOM, b"x" * 99),
    ]
    message = whole(BOUNDARY, kinds)
    assert body_length(BOUNDARY, [(kind, len(content)) for kind, content in kinds]) == len(message)


def test_the_first_byte_is_the_boundary_because_the_npm_client_looks_there() -> None:
    head = part_head(BOUNDARY, DICOM, first=True)
    assert head == f"--{BOUNDARY}\r\nContent-Type: {DICOM}\r\n\r\n".encode()
    assert b"Content-Location: /a\r\n\r\n" in part_head(BOUNDARY, DICOM, first=False, location="/a")


def test_no_two_responses_share_a_boundary() -> None:
    assert len({new_boundary() for _ in range(100)}) == 100

"""Storing from outside: good, odd and hostile requests get the answers of PS3.18 section 10.5, and nothing is harmed."""

from __future__ import annotations

import gzip
import struct
import time
import zlib
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from archive.explicit import header
from archive.structure import walk
from tests.archive import samples
from tests.parts.site import Site

STUDY, SERIES = "1.2.826.0.1.9.1", "1.2.826.0.1.9.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
RELATED = 'multipart/related; type="application/dicom"; boundary='
CANNOT_UNDERSTAND, DUPLICATE, OTHER_STUDY = 0xC000, 0x0111, 0xA900
_numbers = count(1)


def file(**attributes: Any) -> bytes:
    """A new instance of one study."""
    known = {"StudyInstanceUID": STUDY, "SeriesInstanceUID": SERIES, "SOPInstanceUID": f"{SERIES}.{next(_numbers)}"}
    return samples.instance(np.zeros((16, 16), np.uint8), **{**known, **attributes})


def body(*parts: bytes, head: bytes = b"Content-Type: application/dicom", boundary: bytes = b"x") -> bytes:
    pieces = [b"--" + boundary + b"\r\n" + head + b"\r\n\r\n" + part + b"\r\n" for part in parts]
    return b"".join([*pieces, b"--" + boundary + b"--\r\n"])


@pytest.fixture
def client(examined: Site) -> Iterator[httpx.Client]:
    with examined.client() as opened:
        opened.base_url = httpx.URL(examined.root)
        yield opened


def post(client: httpx.Client, content: bytes, kind: str = RELATED + "x", path: str = "/studies") -> httpx.Response:
    return client.post(path, content=content, headers={"Content-Type": kind})


def told(answer: httpx.Response) -> tuple[int, int, list[int]]:
    """Status, number of stored instances, and the failure reasons."""
    document = answer.json() if answer.headers["content-type"] == "application/dicom+json" else {}
    failed = [item for tag in ("00081198", "0008119A") for item in document.get(tag, {}).get("Value", [])]
    stored = document.get("00081199", {}).get("Value", [])
    return answer.status_code, len(stored), [item["00081197"]["Value"][0] for item in failed]


def test_one_bad_part_never_spoils_the_good_ones(client: httpx.Client) -> None:
    assert told(post(client, body(file(), b"garbage", b"", file()))) == (202, 2, [CANNOT_UNDERSTAND] * 2)
    assert told(post(client, body(*[b"x"] * 300, file()))) == (202, 1, [CANNOT_UNDERSTAND] * 300)
    assert told(post(client, body(b"garbage"))) == (409, 0, [CANNOT_UNDERSTAND])


def test_forms_of_the_request_that_clients_use(client: httpx.Client) -> None:
    other_head = b"Content-Type: application/dicom; transfer-syntax=1.2.840.10008.1.2.1\r\nContent-Location: /1"
    spaced = RELATED + '"a b"'
    for answer in (
        post(client, file(), "application/dicom"),
        post(client, body(file(), head=other_head)),
        post(client, body(file(), boundary=b"a b"), spaced),
        post(client, b"hello\r\n" + body(file()) + b"bye"),
        client.post("/studies", content=iter([body(file())[:90], body(file())[90:]]), headers={"Content-Type": RELATED + "x"}),
    ):
        assert told(answer) == (200, 1, [])


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"", RELATED + "x", 400),
        (b"--x--\r\n", RELATED + "x", 400),
        (body(b"1", boundary=b"y"), RELATED + "x", 400),
        (b"1", 'multipart/related; type="application/dicom"', 400),
        (b"--x\nContent-Type: application/dicom\n\n1\n--x--", RELATED + "x", 400),
        (b"1", "text/plain", 415),
        (b"1", "", 415),
        (body(b"{}"), 'multipart/related; type="application/dicom+json"; boundary=x', 415),
    ],
)
def test_a_request_that_cannot_be_understood_is_refused_whole(
    client: httpx.Client, content: bytes, kind: str, status: int
) -> None:
    assert post(client, content, kind).status_code == status


def test_an_encoded_body_is_refused_with_a_reason(client: httpx.Client) -> None:
    answer = client.post(
        "/studies", content=gzip.compress(body(file())), headers={"Content-Type": RELATED + "x", "Content-Encoding": "gzip"}
    )
    assert (answer.status_code, "Content-Encoding" in answer.json()["detail"]) == (415, True)


def test_what_arrived_whole_before_the_body_broke_off_is_kept(client: httpx.Client) -> None:
    whole = body(file(), file())
    assert told(post(client, whole[: len(whole) - 400])) == (202, 1, [CANNOT_UNDERSTAND])


def test_the_same_bytes_again_are_a_success_and_other_bytes_are_not(client: httpx.Client) -> None:
    first = file(PatientName="One")
    other = first.replace(b"One ", b"Two ")
    assert told(post(client, body(first, first))) == (200, 2, [])
    assert told(post(client, body(first))) == (200, 1, [])
    assert told(post(client, body(file(), other))) == (202, 1, [DUPLICATE])
    replaced = client.put("/studies", content=body(other), headers={"Content-Type": RELATED + "x"})
    assert told(replaced) == (200, 1, [])
    assert told(post(client, body(first))) == (409, 0, [DUPLICATE])


def test_only_instances_of_the_named_study_are_taken(client: httpx.Client) -> None:
    assert told(post(client, body(file()), path=f"/studies/{STUDY}")) == (200, 1, [])
    assert told(post(client, body(file()), path="/studies/1.2.3")) == (409, 0, [OTHER_STUDY])
    assert post(client, body(file()), path="/studies/abc").status_code == 400


def test_the_answer_comes_in_the_form_asked_for(client: httpx.Client) -> None:
    kinds = {"application/dicom+xml": 200, "application/json": 200, "*/*": 200, "text/html": 406}
    for accept, status in kinds.items():
        answer = client.post("/studies", content=body(file()), headers={"Content-Type": RELATED + "x", "Accept": accept})
        assert answer.status_code == status
        assert accept == "*/*" or status != 200 or answer.headers["content-type"] == accept


def _nested(depth: int) -> bytes:
    opened = header(0x00991001, "SQ", 0xFFFFFFFF) + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    closed = struct.pack("<HHI", 0xFFFE, 0xE00D, 0) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    return file() + opened * depth + closed * depth


def _enormous() -> bytes:
    data = file()
    for tag in (0x10, 0x11):
        side = struct.pack("<HH2sHH", 0x28, tag, b"US", 2, 16)
        data = samples.patched(data, side, side[:-2] + b"\xff\xff")
    return data


def _bomb() -> bytes:
    deflated = samples.instance(SOPInstanceUID=f"{SERIES}.{next(_numbers)}", transfer_syntax_uid=DEFLATED)
    squeeze = zlib.compressobj(9, wbits=-15)
    megabyte = squeeze.compress(bytes(1 << 20)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    return deflated[: walk(memoryview(deflated)).data_set] + megabyte * 600


@pytest.mark.parametrize(
    "hostile",
    [
        _nested(10_000),
        _enormous(),
        _bomb(),
        file(NumberOfFrames=1_000_000_000),
        file(NumberOfFrames=-1),
        file()[:-10],
        file() + b"\0\0\0",
        b"\0" * 128 + b"DICM" + b"\xff" * 1000,
    ],
    ids=["nested", "65535 x 65535", "deflate bomb", "frames", "negative", "cut", "trailing", "noise"],
)
def test_hostile_bytes_are_refused_and_what_is_beside_them_is_kept(client: httpx.Client, hostile: bytes) -> None:
    assert told(post(client, body(hostile, file()))) == (202, 1, [CANNOT_UNDERSTAND])


def test_a_sender_that_hangs_up_leaves_nothing_in_the_spool(examined: Site, client: httpx.Client) -> None:
    def cut() -> Iterator[bytes]:
        yield body(file())[:500]
        raise ConnectionAbortedError("the cable is out")

    with pytest.raises(ConnectionAbortedError):
        client.post("/studies", content=cut(), headers={"Content-Type": RELATED + "x"})
    assert told(post(client, body(file()))) == (200, 1, [])
    _eventually_empty(examined.installation.home / "spool")


def _eventually_empty(folder: Path) -> None:
    end = time.monotonic() + 120
    while list(folder.iterdir()) and time.monotonic() < end:
        time.sleep(0.05)
    assert not list(folder.iterdir())


def test_a_study_is_deleted_once_its_time_is_over_and_not_before(client: httpx.Client) -> None:
    old, young = "1.2.826.0.1.9.3", "1.2.826.0.1.9.4"
    for study, date in ((old, "19990101"), (young, "20260101")):
        one = file(StudyInstanceUID=study, SeriesInstanceUID=f"{study}.1", StudyDate=date)
        assert told(post(client, body(one))) == (200, 1, [])
        assert client.get(f"/studies/{study}/metadata").status_code == 200
    assert client.delete(f"/studies/{young}").status_code == 409
    assert client.delete(f"/studies/{old}").status_code == 204
    assert client.delete(f"/studies/{old}").status_code == 404
    assert client.get(f"/studies/{young}/metadata").status_code == 200
    for _ in range(4):  # each process of the server
        assert client.get(f"/studies/{old}/metadata").status_code == 404
        assert client.get("/studies", params={"StudyInstanceUID": old}).json() == []

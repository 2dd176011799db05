"""Retrieving from outside: negotiation, odd parameters, what is no picture, other people's studies, clients that hang up."""

from __future__ import annotations

import io
import socket
import struct
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import numpy as np
import psutil  # type: ignore[import-untyped]
import pytest
from PIL import Image

from tests.archive import samples
from tests.parts.site import Site
from tests.stories.conftest import VIEWER

J2K, HTJ2K_RPCL, IMPLICIT = "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2"
LONG_SERIES = ("1.2.826.0.1.8.1", "1.2.826.0.1.8.2")
SLICES = 40
PATIENCE_SECONDS = 120.0
SPARE_DESCRIPTORS = 6  # of connections that were kept alive, and of the stores


@pytest.fixture(scope="module")
def client(examined: Site) -> Iterator[httpx.Client]:
    with examined.client() as opened:
        opened.base_url = httpx.URL(examined.root)
        yield opened


@pytest.fixture(scope="module")
def series(examined: Site) -> str:
    """The path of a series too large for the buffers of a connection."""
    study, name = LONG_SERIES
    noise = np.random.default_rng(3).integers(0, 65535, (SLICES, 256, 256), dtype=np.uint16)
    slices = [
        samples.instance(each, StudyInstanceUID=study, SeriesInstanceUID=name, SOPInstanceUID=f"{name}.{number}")
        for number, each in enumerate(noise)
    ]
    assert examined.store(*slices).status_code == 200
    return f"/studies/{study}/series/{name}"


RELATED = "multipart/related; type="
ANSWERS = [
    # (resource, Accept) → status and beginning of Content-Type, PS3.18 sections 8.7.3 to 8.7.8
    ("", "*/*", 200, RELATED + '"application/dicom"'),
    ("", "application/dicom", 200, "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"),
    ("", "application/dicom;transfer-syntax=*", 200, f"application/dicom; transfer-syntax={HTJ2K_RPCL}"),
    ("", f"application/dicom;transfer-syntax={HTJ2K_RPCL[:-1]}1", 200, f"application/dicom; transfer-syntax={HTJ2K_RPCL}"),
    ("", f"application/dicom; transfer-syntax={IMPLICIT}", 406, ""),
    ("", f"application/dicom; transfer-syntax={J2K}, application/dicom;q=0.1", 200, "application/dicom; transfer-syntax="),
    ("", "application/dicom;q=0", 406, ""),
    ("", "text/html", 406, ""),
    ("", "image/jpeg", 406, ""),
    ("", "application/dicom, image/jpeg", 400, ""),
    ("", "garbage", 400, ""),
    ("", "application/dicom; transfer-syntax=abc", 400, ""),
    ("", "application/dicom+json, " + RELATED + "application/octet-stream", 406, ""),
    ("/metadata", "*/*", 200, "application/dicom+json"),
    ("/metadata", "application/dicom+json;q=0, */*;q=0.5", 200, "application/json"),
    ("/metadata", "application/dicom+xml", 200, RELATED + '"application/dicom+xml"'),
    ("/metadata", "application/dicom+json; charset=gbk", 406, ""),
    ("/frames/1", RELATED + '"*/*"', 200, RELATED + '"application/octet-stream"'),
    ("/frames/1", RELATED + "application/octet-stream; transfer-syntax=*", 200, RELATED + '"application/octet-stream"'),
    ("/frames/1", "image/jphc", 200, f"image/jphc; transfer-syntax={HTJ2K_RPCL}"),
    ("/frames/1", "image/jpeg", 406, ""),
    ("/frames/1", "image/png", 406, ""),
    ("/rendered", "image/*", 200, "image/jpeg"),
    ("/rendered", "image/png, image/jpeg;q=0.5", 200, "image/png"),
    ("/rendered", "image/webp", 406, ""),
    ("/rendered", "application/dicom, image/jpeg", 400, ""),
]


@pytest.mark.parametrize(("resource", "accept", "status", "kind"), ANSWERS)
def test_what_is_acceptable(examined: Site, client: httpx.Client, resource: str, accept: str, status: int, kind: str) -> None:
    answer = client.get(examined.path("ct") + resource, headers={"Accept": accept})
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith(kind or "application/problem+json")


PARAMETERS = [
    ("/frames/0", 404),
    ("/frames/2", 404),
    ("/frames/a", 400),
    ("/frames/1,,1", 400),
    ("/frames/-1", 400),
    ("/frames/99999999999", 400),
    ("/rendered?window=40%2C400%2Clinear", 200),
    ("/rendered?window=40,0", 400),
    ("/rendered?window=40,0.5", 400),
    ("/rendered?window=40,0.5,linear-exact", 200),
    ("/rendered?window=nan,400", 400),
    ("/rendered?window=1e999,400", 400),
    ("/rendered?window=40,400&window=1,2", 400),
    ("/rendered?viewport=0,0", 400),
    ("/rendered?viewport=-64,64", 400),
    ("/rendered?viewport=100000,100000", 400),
    ("/rendered?viewport=64%2C64", 200),
    ("/rendered?viewport=64,64,500,500,10,10", 400),
    ("/rendered?viewport=64,64,0,0,1e9,1e9", 200),
    ("/rendered?quality=101", 400),
    ("/rendered?nobody=knows", 200),
    ("/rendered?accept=image/png", 200),
    ("/rendered?accept=*/*", 400),
    ("?accept=image/png", 406),
    ("/bulkdata/7FE00010/0/00100010", 404),
    ("/bulkdata/zzz", 400),
]


@pytest.mark.parametrize(("resource", "status"), PARAMETERS)
def test_impossible_questions(examined: Site, client: httpx.Client, resource: str, status: int) -> None:
    assert client.get(examined.path("ct") + resource).status_code == status


@pytest.mark.parametrize("name", ["report", "ecg", "pdf"])
def test_what_is_no_picture_is_never_a_fault_of_the_server(examined: Site, client: httpx.Client, name: str) -> None:
    for resource in ("/frames/1", "/frames/1/rendered", "/thumbnail", "/bulkdata/7FE00010"):
        assert client.get(examined.path(name) + resource).status_code in (404, 406)
    assert client.get(examined.path(name) + "/rendered").status_code == (200 if name == "pdf" else 406)
    for resource in ("", "/metadata"):
        assert client.get(examined.path(name) + resource).status_code == 200


def test_monochrome1_is_the_negative_of_monochrome2(examined: Site, client: httpx.Client) -> None:
    ramp = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
    pictures = []
    for photometric in ("MONOCHROME1", "MONOCHROME2"):
        uid = f"1.2.826.0.1.7.{photometric[-1]}"
        file = samples.instance(
            ramp, PhotometricInterpretation=photometric, SOPInstanceUID=uid, WindowCenter=2048, WindowWidth=4096
        )
        assert examined.store(file).status_code == 200
        answer = client.get(f"/studies/1.2.3/series/1.2.3.5/instances/{uid}/rendered", headers={"Accept": "image/png"})
        pictures.append(np.asarray(Image.open(io.BytesIO(answer.content))).astype(int))
    assert np.all(pictures[0] + pictures[1] == 255)


def test_somebody_elses_study_and_one_that_nobody_has_answer_alike(examined: Site) -> None:
    other = "1.2.826.0.1.6.6"
    with examined.client("hospital", "demo2") as foreign:
        for resource in ("", "/metadata", "/frames/1", "/rendered", "/thumbnail", "/bulkdata/7FE00010"):
            theirs = foreign.get(examined.root + examined.path("ct") + resource)
            nobodys = foreign.get(f"{examined.root}/studies/{other}/series/{other}/instances/{other}{resource}")
            assert (theirs.status_code, theirs.content) == (404, nobodys.content)
            assert dict(theirs.headers) == dict(nobodys.headers)


def test_a_viewer_of_another_origin_sees_errors_as_what_they_are(examined: Site, client: httpx.Client) -> None:
    path = examined.path("ct")
    cases = [
        (path, {}, 200),
        (path, {"Accept": "text/html"}, 406),
        ("/studies/abc", {}, 400),
        ("/studies/1.2.3.4/metadata", {}, 404),
        (path, {"Authorization": "Bearer x"}, 401),
    ]
    for address, headers, status in cases:
        answer = client.get(address, headers={"Origin": VIEWER, **headers})
        assert (answer.status_code, answer.headers.get("access-control-allow-origin")) == (status, VIEWER)
    asked = {"Origin": VIEWER, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization, range"}
    with httpx.Client(timeout=60) as anybody:
        allowed = anybody.options(examined.root + path, headers=asked)
        assert allowed.status_code == 204
        assert {"authorization", "range"} <= set(allowed.headers["access-control-allow-headers"].lower().split(", "))
        stranger = anybody.options(examined.root + path, headers={**asked, "Origin": "https://evil.example.org"})
        assert "access-control-allow-origin" not in stranger.headers


def test_a_zip_is_whole_and_as_long_as_it_said(client: httpx.Client, series: str) -> None:
    answer = client.get(series, headers={"Accept": "application/zip"})
    assert len(answer.content) == int(answer.headers["content-length"])
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == SLICES


def test_who_hangs_up_or_reads_slowly_holds_nothing_and_nobody_up(examined: Site, client: httpx.Client, series: str) -> None:
    servers = [psutil.Process(pid) for name, pid in examined.installation.alive().items() if name.startswith("server")]
    client.get(series, headers={"Accept": "application/zip"})
    before = [server.num_fds() for server in servers]
    for number in range(20):
        connection = _asking(examined, client, series)
        assert connection.recv(500).startswith(b"HTTP/1.1 200")
        if number % 2:  # as when the power fails
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    slow = [_asking(examined, client, series) for _ in range(10)]
    for connection in slow:
        assert connection.recv(500).startswith(b"HTTP/1.1 200")
    with ThreadPoolExecutor(4) as others:
        answers = list(others.map(client.get, [examined.path("ct") + "/rendered"] * 20))
    assert {answer.status_code for answer in answers} == {200}
    for connection in slow:
        connection.close()
    end = time.monotonic() + PATIENCE_SECONDS
    while any(now.num_fds() > then + SPARE_DESCRIPTORS for now, then in zip(servers, before, strict=True)):
        assert time.monotonic() < end, "connections of clients that went away are still open"
        time.sleep(0.1)


def _asking(examined: Site, client: httpx.Client, series: str) -> socket.socket:
    """A connection with a small window, over which the whole series was asked for."""
    at = urlsplit(examined.root)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(PATIENCE_SECONDS)
    connection.connect((at.hostname, at.port))
    lines = [f"GET {at.path}{series} HTTP/1.1", "Host: x", f"Authorization: {client.headers['authorization']}", "Accept: */*"]
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    return connection

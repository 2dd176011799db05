"""The JavaScript client of OHIF and Cornerstone gets from the running server what it asks for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file

from tests.archive import samples
from tests.parts import npm
from tests.parts.installation import Installation

HTJ2K_RPCL = "transfer-syntax=1.2.840.10008.1.2.4.202"
EXPLICIT_LE = "1.2.840.10008.1.2.1"
FILES = [Path(str(get_testdata_file(name))) for name in ("CT_small.dcm", "MR_small_RLE.dcm")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation(tmp_path_factory.mktemp("npm") / "home") as running:
        assert running.command("hospital", "demo", "--name", "示范医院").returncode == 0
        yield running


@pytest.fixture(scope="module")
def token(server: Installation) -> str:
    return server.token()


@pytest.fixture(scope="module")
def answers(server: Installation, token: str) -> dict[str, Any]:
    """Name of the call → what the client made of the answer."""
    told: dict[str, Any] = npm.run(
        "core_calls.mjs", str(npm.modules()), f"{server.url}/dicom-web", token, *_uids(), *map(str, FILES)
    )
    return told


def _uids() -> tuple[str, str, str]:
    ct = dcmread(FILES[0])
    return str(ct.StudyInstanceUID), str(ct.SeriesInstanceUID), str(ct.SOPInstanceUID)


def _told(value: bytes, syntax: str | None) -> dict[str, Any]:
    sha256 = hashlib.sha256(value).hexdigest()
    return {"length": len(value), "sha256": sha256, "begins": value[:4].decode("latin-1"), "syntax": syntax}


def test_it_stores(answers: dict[str, Any]) -> None:
    assert len(answers["stored"]["00081199"]["Value"]) == len(FILES)
    assert "00081198" not in answers["stored"]


def test_it_searches(answers: dict[str, Any]) -> None:
    for level, tag, uid in zip(("studies", "series", "instances"), ("0020000D", "0020000E", "00080018"), _uids(), strict=True):
        assert [row[tag]["Value"] for row in answers[level]] == [[uid]]
    assert answers["no_study"] == []


def test_it_reads_metadata(answers: dict[str, Any]) -> None:
    assert answers["study_metadata"] == answers["series_metadata"] == answers["instance_metadata"]
    assert answers["instance_metadata"][0]["00280010"] == {"vr": "US", "Value": [128]}


def test_it_gets_the_file_that_was_sent_and_its_syntax(answers: dict[str, Any]) -> None:
    sent = _told(FILES[0].read_bytes(), EXPLICIT_LE)
    assert answers["instance"] == sent
    assert answers["series_files"] == answers["study_files"] == [sent]


def test_it_gets_pixels_in_every_way(answers: dict[str, Any]) -> None:
    pixels = _told(dcmread(FILES[0]).PixelData, EXPLICIT_LE)
    for call in ("frames", "frames_native", "frames_one_by_one", "bulk_data", "bulk_data_single"):
        assert answers[call] == [pixels], call


def test_it_gets_pictures(answers: dict[str, Any]) -> None:
    for call, begins in {
        **dict.fromkeys(("rendered", "thumbnail", "frame_thumbnail"), "\xff\xd8\xff\xe0"),
        **dict.fromkeys(("rendered_small", "rendered_frame"), "\x89PNG"),
    }.items():
        assert answers[call][0]["begins"] == begins, call


def test_its_wado_uri_works_below_the_same_address(answers: dict[str, Any]) -> None:
    archived = answers["wado_uri"]  # transferSyntax=* is what it asks for: the file as it is kept
    assert 1000 < archived["length"] < answers["instance"]["length"]


def test_it_hears_of_what_is_not_there(answers: dict[str, Any]) -> None:
    assert answers["unknown"] == {"error": 404}


ODD_SHAPES = [(1, 1), (2, 2), (5, 7), (16, 16), (40, 9), (3, 1000), (300, 77), (10, 10, 3), (33, 20, 3)]


def test_its_codec_reads_every_shape_of_picture_that_is_kept_as_htj2k(server: Installation, token: str, tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    pictures = [random.integers(0, 255, shape).astype("u2" if len(shape) == 2 else "u1") for shape in ODD_SHAPES]
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{server.url}/dicom-web", headers=headers, timeout=30) as client:
        for number, picture in enumerate(pictures):
            file = samples.instance(picture, SOPInstanceUID=f"1.2.3.{number}")
            kind = {"Content-Type": "application/dicom"}
            assert client.post("/studies", content=file, headers=kind).status_code == 200
            kind = {"Accept": "application/octet-stream; transfer-syntax=*"}
            frame = client.get(f"/studies/1.2.3/series/1.2.3.5/instances/1.2.3.{number}/frames/1", headers=kind)
            assert frame.headers["content-type"].endswith(HTJ2K_RPCL)
            (tmp_path / f"{number}.jph").write_bytes(frame.content)
    files = [str(tmp_path / f"{number}.jph") for number in range(len(pictures))]
    decoded = npm.run("decode_htj2k.mjs", str(npm.modules()), *files)
    for picture, found in zip(pictures, decoded, strict=True):
        assert (found["rows"], found["columns"]) == picture.shape[:2]
        assert found["sha256"] == hashlib.sha256(picture.tobytes()).hexdigest()

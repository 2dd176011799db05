"""Whole DICOM files over HTTP: one, many, in a ZIP; in which transfer syntax; older versions for the auditor."""

from __future__ import annotations

import io
import socket
import zipfile
from urllib.parse import urlsplit

import httpx
import numpy as np
import psutil  # type: ignore[import-untyped]
import pydicom
import pytest

from tests.parts.site import PDF, SERIES_OF_THREE, Site, made, parts, uids

DICOM = "application/dicom"
MANY = 'multipart/related; type="application/dicom"'
EXPLICIT, HTJ2K = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.202"


def syntax(content: bytes) -> str:
    return str(pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True).file_meta.TransferSyntaxUID)


@pytest.mark.parametrize("name", ["ct", "slice 1", "report", "ecg", "pdf"])
def test_explicit_little_endian_comes_back_byte_by_byte(site: Site, name: str) -> None:
    if syntax(site.files[name]) == EXPLICIT:
        assert site.get(site.path(name), DICOM).content == site.files[name]


@pytest.mark.parametrize("name", ["rle", "big endian", "implicit", "cine", "bits", "palette", "film"])
def test_without_a_transfer_syntax_everything_is_explicit_little_endian(site: Site, name: str) -> None:
    answer = site.get(site.path(name), DICOM)
    assert answer.headers["content-type"] == f"{DICOM}; transfer-syntax={EXPLICIT}"
    found = pydicom.dcmread(io.BytesIO(answer.content))
    assert found.file_meta.TransferSyntaxUID == EXPLICIT
    assert np.array_equal(found.pixel_array, site.data_set(name).pixel_array)


def test_any_transfer_syntax_gives_the_instance_as_archived(site: Site) -> None:
    (part,) = parts(site.get(site.path("ct"), f"{MANY}; transfer-syntax=*"))
    assert part.content_type == f"{DICOM}; transfer-syntax={HTJ2K}"
    assert syntax(part.content) == HTJ2K
    assert np.array_equal(pydicom.dcmread(io.BytesIO(part.content)).pixel_array, site.data_set("ct").pixel_array)
    (part,) = parts(site.get(site.path("cine"), f"{MANY}; transfer-syntax=*"))
    assert part.content == site.files["cine"]


def test_implicit_and_big_endian_are_never_served(site: Site) -> None:
    for name in ("implicit", "big endian"):
        (part,) = parts(site.get(site.path(name), f"{MANY}; transfer-syntax=*"))
        assert syntax(part.content) not in ("1.2.840.10008.1.2", "1.2.840.10008.1.2.2")
    assert site.get(site.path("implicit"), f"{DICOM}; transfer-syntax=1.2.840.10008.1.2").status_code == 406


def test_a_transfer_syntax_that_cannot_be_made_is_406(site: Site) -> None:
    assert site.get(site.path("ct"), f"{DICOM}; transfer-syntax=1.2.840.10008.1.2.4.70").status_code == 406
    assert site.get(site.path("ct"), "text/html").status_code in (400, 406)


@pytest.mark.parametrize("asked", ["", "; transfer-syntax=*"])
def test_a_series_comes_in_order_with_its_length_known(site: Site, asked: str) -> None:
    study, series = SERIES_OF_THREE
    for level in (f"/studies/{study}", f"/studies/{study}/series/{series}"):
        answer = site.get(level, MANY + asked)
        found = [pydicom.dcmread(io.BytesIO(part.content)) for part in parts(answer)]
        assert [each.InstanceNumber for each in found] == [1, 2, 3]
        assert answer.headers["content-length"] == str(len(answer.content))
        assert {part.content_type for part in parts(answer)} == {f"{DICOM}; transfer-syntax={EXPLICIT if not asked else HTJ2K}"}


def test_a_study_is_no_single_part(site: Site) -> None:
    assert site.get(f"/studies/{SERIES_OF_THREE[0]}", DICOM).status_code == 406


def test_a_zip_holds_the_original_files(site: Site) -> None:
    study, series = SERIES_OF_THREE
    answer = site.get(f"/studies/{study}", "application/zip")
    assert answer.headers["content-length"] == str(len(answer.content))
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["0001/00001.dcm", "0001/00002.dcm", "0001/00003.dcm"]
        assert [archive.read(name) for name in archive.namelist()] == [site.files[f"slice {n}"] for n in (1, 2, 3)]
        assert archive.infolist()[0].date_time[:3] == (2026, 1, 2)
    assert site.get(f"/studies/{study}/series/{series}", "application/zip").content == answer.content


def test_a_zip_of_a_converted_file_has_its_length_too(site: Site) -> None:
    answer = site.get(site.path("rle"), "application/zip")
    assert answer.headers["content-length"] == str(len(answer.content))
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert syntax(archive.read(archive.namelist()[0])) == EXPLICIT


def test_a_zip_can_be_taken_up_again(site: Site) -> None:
    study = SERIES_OF_THREE[0]
    whole = site.get(f"/studies/{study}", "application/zip")
    for start, end in ((0, 10), (9000, 9999), (len(whole.content) - 5, len(whole.content) - 1)):
        part = site.get(f"/studies/{study}", "application/zip", Range=f"bytes={start}-{end}", If_Range=whole.headers["etag"])
        assert (part.status_code, part.content) == (206, whole.content[start : end + 1])
        assert part.headers["content-range"] == f"bytes {start}-{end}/{len(whole.content)}"


def test_whoever_hangs_up_in_the_middle_leaves_nothing_behind(site: Site) -> None:
    own = uids("many")
    noise = np.random.default_rng(1).integers(0, 65536, (512, 512), np.uint16)
    named = [
        own | {"SOPInstanceUID": f"{own['SeriesInstanceUID']}.{number}", "InstanceNumber": number} for number in range(1, 9)
    ]
    site.store(*(made(noise, each) for each in named))
    with site.client() as client:
        token = client.headers["authorization"]
    address = urlsplit(site.installation.url)
    server = psutil.Process(site.installation.alive()["server-1"])
    for _ in range(10):
        with socket.create_connection((address.hostname, address.port)) as connection:
            path = f"/dicom-web/studies/{own['StudyInstanceUID']}"
            asked = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nAccept: {MANY}\r\n\r\n"
            connection.sendall(asked.encode())
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    answer = site.get(f"/studies/{own['StudyInstanceUID']}", MANY)
    assert len(parts(answer)) == 8
    assert not [each for each in server.net_connections() if each.status == psutil.CONN_CLOSE_WAIT]


def test_what_cannot_be_read_is_never_passed_over(site: Site) -> None:
    own = uids("rotten")
    named = [own | {"SOPInstanceUID": f"{own['SeriesInstanceUID']}.{number}", "InstanceNumber": number} for number in (1, 2)]
    site.store(*(made(np.full((64, 64), number, np.uint8), each) for number, each in enumerate(named)))
    copies = sorted((site.installation.home / "stores").rglob(f"*/{own['SeriesInstanceUID']}.2.v1.*"))
    assert len(copies) >= 2
    for copy in copies:
        copy.unlink()
    for asked in (f"{MANY}; transfer-syntax=*", "application/zip"):
        with pytest.raises(httpx.RemoteProtocolError):
            site.get(f"/studies/{own['StudyInstanceUID']}", asked)
    single = f"/studies/{own['StudyInstanceUID']}/series/{own['SeriesInstanceUID']}/instances/{own['SeriesInstanceUID']}.2"
    answer = site.get(single, DICOM)
    assert (answer.status_code, answer.headers["retry-after"] != "") == (503, True)
    assert site.get(site.path("ct"), DICOM).status_code == 200


def test_bulk_data_of_every_kind(site: Site) -> None:
    def value(name: str, path: str, accept: str = "application/octet-stream") -> httpx.Response:
        return site.get(f"{site.path(name)}/bulkdata/{path}", accept)

    ecg = site.data_set("ecg")
    assert value("ecg", "54000100/0/54001010").content == ecg.WaveformSequence[0].WaveformData
    assert value("ct", "7FE00010").content == site.data_set("ct").PixelData
    assert value("bits", "7FE00010").content == site.data_set("bits").PixelData[: len(value("bits", "7FE00010").content)]
    assert value("pdf", "00420011", "application/pdf").content.rstrip(b"\0") == PDF
    assert value("pdf", "00420011", "application/pdf").headers["content-type"] == "application/pdf"
    (part,) = parts(value("ecg", "54000100/1/54001010", 'multipart/related; type="application/octet-stream"'))
    assert part.content == ecg.WaveformSequence[1].WaveformData


def test_compressed_pixels_as_bulk_data_are_one_part_a_frame(site: Site) -> None:
    answer = site.get(
        f"{site.path('cine')}/bulkdata/7FE00010", 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
    )
    assert len(parts(answer)) == 30
    whole = site.get(f"{site.path('cine')}/bulkdata/7FE00010", "application/octet-stream")
    assert whole.content == site.data_set("cine").pixel_array.tobytes()


@pytest.mark.parametrize(("path", "status"), [("7FE00008", 404), ("00100010", 404), ("nonsense", 400), ("54000100/0", 400)])
def test_bulk_data_that_is_not_there(site: Site, path: str, status: int) -> None:
    assert site.get(f"{site.path('ct')}/bulkdata/{path}").status_code == status


def test_only_the_auditor_reads_an_older_version(site: Site) -> None:
    own = uids("versions")
    old, new = (made(np.full((8, 8), grey, np.uint8), own) for grey in (1, 2))
    site.store(old)
    site.store(new, method="PUT")
    path = f"/studies/{own['StudyInstanceUID']}/series/{own['SeriesInstanceUID']}/instances/{own['SOPInstanceUID']}"
    assert site.get(path, DICOM).content == new
    assert site.get(f"{path}?version=1", DICOM).status_code == 403
    with site.client("auditor") as auditor:
        for version, expected in ((1, old), (2, new)):
            assert auditor.get(f"{site.root}{path}?version={version}", headers={"Accept": DICOM}).content == expected
        statuses = [auditor.get(site.root + each).status_code for each in (f"{path}?version=3", path, f"{path}/metadata")]
    assert statuses == [404, 400, 403]


def test_somebody_elses_files_look_like_unknown_ones(site: Site) -> None:
    levels = (f"/studies/{SERIES_OF_THREE[0]}", site.path("ct"), f"{site.path('ct')}/bulkdata/7FE00010")
    with site.client("hospital", "demo2") as stranger:
        foreign = [stranger.get(site.root + level) for level in levels]
    missing = site.get("/studies/1.2.3.4.5.6")
    assert {(each.status_code, each.content) for each in [*foreign, missing]} == {(404, missing.content)}

"""A patient shares masked: a marker in every text and burned into pixels leaves by no way; what was not shared is not there."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pydicom
import pypdfium2  # type: ignore[import-untyped]
import pytest
from numpy.typing import NDArray

from core.uids import uuid7
from tests.records import pages
from tests.stories.masked.world import (
    FINDINGS,
    IMPRESSION,
    MARKER,
    NAME,
    OWN_PDF,
    SECRETS,
    TOP,
    UID,
    WAYS,
    World,
    below_a_study,
    clean_capture,
    not_shared,
    shown,
    ultrasound,
)


@pytest.mark.usefixtures("film", "rule")
def test_no_marker_leaves_by_any_way_and_the_image_areas_are_whole(world: World) -> None:
    token = world.share("CT")["url"].rpartition("/s/")[2]
    said: list[bytes] = []
    exam = f"/api/v1/exams/{world.exams['CT']}"
    with world.client("recipient") as recipient:
        answers = {way: recipient.get(exam + way) for way in WAYS}
        assert {way: answer.status_code for way, answer in answers.items()} == dict.fromkeys(WAYS, 200)
        said += [answer.content for answer in answers.values()]
        said += [str(answer.headers.raw).encode() for answer in answers.values()]
        for way in ("/access-log", "/report/picture", "/films/1.dcm", "/films/2.jpg"):
            refused = recipient.get(exam + way)
            assert refused.status_code in (403, 404)
            said.append(refused.content)
        listed = recipient.get("/api/v1/exams").json()
        assert [each["id"] for each in listed["items"]] == [world.exams["CT"]]
        said.append(recipient.get("/api/v1/exams").content)
        told = answers[""].json()
        assert told["patient"] == {"name": "欧阳**", "sex": "F", "birth_year": 1949}
        assert (told["images"], told["films"], told["visit"]["number"]) == (3, 1, "")
        said += list(_dicom(recipient, told["studies"]))
        as_a_browser = {"Accept": "text/html", "Cookie": f"cloudfilm_session={world.tokens['recipient']}"}
        page = recipient.get(f"/s/{token}", headers=as_a_browser)
        assert page.status_code == 200 and "磨玻璃结节" in page.text and "欧阳**" in page.text
        said.append(page.content)
    report = answers["/report"].json()
    assert "右肺上叶见磨玻璃结节，大小约8mm×6mm。" in report["findings"]
    assert (report["reporting_doctor"], report["own_pdf"]) == ("尉迟**", False)
    assert "没有随分享提供" in report["notice"]
    text = "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(answers["/report.pdf"].content))
    assert "磨玻璃结节" in text and "欧阳**" in text and "不带医院的电子签章" in text.replace("\r\n", "")
    said.append(text.encode())
    with zipfile.ZipFile(io.BytesIO(answers["/download.zip"].content)) as taken:
        assert sum(name.startswith("DICOM/") for name in taken.namelist()) == 3
        assert {"说明.txt", "DICOMDIR", "检查报告.pdf", "胶片/第1页.jpg"} <= set(taken.namelist())
        require_directory(taken)
        said += [*(name.encode() for name in taken.namelist()), *(taken.read(name) for name in taken.namelist())]
    for each in said:
        for secret in SECRETS:
            for written in {secret, secret.upper(), secret.lower()}:
                assert written.encode() not in each, written


def require_directory(taken: zipfile.ZipFile) -> None:
    """The DICOMDIR names each file once, and says of it what its own masked header says."""
    listed = pydicom.dcmread(io.BytesIO(taken.read("DICOMDIR"))).DirectoryRecordSequence
    above: dict[str, Any] = {}
    named = []
    for record in listed:
        above[record.DirectoryRecordType] = record
        if record.DirectoryRecordType != "IMAGE":
            continue
        named.append("/".join(record.ReferencedFileID))
        said = pydicom.dcmread(io.BytesIO(taken.read(named[-1])), stop_before_pixels=True)
        assert record.ReferencedSOPInstanceUIDInFile == said.SOPInstanceUID
        assert record.ReferencedTransferSyntaxUIDInFile == said.file_meta.TransferSyntaxUID
        assert above["SERIES"].SeriesInstanceUID == said.SeriesInstanceUID
        assert above["STUDY"].StudyInstanceUID == said.StudyInstanceUID
        assert above["PATIENT"].get("PatientName", "") == said.get("PatientName", "")
    assert sorted(named) == sorted(name for name in taken.namelist() if name.startswith("DICOM/"))


def _dicom(recipient: httpx.Client, studies: list[str]) -> Iterator[bytes]:
    """All that DICOMweb tells of what was shared; looks at the pixels on the way."""
    (study,) = studies
    found = recipient.get(f"/dicom-web/studies/{study}/instances").json()
    seen = set()
    together = recipient.get(f"/dicom-web/studies/{study}/rendered", headers={"Accept": 'multipart/related; type="image/png"'})
    assert together.status_code == 200, together.text
    yield together.content
    for row in found:
        series, sop = row["0020000E"]["Value"][0], row["00080018"]["Value"][0]
        below = f"/dicom-web/studies/{study}/series/{series}/instances/{sop}"
        picture = recipient.get(f"{below}/rendered", headers={"Accept": "image/png"})
        assert picture.status_code == 200, picture.text
        seen.add(_checked(shown(picture.content)))
        assert picture.content in together.content and f"instances/{sop}/".encode() in together.content
        yield picture.content
        for way, accept in (("", "application/dicom"), ("/metadata", "application/dicom+json"), ("/thumbnail", "image/jpeg")):
            answer = recipient.get(below + way, headers={"Accept": accept})
            assert answer.status_code == 200, answer.text
            yield answer.content
    assert seen == {"ct", "us", "sc"}


def _checked(picture: NDArray[np.uint8]) -> str:
    """Which picture it is; its image area is as sent, and black where something was written."""
    if picture.shape[:2] == (150, 200):
        assert not picture[:TOP].any()
        assert np.array_equal(picture[TOP:, :, 0], ultrasound()[TOP:, :, 0])
        return "us"
    if picture.shape[:2] == (80, 100):
        assert np.array_equal(picture if picture.ndim == 2 else picture[..., 0], clean_capture())
        return "sc"
    return "ct"


@pytest.mark.usefixtures("film", "rule")
def test_what_was_not_shared_looks_exactly_like_what_is_not_there(world: World) -> None:
    """Every sub-resource, of another's, the patient's other and sensitive exams, and of what does not exist."""
    world.share("CT")
    with world.client("recipient") as recipient:
        for way in (*WAYS, "/report/picture", "/films/1.dcm"):
            answers = [recipient.get(f"/api/v1/exams/{exam}{way}") for exam in (uuid7(), *not_shared(world))]
            assert {(answer.status_code, answer.content) for answer in answers} == {(404, answers[0].content)}, way
        for below in below_a_study():
            studies = ("1.2.3.4.5", *(world.studies[each] for each in ("UNSHARED", "HIV", "OTHER")), world.studies["CT"])
            answers = [recipient.get(f"/dicom-web/studies/{study}{below.format(study=study)}") for study in studies]
            first = answers[0]
            assert {(each.status_code, each.content) for each in answers} == {(first.status_code, first.content)}, below
            assert first.status_code == 404 or first.content == b"[]", below
        for study in ("1.2.3.4.5", *world.studies.values()):
            asked = f"/wado?requestType=WADO&studyUID={study}&seriesUID={study}.1&objectUID={study}.1.1"
            assert recipient.get(asked).status_code == 404


@pytest.mark.usefixtures("film", "rule")
def test_after_the_share_was_stopped_a_tag_is_answered_as_refused(world: World) -> None:
    share = world.share("CT", allow_download=False)
    exam = f"/api/v1/exams/{world.exams['CT']}"
    with world.client("recipient") as recipient, world.client("patient") as patient:
        tags = {
            way: recipient.get(exam + way).headers.get("etag")
            for way in ("/report", "/report.pdf", "/films/1.jpg", "/films.pdf")
        }
        assert all(tags.values())
        for way, tag in tags.items():
            assert recipient.get(exam + way, headers={"If-None-Match": tag}).status_code == 304
        assert recipient.get(f"{exam}/download.zip").status_code == 404
        study = recipient.get(exam).json()["studies"][0]
        assert recipient.get(f"/dicom-web/studies/{study}/metadata").status_code == 200
        for uid in (study, "1.2.3.4.5"):  # looked at, not taken along
            asked = f"/wado?requestType=WADO&studyUID={uid}&seriesUID=1.2&objectUID=1.3"
            for way in (f"/dicom-web/studies/{uid}", f"/dicom-web/studies/{uid}/series/1.2/instances/1.3", asked):
                assert recipient.get(way).status_code == 403
        assert patient.delete(f"/api/v1/shares/{share['id']}").status_code == 204
        for way, tag in tags.items():
            refused = recipient.get(exam + way, headers={"If-None-Match": tag})
            assert (refused.status_code, "etag" in refused.headers) == (401, False)


@pytest.mark.usefixtures("film", "rule")
def test_who_shares_sees_before_what_will_be_sent_to_the_byte(world: World) -> None:
    exam = world.exams["CT"]
    with world.client("patient") as patient:
        (before,) = patient.get(f"/api/v1/shares/preview?exams={exam}").json()["items"]
        assert (before["patient"]["name"], before["stays_here"]) == ("欧阳**", {"images": 1, "films": 0})
        assert NAME not in before["report_shown"]["findings"] and "磨玻璃结节" in before["report_shown"]["findings"]
        (plain,) = patient.get(f"/api/v1/shares/preview?exams={exam}&mask=false").json()["items"]
        assert (plain["patient"]["name"], plain["stays_here"]) == (NAME, {"images": 0, "films": 0})
        assert patient.get(f"/api/v1/shares/preview?exams={world.exams['OTHER']}").status_code == 404
        share = world.share("CT")
        made = patient.post(f"/api/v1/shares/{share['id']}/preview")
        assert made.status_code == 201, made.text
        assert patient.get(f"/api/v1/shares/{share['id']}").json()["opens"] == 1
        world.tokens["preview"] = made.json()["access_token"]
    with world.client("preview") as preview, world.client("recipient") as recipient:
        for way in WAYS:
            path = f"/api/v1/exams/{exam}{way}"
            assert preview.get(path).content == recipient.get(path).content, way
        study = recipient.get(f"/api/v1/exams/{exam}").json()["studies"][0]
        for way in ("/metadata", "/instances", "/thumbnail"):
            path = f"/dicom-web/studies/{study}{way}"
            assert preview.get(path).content == recipient.get(path).content, way


@pytest.mark.usefixtures("film")
def test_a_doctor_gets_the_report_as_the_hospital_sent_it_and_knows_whose_it_is(world: World) -> None:
    world.share("CT", mask=False)
    exam = f"/api/v1/exams/{world.exams['CT']}"
    with world.client("recipient") as recipient:
        told = recipient.get(exam).json()
        assert told["patient"] == {"name": NAME, "sex": "F", "birth_date": "1949-12-31"}
        assert told["studies"] == [world.studies["CT"]]
        assert recipient.get(f"{exam}/report").json()["findings"] == FINDINGS
        assert recipient.get(f"{exam}/report.pdf").content == OWN_PDF
        assert recipient.get(f"{exam}/films/1.dcm").status_code == 200
        assert recipient.get(f"{exam}/download.zip").status_code == 200
        assert recipient.get(f"{exam}/access-log").status_code == 403
        assert recipient.get(f"/api/v1/exams/{world.exams['UNSHARED']}/report.pdf").status_code == 404


@pytest.mark.usefixtures("film", "rule")
def test_the_masked_film_shows_clean_pictures_under_a_header_that_names_nobody(world: World) -> None:
    world.share("CT")
    exam = f"/api/v1/exams/{world.exams['CT']}"
    with world.client("recipient") as recipient, world.client("patient") as patient:
        told, page = recipient.get(exam).json(), recipient.get(f"{exam}/films/1").json()
        masked, own = (shown(who.get(f"{exam}/films/1.jpg").content).astype(int) for who in (recipient, patient))
        known = recipient.get(f"/dicom-web/studies/{told['studies'][0]}/instances").json()
        small = recipient.get(f"{exam}/films/1.jpg?width=500")
        listed = recipient.get(f"{exam}/films").json()["items"]
    assert masked.shape == own.shape
    assert shown(small.content).shape[1] == 500 and small.headers["etag"].strip('"') != listed[0]["etag"]
    places = {row["00080018"]["Value"][0]: row for row in known}
    for cell in page["cells"]:
        row = places[cell["instance"]]  # by the very UIDs that DICOMweb has under this mask
        assert (cell["study"], cell["series"]) == (row["0020000D"]["Value"][0], row["0020000E"]["Value"][0])
    areas = [np.s_[c["y"] : c["y"] + c["height"], c["x"] : c["x"] + c["width"]] for c in page["cells"]]
    ct, us, sc = areas
    assert abs(masked[ct] - own[ct]).mean() < 2
    for area, written, shape in ((us, TOP, 150), (sc, 20, 80)):
        height = masked[area].shape[0]
        writing = int(height * written / shape) - 4
        assert own[area][:writing].max() > 200 and masked[area][:writing].max() < 40
        assert abs(masked[area][writing + 12 :] - own[area][writing + 12 :]).mean() < 6
    assert abs(masked[:150] - own[:150]).mean() > 1  # another header


def test_a_page_of_the_hospital_stays_here_until_it_draws_what_to_blacken(world: World) -> None:
    page, way = pages.jpeg(77), f"/api/v1/exams/{world.exams['UNSHARED']}"
    image = {"series": f"{UID}.2.1", "instance": f"{UID}.2.1.1"}
    with world.client("hospital") as his, world.client("clinician") as doctor:
        assert doctor.post(f"{way}/films", json={"images": [image], "layout": "1x1"}).status_code == 201
        told = {"accession": f"{MARKER}-UNSHARED", "source": "printer 1"}
        sent = his.post("/api/v1/hospital/films", params=told, content=page)
        assert sent.status_code == 201, sent.text
    world.share("UNSHARED")
    with world.client("recipient") as recipient, world.client("admin") as admin, world.client("patient") as patient:
        assert patient.get(f"{way}/films").json()["film"]["source"] == "hospital"
        assert recipient.get(f"{way}/films").json()["film"]["source"] == "chosen"  # the next one, which can leave
        drawn = {"page": sent.json()["id"], "rectangles": [[0, 0, 800, 90]]}
        tried = admin.post("/api/v1/admin/blackouts/trial", json=drawn)
        made = admin.post("/api/v1/admin/blackouts", json=drawn)
        assert (made.status_code, made.json()["source"]) == (201, "printer 1")
        masked = recipient.get(f"{way}/films/1.jpg")
        assert recipient.get(f"{way}/films").json()["film"]["source"] == "hospital"
        for picture in (shown(tried.content), shown(masked.content)):
            assert picture[:86].max() < 20
            assert abs(picture[100:].astype(int) - shown(page)[100:].astype(int)).mean() < 6
        assert admin.delete(f"/api/v1/admin/blackouts/{made.json()['id']}").status_code == 200
        after = recipient.get(f"{way}/films/1.jpg", headers={"If-None-Match": masked.headers["etag"]})
        assert after.status_code == 200 and after.headers["etag"] != masked.headers["etag"]


def test_a_pinned_report_stays_until_the_hospital_takes_it_back(world: World) -> None:
    way = f"/api/v1/exams/{world.exams['UNSHARED']}"
    world.share("UNSHARED", pinned=True)
    world.tokens["pinned"] = world.tokens["recipient"]
    report = f"/api/v1/hospital/exams/{MARKER}-UNSHARED/report"
    corrected = {"status": "corrected", "findings": f"{FINDINGS}{NAME}另见左肺小结节。", "impression": IMPRESSION}
    with world.client("hospital") as his:
        assert his.put(report, json=corrected).status_code == 200
    world.share("UNSHARED")
    with world.client("pinned") as pinned, world.client("recipient") as recipient, world.client("hospital") as his:
        old, new = (who.get(f"{way}/report").json() for who in (pinned, recipient))
        assert (old["version"], old["newest"], old["changes"]) == (1, False, None)
        assert (new["version"], new["newest"], new["changes"]["from_version"]) == (2, True, 1)
        pieces = "".join(piece["text"] for piece in new["changes"]["findings"])
        assert "另见左肺小结节" in pieces and not any(secret in pieces for secret in SECRETS)
        assert pinned.get(f"{way}/report.pdf").content != recipient.get(f"{way}/report.pdf").content
        assert his.put(report, json={"status": "withdrawn"}).status_code == 200
        for who in (pinned, recipient):
            told = who.get(f"{way}/report").json()
            assert (told["status"], "findings" in told) == ("withdrawn", False)
            assert who.get(f"{way}/report.pdf").status_code == 404

"""WADO-URI over HTTP: one object by query parameters."""

from __future__ import annotations

from io import BytesIO

import httpx
from PIL import Image

from tests.parts.site import PDF, Site


def asked(site: Site, name: str, **parameters: str | int) -> httpx.Response:
    data_set = site.data_set(name)
    uids = {
        "studyUID": data_set.StudyInstanceUID,
        "seriesUID": data_set.SeriesInstanceUID,
        "objectUID": data_set.SOPInstanceUID,
    }
    with site.client() as client:
        return client.get("/wado", params={"requestType": "WADO", **uids, **parameters})


def picture(answer: httpx.Response) -> Image.Image:
    assert answer.status_code == 200, answer.text
    return Image.open(BytesIO(answer.content), formats=["JPEG", "PNG", "GIF"])


def test_an_image_is_a_jpeg_unless_asked_otherwise(site: Site) -> None:
    assert picture(asked(site, "ct")).format == "JPEG"
    assert picture(asked(site, "ct", contentType="image/png")).format == "PNG"


def test_the_dicom_file_is_the_one_that_was_sent(site: Site) -> None:
    answer = asked(site, "ct", contentType="application/dicom")
    assert answer.headers["content-type"].startswith("application/dicom")
    assert answer.content == site.files["ct"]


def test_the_archived_form_may_be_asked_for(site: Site) -> None:
    answer = asked(site, "cine", contentType="application/dicom", transferSyntax="*")
    assert answer.content == site.files["cine"]
    assert asked(site, "ct", contentType="application/dicom", transferSyntax="1.2.840.10008.1.2.4.70").status_code == 406


def test_size_region_window_and_frame(site: Site) -> None:
    assert picture(asked(site, "film", rows=120)).size == (90, 120)
    assert picture(asked(site, "film", rows=100, columns=100, region="0,0,1,0.5")).size == (100, 67)
    dark = picture(asked(site, "film", contentType="image/png", windowCenter=60000, windowWidth=10))
    assert dark.getextrema() == (0, 0)
    assert asked(site, "cine", frameNumber=2).content != asked(site, "cine", frameNumber=20).content
    assert asked(site, "cine", frameNumber=31).status_code == 404


def test_a_pdf_and_a_report(site: Site) -> None:
    answer = asked(site, "pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.rstrip(b"\0") == PDF
    assert asked(site, "report").headers["content-type"].startswith("application/dicom")
    assert asked(site, "report", contentType="image/jpeg").status_code == 406


def test_wrong_questions_are_refused(site: Site) -> None:
    assert asked(site, "ct", requestType="OTHER").status_code == 400
    assert asked(site, "ct", objectUID="1.2.3").status_code == 404
    assert asked(site, "ct", objectUID="x").status_code == 400
    assert asked(site, "ct", windowCenter=1).status_code == 400

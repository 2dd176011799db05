"""A patient shares parts of an exam: single series, its report or its film; nothing of the rest is in any byte that leaves."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pydicom
import pypdfium2  # type: ignore[import-untyped]
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.parts.shl_receiver import Receiver
from tests.stories.masked.world import COLOURS, MARKER, TOP, WAYS, World, below_a_study, shown

LONGEST_SIDE, ENOUGH = 400, 40  # pixels that are looked at, and how many of a colour are a picture


@pytest.mark.usefixtures("film", "rule")
@pytest.mark.parametrize("mask", [True, False])
def test_of_a_share_of_one_series_nothing_beside_it_is_there(world: World, mask: bool) -> None:
    exam, study = world.exams["CT"], world.studies["CT"]
    world.share("CT", mask=mask, series=[{"exam": exam, "series": [f"{study}.1"]}])
    with world.client("recipient") as recipient:
        told = recipient.get(f"/api/v1/exams/{exam}").json()
        assert (told["images"], len(told["studies"])) == (1, 1)
        assert told["films"] == (1 if mask else 0)  # a page is set anew under a mask; as it is, it cannot be cut
        assert told["left_out"].endswith("影像只包含分享者选择的序列。" if mask else "胶片上有没有分享的图像，没有随分享提供。")
        if mask:
            (cell,) = recipient.get(f"/api/v1/exams/{exam}/films/1").json()["cells"]
            assert cell["study"] == told["studies"][0]
        with zipfile.ZipFile(io.BytesIO(recipient.get(f"/api/v1/exams/{exam}/download.zip").content)) as taken:
            assert sum(name.startswith("DICOM/") for name in taken.namelist()) == 1
        shared = told["studies"][0]
        assert len(recipient.get(f"/dicom-web/studies/{shared}/instances").json()) == 1
        for below in (
            "",
            "/metadata",
            "/rendered",
            "/thumbnail",
            "/instances/{}",
            "/instances/{}/frames/1",
            "/instances/{}/rendered",
        ):
            ways = (below.format(f"{study}.2.1"), below.format("1.2.3.4.5"))
            answers = [
                recipient.get(f"/dicom-web/studies/{shared}/series/{uid}{way}")
                for uid in (f"{study}.2", "1.2.3")
                for way in ways
            ]
            assert {(each.status_code, each.content) for each in answers} == {(404, answers[0].content)}, below


@pytest.mark.usefixtures("film", "rule")
@pytest.mark.parametrize("mask", [True, False])
def test_the_report_alone_leaves_without_film_and_images(world: World, mask: bool) -> None:
    exam, study = world.exams["CT"], world.studies["CT"]
    share = world.share("CT", mask=mask, parts=[{"exam": exam, "parts": ["report"]}])
    assert share["choices"] == [{"exam": exam, "parts": ["report"], "series": None}]
    assert share["opened"]["exams"] == [{"id": exam, "studies": []}]
    with world.client("recipient") as recipient:
        told = recipient.get(f"/api/v1/exams/{exam}").json()
        assert (told["films"], told["images"], told["studies"]) == (0, 0, [])
        assert told["left_out"] == "分享者没有分享胶片、影像。"
        assert recipient.get(f"/api/v1/exams/{exam}/report").status_code == 200
        assert recipient.get(f"/api/v1/exams/{exam}/films").json()["items"] == []
        for way in ("/films/1", "/films/1.jpg", "/films/1.dcm", "/films.pdf"):
            assert recipient.get(f"/api/v1/exams/{exam}{way}").status_code in (403, 404), way
        with zipfile.ZipFile(io.BytesIO(recipient.get(f"/api/v1/exams/{exam}/download.zip").content)) as taken:
            assert sorted(taken.namelist()) == ["检查报告.pdf", "说明.txt"]
            assert "分享者没有分享胶片、影像。" in taken.read("说明.txt").decode("utf-8-sig")
        for below in below_a_study():
            answer = recipient.get(f"/dicom-web/studies/{study}{below.format(study=study)}")
            assert answer.status_code == 404 or answer.content == b"[]", below


@pytest.mark.usefixtures("film", "rule")
@pytest.mark.parametrize("mask", [True, False])
def test_the_film_alone_leads_to_no_image_and_no_report(world: World, mask: bool) -> None:
    exam, study = world.exams["CT"], world.studies["CT"]
    world.share("CT", mask=mask, parts=[{"exam": exam, "parts": ["film"]}])
    with world.client("recipient") as recipient:
        told = recipient.get(f"/api/v1/exams/{exam}").json()
        assert (told["films"], told["images"], told["studies"], told["report"]) == (1, 0, [], None)
        assert recipient.get(f"/api/v1/exams/{exam}/films/1").json()["cells"] == []
        sheet = shown(recipient.get(f"/api/v1/exams/{exam}/films/1.jpg").content)
        assert sheet.max() > 100, "its pictures are there"
        for way in ("/report", "/report.pdf", "/report/terms", "/report/picture"):
            assert recipient.get(f"/api/v1/exams/{exam}{way}").status_code == 404, way
        with zipfile.ZipFile(io.BytesIO(recipient.get(f"/api/v1/exams/{exam}/download.zip").content)) as taken:
            assert sorted(taken.namelist()) == ["胶片/第1页.jpg", "说明.txt"]
        for below in below_a_study():
            answer = recipient.get(f"/dicom-web/studies/{study}{below.format(study=study)}")
            assert answer.status_code == 404 or answer.content == b"[]", below


@pytest.mark.parametrize("parts", [[], ["photo"], ["report", 1]])
def test_parts_that_nobody_knows_are_refused(world: World, parts: list[Any]) -> None:
    said = {"exams": [world.exams["CT"]], "parts": [{"exam": world.exams["CT"], "parts": parts}]}
    with world.client("patient") as patient:
        refused = patient.post("/api/v1/shares", json=said)
        assert (refused.status_code, "parts" in refused.json()["detail"]) == (422, True)


@pytest.mark.usefixtures("film", "rule")
def test_the_previews_pictures_are_those_that_leave_and_no_writing_is_in_them(world: World) -> None:
    exam, study = world.exams["CT"], world.studies["CT"]
    series = [f"{study}.{number}" for number in (1, 2, 4)]
    asked = f"/api/v1/shares/preview?exams={exam}&parts=film,images&series={','.join(series)}"
    with world.client("patient") as patient:
        (before,) = patient.get(asked).json()["items"]
        assert (before["report_shown"], before["stays_here"]["images"]) == (None, 1), "the capture without a rule"
        film, ct, us = before["pictures"]
        assert [each["kind"] for each in (film, ct, us)] == ["film", "image", "image"]
        masked, named = (patient.get(us["path"].replace("mask=true", f"mask={mask}")) for mask in ("true", "false"))
        assert named.headers["etag"] != masked.headers["etag"]
        above = TOP - 4  # rows above the image area, but for the blur of its edge
        assert shown(named.content)[:above].max() > 200, "the device wrote there"
        assert shown(masked.content)[:above].max() < 16 < shown(masked.content)[TOP + 8 :].max()
        again = patient.get(us["path"].replace("mask=true", "mask=false"), headers={"If-None-Match": masked.headers["etag"]})
        assert again.status_code == 200, "one picture is never taken for the other"
        sheet = patient.get(film["path"])
        assert sheet.headers["content-type"] == "image/jpeg"
        world.share("CT", parts=[{"exam": exam, "parts": ["film", "images"]}], series=[{"exam": exam, "series": series}])
        with world.client("recipient") as recipient:
            got = recipient.get(f"/api/v1/exams/{exam}/films/1.jpg?width=720")
            assert np.array_equal(shown(got.content), shown(sheet.content))
        assert patient.get(us["path"].replace(f"{study}.2", f"{study}.4")).status_code == 404
        other = us["path"].replace(exam, world.exams["OTHER"])
        assert patient.get(other).status_code == 404
        for parts, kinds in (("report", []), ("report,film", ["film"]), ("images", ["image"])):
            (draft,) = patient.get(f"/api/v1/shares/preview?exams={exam}&parts={parts}").json()["items"]
            assert sorted({each["kind"] for each in draft["pictures"]}) == kinds, parts
        for wrong in ("parts=photo", "parts=,", "series=1.2.3.x", "mask=no", "exam=1"):
            assert patient.get(f"/api/v1/shares/preview?exams={exam}&{wrong}").status_code == 422, wrong
        two = f"{exam},{world.exams['UNSHARED']}"
        assert patient.get(f"/api/v1/shares/preview?exams={two}&parts=film").status_code == 422


@pytest.fixture(scope="module")
def colours(world: World) -> str:
    """The exam whose series have one colour each, with a film of all of them; the middle one stands on its report."""
    exam, study = world.exams["COLOURS"], world.studies["COLOURS"]
    images = [{"series": f"{study}.{number}", "instance": f"{study}.{number}.1"} for number in (1, 2, 3)]
    with world.client("clinician") as doctor:
        made = doctor.post(f"/api/v1/exams/{exam}/films", json={"images": images, "layout": "2x2"})
        assert made.status_code == 201, made.text
    return exam


WORDS = {"status": "corrected", "findings": "肝脏未见异常。", "impression": "未见异常。"}


@pytest.mark.parametrize(
    ("mask", "series", "parts", "seen", "on_report"),
    [
        (True, [1], ["report", "film", "images"], {"green"}, {"green"}),
        (False, [1], ["report", "film", "images"], {"green"}, {"green"}),
        (False, [1, 3], ["report", "film"], {"magenta"}, {"magenta"}),  # the film is not cut, its sheet shows all three
        (False, [], ["report"], set(), set()),
    ],
)
def test_no_byte_holds_a_picture_of_a_series_that_was_not_shared(
    world: World, colours: str, mask: bool, series: list[int], parts: list[str], seen: set[str], on_report: set[str]
) -> None:
    study = world.studies["COLOURS"]
    _report_in_words(world)
    chosen: dict[str, Any] = {"parts": [{"exam": colours, "parts": parts}]}
    if series:
        chosen["series"] = [{"exam": colours, "series": [f"{study}.{number}" for number in series]}]
    share = world.share("COLOURS", mask=mask, **chosen)
    answers = dict(_everything(world, share, colours, study))
    shown_by = {way: _colours_in(answer) for way, answer in answers.items()}
    assert set().union(*shown_by.values()) == seen, {way: found for way, found in shown_by.items() if found}
    assert shown_by[f"/api/v1/exams/{colours}/report.pdf"] == on_report
    for found in answers["/dicom-web/studies?includefield=all"].json() if "images" in parts else []:
        assert (found["00201206"]["Value"], found["00201208"]["Value"]) == ([len(series)], [len(series)])
    hidden = {1, 2, 3} - set(series) if series or "images" not in parts else set()
    told = [answer.content for way, answer in answers.items() if study not in way]
    assert not [number for number in hidden for each in told if f"{study}.{number}".encode() in each]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_search_tells_of_a_study_an_image_of_the_series_that_was_shared(world: World, colours: str, number: int) -> None:
    study = world.studies["COLOURS"]
    world.share("COLOURS", mask=False, series=[{"exam": colours, "series": [f"{study}.{number}"]}])
    with world.client("recipient") as recipient:
        (told,) = recipient.get("/dicom-web/studies?includefield=0020000E,00080018").json()
        assert told["0020000E"]["Value"] == [f"{study}.{number}"]
        assert told["00080018"]["Value"] == [f"{study}.{number}.1"]


def test_what_the_hospital_made_itself_stays_where_nobody_knows_which_series_it_shows(world: World, colours: str) -> None:
    study, way = world.studies["COLOURS"], f"/api/v1/exams/{colours}"
    page, blue = _in_colour("PDF"), base64.b64encode(_in_colour("JPEG")).decode()
    _report_in_words(world, pdf=base64.b64encode(page).decode(), picture=blue)
    green = [{"exam": colours, "series": [f"{study}.1"]}]
    share = world.share("COLOURS", mask=False, series=green)
    answers = dict(_everything(world, share, colours, study))
    assert set().union(*map(_colours_in, answers.values())) == {"green"}
    told = answers[f"{way}/report"].json()
    assert (told["own_pdf"], told["picture"], "没有随分享提供" in told["notice"]) == (False, False, True)
    assert answers[f"{way}/report/picture"].status_code == 404
    world.share("COLOURS", mask=False, parts=[{"exam": colours, "parts": ["report"]}])
    with world.client("recipient") as recipient:
        assert recipient.get(f"{way}/report.pdf").content == page, "its report, as the hospital made it"
        assert "notice" not in recipient.get(f"{way}/report").json()


def test_a_report_printed_before_does_not_stand_in_for_one_of_fewer_pictures(world: World, colours: str) -> None:
    way = f"/api/v1/exams/{colours}/report.pdf"
    _report_in_words(world)
    prints = []
    for series in ((), (1,), (3,), (1,)):
        chosen = {"series": [{"exam": colours, "series": [f"{world.studies['COLOURS']}.{each}" for each in series]}]}
        world.share("COLOURS", mask=False, **(chosen if series else {}))
        with world.client("recipient") as recipient:
            prints.append(recipient.get(way))
    assert [_colours_in(each) for each in prints] == [{"blue"}, {"green"}, {"magenta"}, {"green"}]
    assert prints[1].headers["etag"] == prints[3].headers["etag"], "made once for the same choice"
    assert len({each.headers["etag"] for each in prints}) == 3


def _report_in_words(world: World, **files: str) -> None:
    with world.client("hospital") as his:
        sent = his.put(f"/api/v1/hospital/exams/{MARKER}-COLOURS/report", json={**WORDS, **files})
        assert sent.status_code == 200, sent.text


def _in_colour(kind: str) -> bytes:
    """A file of a picture of the second series."""
    target = io.BytesIO()
    Image.new("RGB", (200, 150), COLOURS["blue"]).save(target, kind)
    return target.getvalue()


def _everything(world: World, share: dict[str, Any], exam: str, study: str) -> Iterator[tuple[str, httpx.Response]]:
    """Each address that a recipient could ask for, and what it answered."""
    page = "/s/" + share["url"].rpartition("/s/")[2]
    more = ("/report/picture", "/films/1.dcm", "/films/1.jpg?width=300", "/films/2.jpg")
    with world.client("recipient") as recipient:
        browser = {"Accept": "text/html", "Cookie": f"cloudfilm_session={world.tokens['recipient']}"}
        landing = recipient.get(page, headers=browser)
        yield page, landing
        linked = {
            link for link in re.findall(r'(?:src|href)="([^"]+)"', landing.text) if link.startswith(("/api", "/dicom", page))
        }
        named = recipient.get(f"/api/v1/exams/{exam}").json()["studies"]
        ways = {*(f"/api/v1/exams/{exam}{way}" for way in (*WAYS, *more)), *linked, "/api/v1/exams"}
        ways |= {f"/dicom-web/{level}?includefield=all" for level in ("studies", "series", "instances")}
        for way in sorted(ways):
            yield way, recipient.get(way)
        for uid in {study, *named}:
            for way in _of_study(recipient, uid, study):
                yield way, recipient.get(way)
    with world.client("patient") as patient:
        made = patient.post(f"/api/v1/shares/{share['id']}/shlink", json={})
        assert made.status_code == 201, made.text
    with httpx.Client(timeout=60) as app:
        receiver = Receiver(made.json()["shlink"], app)
        for file in receiver.files(receiver.manifest(share["passcode_digits"])):
            yield file.content_type, httpx.Response(200, headers={"content-type": "application/json"}, content=file.content)


def _of_study(recipient: httpx.Client, uid: str, study: str) -> Iterator[str]:
    """What lies below a study by the UIDs that it tells, and by those that it has here."""
    top = f"/dicom-web/studies/{uid}"
    yield from (top, f"{top}/metadata", f"{top}/rendered", f"{top}/thumbnail", f"{top}/series", f"{top}/instances")
    found = recipient.get(f"{top}/instances")
    told = [(row["0020000E"]["Value"][0], row["00080018"]["Value"][0]) for row in (found.json() if found.content else [])]
    for series, sop in {*told, *((f"{study}.{number}", f"{study}.{number}.1") for number in (1, 2, 3))}:
        yield f"/wado?requestType=WADO&studyUID={uid}&seriesUID={series}&objectUID={sop}"
        for below in (f"{top}/series/{series}", f"{top}/series/{series}/instances/{sop}"):
            yield from (below, f"{below}/metadata", f"{below}/rendered", f"{below}/thumbnail")
        yield f"{top}/series/{series}/instances/{sop}/frames/1/rendered"


def _colours_in(answer: httpx.Response) -> set[str]:
    """Which series' colour is in any picture of an answer."""
    if answer.status_code != 200:
        return set()
    return set().union(*(_colours_of(picture) for picture in _pictures(answer.content)), set())


def _pictures(content: bytes) -> Iterator[NDArray[np.uint8]]:
    """Every picture that some bytes hold, in whatever they are wrapped."""
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as taken:
            for name in taken.namelist():
                yield from _pictures(taken.read(name))
    elif content[:4] == b"%PDF":
        document = pypdfium2.PdfDocument(content)
        for page in document:
            yield np.asarray(page.render(scale=1).to_pil().convert("RGB"))
            for drawn in page.get_objects(filter=(pypdfium2.raw.FPDF_PAGEOBJ_IMAGE,)):
                yield np.asarray(drawn.get_bitmap().to_pil().convert("RGB"))
    elif content[128:132] == b"DICM":
        data_set = pydicom.dcmread(io.BytesIO(content))
        if "PixelData" in data_set:
            yield data_set.pixel_array
    elif content[:2] == b"--":
        boundary = content.split(b"\r\n", 1)[0]
        for part in content.split(boundary)[1:-1]:
            yield from _pictures(part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n"))
    elif content[:3] == b"\xff\xd8\xff" or content[:4] == b"\x89PNG":
        yield np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def _colours_of(picture: NDArray[np.uint8]) -> set[str]:
    if picture.ndim != 3:
        return set()
    step = max(1, max(picture.shape[:2]) // LONGEST_SIDE)
    picture = picture[::step, ::step]
    far = {name: np.abs(picture.astype(int) - colour).max(axis=2) for name, colour in COLOURS.items()}
    return {name for name, each in far.items() if (each < 70).sum() > ENOUGH}

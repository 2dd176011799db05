"""Taking an exam along: one ZIP of a length that is known before, the original bytes in it, and nobody else's."""

from __future__ import annotations

import asyncio
import io
import re
import zipfile
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pydicom
import pytest

from core.clock import now
from core.grants import Role
from core.uids import uuid7
from identity.models import Binding, Person
from identity.sessions import issue
from infra.database import close_database, open_database
from infra.settings import Settings, from_environ
from records.models import PatientRecord
from tests.parts.site import SERIES_OF_THREE, Site
from tests.parts.visitor import Visitor
from tests.records import pages

STUDY, SERIES = SERIES_OF_THREE
TOLD = {
    "patient_id": "D1",
    "category": "radiology",
    "modality": "CT",
    "item": "胸部CT",
    "performed_at": "2026-01-02T08:00:00+08:00",
}
REPORT = {"status": "final", "findings": "双肺纹理清晰。", "impression": "未见异常。", "reporting_doctor": "张医生"}


@dataclass
class World:
    """Patient D1 of the site's hospital with an exam of two studies, a report and a page of film."""

    site: Site
    exam: str
    empty: str
    token: str
    stranger: str

    def get(self, path: str, token: str = "", **headers: str) -> httpx.Response:
        url = f"{self.site.installation.url}/api/v1/exams/{path}"
        said = {"Authorization": f"Bearer {token or self.token}", **headers}
        return httpx.get(url, headers=said, timeout=60, verify=False)

    def files(self, query: str = "") -> dict[str, bytes]:
        answer = self.get(f"{self.exam}/download.zip{query}")
        assert answer.status_code == 200, answer.text
        assert int(answer.headers["content-length"]) == len(answer.content)
        with zipfile.ZipFile(io.BytesIO(answer.content)) as opened:
            assert opened.testzip() is None
            return {name: opened.read(name) for name in opened.namelist()}


@pytest.fixture(scope="module")
def world(site: Site) -> Iterator[World]:
    with site.client() as client:
        base = "/api/v1/hospital"
        who = {"name": "下载测试", "sex": "F", "birth_date": "1980-02-03"}
        assert client.put(f"{base}/patients/D1", json=who).status_code == 201
        studies = [STUDY, str(site.data_set("report").StudyInstanceUID)]
        exam = client.put(f"{base}/exams/DL1", json={**TOLD, "study_uids": studies}).json()["id"]
        assert client.put(f"{base}/exams/DL1/report", json=REPORT).status_code == 201
        assert client.post(f"{base}/films", params={"accession": "DL1"}, content=pages.jpeg(77)).status_code == 201
        empty = client.put(f"{base}/exams/DL2", json=TOLD).json()["id"]
    settings = from_environ({"CLOUDFILM_HOME": str(site.installation.home)})
    token, stranger = (asyncio.run(opened(settings, person(settings, bound=bound))) for bound in (True, False))
    yield World(site, exam, empty, token, stranger)


async def opened(settings: Settings, work: Coroutine[Any, Any, str]) -> str:
    await open_database(settings)
    try:
        return await work
    finally:
        await close_database()


async def person(settings: Settings, *, bound: bool) -> str:
    """A token of somebody new, who is D1 or nobody."""
    made = await Person.create(id=uuid7(), created_at=now())
    if bound:
        record = await PatientRecord.get(hospital_id="demo", patient_id="D1")
        said: dict[str, Any] = {"kind": "id_card", "masked_value": "*", "factors": [], "proved_at": now()}
        live = f"{made.id}:{record.id}"
        await Binding.create(id=uuid7(), person_id=made.id, hospital_id="demo", record_id=record.id, live=live, **said)
    life = timedelta(hours=1)
    return await issue(settings.keys, role=Role.PATIENT, hospital=None, subject=made.id, life=life, now=now())


def test_the_zip_holds_the_very_files_that_were_sent_and_all_that_belongs_to_them(world: World) -> None:
    files = world.files()
    assert {"说明.txt", "DICOMDIR", "检查报告.pdf", "胶片/第1页.jpg"} < set(files)
    originals = {content for name, content in files.items() if name.startswith("DICOM/")}
    assert originals == {world.site.files[name] for name in ("slice 1", "slice 2", "slice 3", "report")}
    assert files["检查报告.pdf"].startswith(b"%PDF-") and files["胶片/第1页.jpg"].startswith(b"\xff\xd8")
    readme = files["说明.txt"].decode("utf-8-sig")
    assert "胸部CT" in readme and "共 4 个文件" in readme and "2026年1月2日 上午8:00" in readme and "下载测试" not in readme


def test_the_directory_names_every_file_and_what_it_is(world: World) -> None:
    files = world.files()
    directory = pydicom.dcmread(io.BytesIO(files["DICOMDIR"]))
    named = {"/".join(item.ReferencedFileID): item for item in directory.DirectoryRecordSequence if "ReferencedFileID" in item}
    assert set(named) == {name for name in files if name.startswith("DICOM/")}
    for name, item in named.items():
        said = pydicom.dcmread(io.BytesIO(files[name]))
        assert (item.ReferencedSOPInstanceUIDInFile, item.ReferencedTransferSyntaxUIDInFile) == (
            said.SOPInstanceUID,
            said.file_meta.TransferSyntaxUID,
        )
        assert all(len(part) <= 8 for part in Path(name).parts)
    kinds = [item.DirectoryRecordType for item in directory.DirectoryRecordSequence]
    assert (kinds.count("IMAGE"), kinds.count("SR DOCUMENT"), kinds.count("STUDY")) == (3, 1, 2)


def test_the_size_is_known_before_it_begins(world: World) -> None:
    told = world.get(f"{world.exam}/download").json()
    whole = world.get(f"{world.exam}/download.zip")
    assert told["bytes"] == len(whole.content) == int(whole.headers["content-length"])
    assert (told["series"][0]["uid"], told["series"][0]["count"]) == (SERIES, 3)
    assert told["series"][0]["bytes"] == sum(len(world.site.files[f"slice {n}"]) for n in (1, 2, 3))
    assert told["report"]["bytes"] > 1000 and [page["n"] for page in told["films"]] == [1]
    head = httpx.head(str(whole.url), headers={"Authorization": f"Bearer {world.token}"}, verify=False, timeout=60)
    assert head.headers["content-length"] == whole.headers["content-length"]


def test_one_series_is_that_series_under_the_same_names(world: World) -> None:
    everything, some = world.files(), world.files(f"?series={SERIES}")
    assert set(some) == {"说明.txt", "DICOMDIR", *(f"DICOM/SE000001/IM00000{n}" for n in (1, 2, 3))}
    assert all(some[name] == everything[name] for name in some if name.startswith("DICOM/"))


def test_a_broken_download_goes_on_where_it_stopped(world: World) -> None:
    whole = world.get(f"{world.exam}/download.zip")
    middle = len(whole.content) // 2
    rest = world.get(f"{world.exam}/download.zip", **{"Range": f"bytes={middle}-", "If-Range": whole.headers["etag"]})
    assert rest.status_code == 206 and whole.content[:middle] + rest.content == whole.content


def test_an_exam_without_anything_is_a_word_on_that(world: World) -> None:
    told = world.get(f"{world.empty}/download").json()
    assert (told["series"], told["films"], told["report"]) == ([], [], None)
    with zipfile.ZipFile(io.BytesIO(world.get(f"{world.empty}/download.zip").content)) as zipped:
        assert zipped.namelist() == ["说明.txt"] and "没有可以下载" in zipped.read("说明.txt").decode("utf-8-sig")


@pytest.mark.parametrize("query, status", [("?series=1.2.3", 404), ("?series=x", 422), ("?serie=1", 422)])
def test_what_is_not_a_series_of_it_is_not_there(world: World, query: str, status: int) -> None:
    assert world.get(f"{world.exam}/download.zip{query}").status_code == status


def test_a_stranger_finds_nothing(world: World) -> None:
    for path in ("download", "download.zip"):
        refused = world.get(f"{world.exam}/{path}", world.stranger)
        nowhere = world.get(f"{uuid7()}/{path}", world.stranger)
        assert (refused.status_code, refused.content) == (404, nowhere.content)


def test_who_downloaded_it_is_on_record(world: World) -> None:
    world.files()
    seen = world.get(f"{world.exam}/access-log").json()["items"]
    assert {"self"} == {each["who"] for each in seen if each["what"] == "download"}


def shown_code(world: World) -> tuple[str, str]:
    """The path and the code that the phone shows."""
    url = f"{world.site.installation.url}/api/v1/exams/{world.exam}/pc-download"
    made = httpx.post(url, headers={"Authorization": f"Bearer {world.token}"}, verify=False, timeout=60)
    assert made.status_code == 201, made.text
    address, code = made.json()["address"], made.json()["code"]
    assert len(code) == 8 and address.startswith(f"{world.site.installation.url}/pc/")
    return address.removeprefix(world.site.installation.url), code


def test_a_computer_gets_the_exam_for_the_code_on_the_phone(world: World) -> None:
    path, code = shown_code(world)
    with Visitor(world.site.installation.url) as computer:
        assert "胸部CT" not in computer.open(path).text
        page = computer.send("code", code=f"{code[:4]} {code[4:]}")
        assert page.status_code == 200 and "胸部CT" in page.text and "下载测试" not in page.text
        links = re.findall(r'href="(/api/v1/[^"]+)"', page.text)
        assert len(links) == 3
        for link in links:
            with zipfile.ZipFile(io.BytesIO(computer.client.get(link).content)) as opened:
                assert opened.testzip() is None and "说明.txt" in opened.namelist()
        listed = computer.client.get("/api/v1/exams").json()["items"]
        assert [each["id"] for each in listed] == [world.exam]  # that exam, and nothing else of the person
        assert computer.client.get(f"/api/v1/exams/{world.empty}/download.zip").status_code == 404
        computer.send("leave")
        assert "胸部CT" not in computer.text
        assert computer.client.get(links[0]).status_code == 401
    with Visitor(world.site.installation.url) as other:
        other.open(path)
        assert other.send("code", code=code).status_code == 403  # it was used


def test_five_wrong_codes_and_the_right_one_is_worth_nothing(world: World) -> None:
    path, code = shown_code(world)
    wrong = f"{(int(code) + 1) % 10**8:08}"
    for _ in range(5):  # each from another browser
        with Visitor(world.site.installation.url) as computer:
            computer.open(path)
            assert computer.send("code", code=wrong).status_code == 403
    with Visitor(world.site.installation.url) as computer:
        computer.open(path)
        refused = computer.send("code", code=code)
        assert refused.status_code == 403 and "胸部CT" not in refused.text
        computer.open("/pc/2222")
        unknown = computer.send("code", code=code)
        assert (unknown.status_code, without_form(unknown.text, "2222")) == (403, without_form(refused.text, path[4:]))


def without_form(page: str, handle: str) -> str:
    """The page but for the value of its form and its own address."""
    return re.sub(r'value="[^"]{22}"', "", page).replace(handle, "")


def test_a_browser_has_five_tries_in_ten_minutes_whatever_the_address(world: World) -> None:
    with Visitor(world.site.installation.url) as computer:
        statuses = []
        for _ in range(6):
            computer.open("/pc/3333")
            statuses.append(computer.send("code", code="12345678").status_code)
    assert statuses == [403] * 5 + [429]


def test_of_many_that_type_the_right_code_at_once_one_gets_in(world: World) -> None:
    path, code = shown_code(world)
    computers = [Visitor(world.site.installation.url) for _ in range(4)]
    for computer in computers:
        computer.open(path)
    with ThreadPoolExecutor(len(computers)) as many:
        pages_shown = list(many.map(lambda computer: computer.send("code", code=code), computers))
    for computer in computers:
        computer.client.close()
    assert sorted(each.status_code for each in pages_shown) == [200, 403, 403, 403]

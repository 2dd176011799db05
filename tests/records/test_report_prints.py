"""Reports as PDF on both databases: one print for the same words, however many ask at once; other words, another print."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
import pytest

from archive import documents
from archive.replicas import Replicas
from core.errors import NotFound, Unreadable
from films import a4
from films.a4 import Paper, Section
from infra.settings import Settings
from infra.signing import DemoSigners, no_signer, plugged_in
from records import films, report_files, report_prints
from records.films import PageMade
from records.models import Exam, FilmSource, Hospital, ReportPrint
from records.report_picture import Only
from records.report_prints import Press, check_subject, printed, report_and_record
from tests.records import pages
from tests.records.saying import NOW, SEALER, STUDY_UID, receive_study, say_exam, say_patient, say_report

pytestmark = pytest.mark.usefixtures("hospital")
CELL = {"x": 100, "y": 200, "width": 300, "height": 400, "study": STUDY_UID, "series": "1", "instance": "2", "frame": 1}


class Here:
    """What would be asked of a limited child is done here."""

    async def call(self, function: str, /, **arguments: Any) -> Any:
        return getattr(report_files, function.partition(":")[2])(**arguments)


async def check_url(_hospital: str, subject: str) -> str:
    return f"https://film.example.org/s/{subject}"


@pytest.fixture
def press(replicas: Replicas) -> Press:
    return Press(replicas, Here(), no_signer, check_url)


@pytest.fixture
async def report(hospital: Hospital) -> str:
    """Our id of a final report."""
    await say_patient()
    await receive_study()
    await say_exam(item="胸部CT")
    return (await say_report(findings="脂肪肝")).id


async def pdf(press: Press, kept: ReportPrint) -> bytes:
    return (await report_prints.content_of(press.replicas, "demo", kept.document_id))[1]


def text(content: bytes) -> str:
    document: Sequence[Any] = pypdfium2.PdfDocument(content)
    return "".join(page.get_textpage().get_text_bounded() for page in document)


async def test_however_many_ask_at_once_there_is_one_print(press: Press, report: str) -> None:
    found = await asyncio.gather(*(printed(press, report, NOW) for _ in range(5)))
    assert len({each.document_id for each in found}) == await ReportPrint.all().count() == 1
    assert "脂肪肝" in text(await pdf(press, found[0]))


async def test_other_words_on_it_make_another_print_and_the_old_one_is_kept(press: Press, report: str) -> None:
    first = await printed(press, report, NOW)
    await say_patient(name="张三丰")
    second = await printed(press, report, NOW)
    assert first.document_id != second.document_id and "张三丰" in text(await pdf(press, second))
    assert "张三丰" not in text(await pdf(press, first))


async def test_a_broken_copy_of_a_print_is_answered_from_a_good_one(press: Press, database: Settings, report: str) -> None:
    kept = await printed(press, report, NOW)
    content = await pdf(press, kept)
    document = await documents.get("demo", kept.document_id)
    path = database.home / "stores" / "1" / document.key
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert await pdf(press, kept) == content


async def test_a_withdrawn_report_and_one_without_patient_are_not_printed(press: Press, report: str) -> None:
    withdrawn = await say_report(status="withdrawn")
    await say_exam("A2", "P9")
    waiting = await say_report("A2", findings="…")
    for each in (withdrawn.id, waiting.id, check_subject(report, report)[:36]):
        with pytest.raises(NotFound):
            await printed(press, each, NOW)


async def test_the_middle_image_of_the_film_stands_on_it(press: Press, replicas: Replicas, report: str) -> None:
    exam = await Exam.get(accession="A1")
    await films.keep_made(replicas, exam.id, FilmSource.MADE, "1x1", [PageMade(pages.shades(3), [CELL])], NOW)
    content = await pdf(press, await printed(press, report, NOW))
    assert "胶片中的一幅图像" in text(content).replace("\n", "")


async def test_who_gets_no_pictures_gets_none_and_the_hospitals_own_file_only_as_part_of_its_report(
    press: Press, replicas: Replicas, report: str
) -> None:
    exam = await Exam.get(accession="A1")
    await films.keep_made(replicas, exam.id, FilmSource.MADE, "1x1", [PageMade(pages.shades(3), [CELL])], NOW)
    none, theirs = Only(frozenset(), as_sent=True), Only(frozenset({(STUDY_UID, "1")}), as_sent=False)
    words = [text(await pdf(press, await printed(press, report, NOW, only))) for only in (none, theirs, None)]
    assert ["胶片中的一幅图像" in each.replace("\n", "") for each in words] == [False, True, True]
    own = a4.pdf(Paper("医院", "标题", "1", [], [Section("所见", "医院自己的纸")], [], "", []), NOW, None)
    sent = await say_report(status="corrected", pdf=own)
    assert await pdf(press, await printed(press, sent.id, NOW, none)) == own
    said = text(await pdf(press, await printed(press, sent.id, NOW, theirs))).replace("\r\n", "")
    assert "医院自己的纸" not in said and "没有随分享提供" in said


async def test_a_pdf_that_may_do_harm_is_never_handed_out(press: Press, report: str) -> None:
    harmful = await say_report(status="corrected", findings="结节", pdf=b"%PDF-1.4 /JavaScript")
    content = await pdf(press, await printed(press, harmful.id, NOW))
    assert b"/JavaScript" not in content and "结节" in text(content)
    with pytest.raises(Unreadable):
        report_files.require_pdf(b"%PDF-1.4 /JavaScript")


async def test_the_seal_is_made_once_and_another_hospital_has_its_own(tmp_path: Path, replicas: Replicas, report: str) -> None:
    signers = [DemoSigners(tmp_path, SEALER) for _ in range(2)]
    ours = [each("demo", "示范医院") for each in signers]
    other = signers[0]("demo2", "第二医院")
    assert ours[0] and ours[1] and other
    assert ours[0].fingerprint == ours[1].fingerprint != other.fingerprint
    assert b"PRIVATE" not in (tmp_path / "demo.seal").read_bytes()
    content = await pdf(press := Press(replicas, Here(), signers[0], check_url), await printed(press, report, NOW))
    assert content.count(b"/ETSI.CAdES.detached") == 1 and io.BytesIO(content).read(5) == b"%PDF-"
    assert "演示专用" in text(content)


def test_what_a_code_stands_for_comes_back(hospital: Hospital) -> None:
    one, two = "01a1fe90-2855-7e85-acbd-130169bfc5cc", "01a1fe91-2855-7e85-acbd-130169bfc5cd"
    assert report_and_record(check_subject(one, two)) == (one, two)
    assert len(check_subject(one, two)) == 64


def test_signers_of_a_plug_in_are_found_by_name(hospital: Hospital) -> None:
    assert plugged_in("infra.signing:no_signer") is no_signer

"""A report on A4: its words come out as they went in, whatever a doctor writes, over as many pages as it takes."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import UTC, datetime

import pypdfium2  # type: ignore[import-untyped]
import pytest
from PIL import Image

from films import a4
from films.a4 import Entry, Paper, Picture, Seal, Section

DATED = datetime(2026, 11, 1, 3, 2, tzinfo=UTC)
RARE = "㛃䶮𬭎𫖯"
A4_POINTS = (595, 842)
PAPER = Paper(
    hospital="示范医院",
    title="CT 检查报告单",
    number="20261101-7F3A91C2",
    identity=(Entry("姓名", RARE), Entry("检查号", "CT7"), Entry("检查项目", "胸部平扫", wide=True)),
    sections=(
        Section("影像所见", "两肺纹理清晰，右肺见结节，约 6 mm×5 mm。"),
        Section("诊断意见", "1. 右肺结节。\n2. 脂肪肝。"),
    ),
    signatures=(Entry("报告医师", "李明"),),
    running=f"姓名：{RARE}",
    notes=("本报告供临床医师参考，请结合临床。",),
    check_url="https://film.example.org/s/1",
    seal=Seal("示范医院", "演示专用", "已签名。"),
)


def document(paper: Paper, picture: Picture | None = None) -> pypdfium2.PdfDocument:
    return pypdfium2.PdfDocument(a4.pdf(paper, DATED, picture))


def words(pages: pypdfium2.PdfDocument) -> str:
    return re.sub(r"[\s\u200b]", "", "".join(page.get_textpage().get_text_bounded() for page in pages))


def with_findings(text: str) -> Paper:
    return replace(PAPER, sections=(Section("影像所见", text), PAPER.sections[1]))


def test_every_word_can_be_read_out_of_it_rare_letters_too() -> None:
    pages = document(PAPER)
    assert [round(side) for side in pages[0].get_size()] == list(A4_POINTS)
    text = words(pages)
    for said in (RARE, "示范医院", "CT检查报告单", "影像所见", "约6mm×5mm", "1.右肺结节。", "李明", "第1页共1页"):
        assert said in text
    assert a4.NO_LETTER not in text


def test_it_has_a_title_a_language_and_tags_and_is_pdf_a() -> None:
    content = a4.pdf(PAPER, DATED)
    pages = pypdfium2.PdfDocument(content)
    assert pages.get_metadata_value("Title") == "CT 检查报告单 20261101-7F3A91C2"
    assert pages.is_tagged()
    for mark in (b"/Lang", b"<pdfaid:part>2</pdfaid:part>", b"<pdfuaid:part>1</pdfuaid:part>"):
        assert mark in content


def test_the_same_paper_gives_the_same_bytes_and_another_one_others() -> None:
    other = replace(PAPER, number="2")
    assert a4.pdf(PAPER, DATED) == a4.pdf(PAPER, DATED) != a4.pdf(other, DATED)
    assert PAPER.sha256 == replace(PAPER).sha256 != other.sha256


def test_a_long_report_goes_on_over_pages_that_say_whose_they_are() -> None:
    lines = [f"第{number}层见结节，边界清。" for number in range(200)]
    pages = document(with_findings("\n".join(lines)))
    assert len(pages) > 3
    text = words(pages)
    assert all(line in text for line in lines)
    assert f"第{len(pages)}页共{len(pages)}页" in text
    assert text.count(f"姓名：{RARE}") == len(pages)


def test_a_short_conclusion_is_not_torn_over_two_pages() -> None:
    for lines in range(18, 36):
        pages = document(with_findings("\n".join(["两肺清晰。"] * lines)))
        both = [page for page in pages if "1.右肺结节。" in words([page]) and "2.脂肪肝。" in words([page])]
        assert len(both) == 1, lines


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("𠮷田", "〓田"),
        ("笑🙂脸", "笑〓脸"),
        ("一\x07二\u200b三", "一二三"),
        ("*重* _点_ #set text(fill: red) $x$ @r <label> \\ `c` //", "*重*_点_#settext(fill:red)$x$@r<label>\\`c`//"),
        ("a" * 900, "a" * 900),
        ("㎜ ∠30° ≥5 Ⅱ级 ①", "㎜∠30°≥5Ⅱ级①"),
        ("", ""),
    ],
)
def test_whatever_is_written_is_set_and_is_never_a_command(written: str, shown: str) -> None:
    text = words(document(with_findings(written)))
    assert shown in text
    assert ("字库中没有的字" in text) == ("〓" in shown)


def test_a_head_of_any_number_of_entries_is_set() -> None:
    for number in range(9):
        paper = replace(
            PAPER, identity=(*(Entry(f"项{each}", "值") for each in range(number)), Entry("检查项目", "胸部", wide=True))
        )
        assert "检查项目：胸部" in words(document(paper))


@pytest.mark.parametrize(("kind", "media_type", "mode"), [("JPEG", "image/jpeg", "L"), ("PNG", "image/png", "RGBA")])
def test_a_picture_takes_at_most_a_third_of_the_page(kind: str, media_type: str, mode: str) -> None:
    buffer = io.BytesIO()
    Image.new(mode, (300, 900)).save(buffer, kind)
    page = document(PAPER, Picture(buffer.getvalue(), media_type, "附图", "附图"))[0]
    pictures = [each.get_bounds() for each in page.get_objects() if each.type == pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]
    heights = [top - bottom for _, bottom, _, top in pictures]
    assert len(heights) == 1 and 0.2 * A4_POINTS[1] < heights[0] <= A4_POINTS[1] / 3
    assert "附图" in words([page])

"""What changed between two versions, so that nobody overlooks it: nothing is lost, nothing is made up."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.uids import uuid7
from records.models import Report, ReportStatus
from records.report_changes import Op, base_of, compared

LETTERS = st.text(alphabet="左右肺上叶。；，\n未见结节骨折 12mm", max_size=60)
FINAL, PRELIMINARY, CORRECTED, WITHDRAWN = (
    ReportStatus.FINAL,
    ReportStatus.PRELIMINARY,
    ReportStatus.CORRECTED,
    ReportStatus.WITHDRAWN,
)


def marked(old: str, new: str) -> str:
    signs = {Op.SAME: "{}", Op.ADDED: "+{}+", Op.REMOVED: "-{}-"}
    return "".join(signs[piece.op].format(piece.text) for piece in compared(old, new))


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("右肺上叶见结节。", "左肺下叶见结节。", "-右肺上叶-+左肺下叶+见结节。"),
        ("未见骨折。", "可见骨折。", "-未见-+可见+骨折。"),
        ("约 6 mm。", "约 8 mm。", "约 -6 mm-+8 mm+。"),
        ("两肺清晰。", "两肺清晰。建议复查。", "两肺清晰。+建议复查。+"),
        ("两肺清晰。脂肪肝。", "两肺清晰。", "两肺清晰。-脂肪肝。-"),
        ("", "脂肪肝。", "+脂肪肝。+"),
        ("脂肪肝。", "", "-脂肪肝。-"),
        ("脂肪肝。", "脂肪肝。", "脂肪肝。"),
    ],
)
def test_changes_are_shown_by_words_as_people_read_them(old: str, new: str, shown: str) -> None:
    assert marked(old, new) == shown


@settings(max_examples=150, deadline=None)
@given(LETTERS, LETTERS)
def test_both_texts_can_be_read_out_of_the_pieces(old: str, new: str) -> None:
    pieces = compared(old, new)
    assert "".join(piece.text for piece in pieces if piece.op is not Op.REMOVED) == new.strip()
    assert "".join(piece.text for piece in pieces if piece.op is not Op.ADDED) == old.strip()


def test_endless_texts_are_shown_as_taken_away_and_put_there() -> None:
    old, new = "未见异常。" * 3000, "见异常。" * 3000
    assert [piece.op for piece in compared(old, new)] == [Op.REMOVED, Op.ADDED]


@pytest.mark.parametrize(
    ("statuses", "preliminary", "base"),
    [
        ([FINAL, CORRECTED], False, 1),
        ([PRELIMINARY, FINAL], False, None),
        ([PRELIMINARY, FINAL], True, 1),
        ([FINAL, PRELIMINARY, CORRECTED], False, 1),
        ([FINAL, WITHDRAWN, FINAL], False, None),
        ([FINAL, WITHDRAWN, FINAL, CORRECTED], False, 3),
        ([FINAL], False, None),
    ],
)
def test_it_is_compared_with_what_this_reader_could_read(
    statuses: list[ReportStatus], preliminary: bool, base: int | None
) -> None:
    versions = [Report(id=uuid7(), version=number, status=status) for number, status in enumerate(statuses, 1)]
    found = base_of(versions[-1], versions, preliminary=preliminary)
    assert (found.version if found else None) == base

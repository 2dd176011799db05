"""Identifiers: DICOM's as PS3.5 wants them, ours unique and in the order of time."""

from __future__ import annotations

import subprocess
import sys
import uuid

import pytest

from core import uids
from core.errors import Malformed
from core.uids import is_uid, new_uid, require_uid, row_id, uuid7

GOOD = ["1.2", "1.2.840.10008.1.2", "0.0", "2.25." + "9" * 39, "1.02.3", "1." + "2" * 62]
BAD = [
    "",
    "1",
    "1.",
    ".1",
    "1..2",
    "1.2 ",
    " 1.2",
    "1.2\n",
    "1.a",
    "1/2",
    "..",
    "1.2/../3",
    "1.٢",
    "1.²",
    "1." + "2" * 63,
    "-1.2",
]


@pytest.mark.parametrize("text", GOOD)
def test_a_uid_is_digits_and_dots(text: str) -> None:
    assert is_uid(text)
    assert require_uid(text, "StudyInstanceUID") == text


@pytest.mark.parametrize("text", BAD)
def test_anything_else_is_none(text: str) -> None:
    assert not is_uid(text)
    with pytest.raises(Malformed, match="StudyInstanceUID is not a UID"):
        require_uid(text, "StudyInstanceUID")


def test_new_uids_are_uids_and_differ() -> None:
    made = {new_uid() for _ in range(1000)}
    assert len(made) == 1000
    assert all(is_uid(uid) for uid in made)


def test_uuid7_is_one_and_follows_time(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = []
    for millisecond in range(1, 100):
        monkeypatch.setattr("core.uids.time.time_ns", lambda at=millisecond: at * 1_000_000)
        texts.append(uuid7())
    assert texts == sorted(texts)
    assert {(uuid.UUID(text).version, uuid.UUID(text).variant) for text in texts} == {(7, uuid.RFC_4122)}


def test_row_ids_never_repeat_and_follow_time() -> None:
    made = [row_id() for _ in range(100_000)]
    assert made == sorted(set(made))
    assert all(0 < each < 2**63 for each in made)


def test_row_ids_grow_although_the_clock_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = row_id()
    monkeypatch.setattr("core.uids.time.time_ns", lambda: 1_600_000_000_000_000_000)
    after = [row_id() for _ in range(10)]
    assert after == sorted(set(after))
    assert after[0] > before


def test_row_ids_last_for_the_longest_retention(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uids, "_last_row_id", 0)
    monkeypatch.setattr("core.uids.time.time_ns", lambda: 3_700_000_000_000_000_000)  # the year 2087
    assert 0 < row_id() < 2**63


def test_two_processes_hardly_ever_meet() -> None:
    code = "from core.uids import row_id; print(*(row_id() for _ in range(2000)))"
    processes = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(2)]
    one, other = (set(process.communicate()[0].split()) for process in processes)
    assert len(one) == len(other) == 2000
    assert not one & other

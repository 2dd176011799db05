"""Logs: JSON lines with request ids, readable stderr, and nobody's personal data in either."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra import logs
from infra.jsonlines import OLD_FILES_KEPT, JsonLines
from infra.redaction import HIDDEN, redact

UID = "1.2.840.113619.2.55.3.604688119.969.1268071029.320"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Logging to a temporary folder, and as it was afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    logs.configure("server-1", tmp_path)
    yield tmp_path
    logs.close()
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(False)


def lines(folder: Path) -> list[dict[str, Any]]:
    logs.close()
    return [json.loads(line) for line in (folder / "server-1.log").read_text().splitlines()]


def test_a_line_has_time_level_process_logger_message_request_and_extras(folder: Path) -> None:
    token = logs.request_id.set("0199-abc")
    logging.getLogger("archive.ingest").info("stored %d instances", 3, extra={"milliseconds": 12})
    logs.request_id.reset(token)
    (line,) = lines(folder)
    assert line.pop("at").endswith("Z")
    assert line == {
        "level": "INFO",
        "process": "server-1",
        "logger": "archive.ingest",
        "message": "stored 3 instances",
        "request": "0199-abc",
        "milliseconds": 12,
    }


def test_personal_data_is_redacted_in_messages_extras_and_tracebacks(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError("no patient 110101199003071234")
    except ValueError as error:
        logs.unforeseen("r-1", error)
    logging.getLogger("api").warning("sent to %s", "13800138000", extra={"who": "+86 139 1234 5678"})
    text = json.dumps(lines(folder)) + capsys.readouterr().err
    assert "ValueError" in text
    assert "Traceback" in text
    for secret in ("110101199003071234", "13800138000", "1234 5678"):
        assert secret not in text


def test_foreign_packages_are_heard_from_warning_on(folder: Path) -> None:
    logging.getLogger("tortoise.db_client").debug("SELECT name FROM patient WHERE phone='x'")
    logging.getLogger("httpx").info("GET with a query")
    logging.getLogger("httpx").warning("heard")
    assert [line["message"] for line in lines(folder)] == ["heard"]


def test_warnings_are_in_the_file_at_once(folder: Path) -> None:
    logging.getLogger("api").warning("look")
    assert "look" in (folder / "server-1.log").read_text()


def test_access_lines_go_to_the_file_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs.access("GET", f"/dicom-web/studies/{UID}", 200, milliseconds=1.234, size=10, request="r-2")
    (line,) = lines(folder)
    assert (line["path"], line["status"], line["ms"], line["bytes"]) == (f"/dicom-web/studies/{UID}", 200, 1.23, 10)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "text",
    [
        "phone 13800138000.",
        "电话13800138000，已发",
        "tel:+86-138-0013-8000",
        "008613800138000",
        "id 11010119900307123X",
        "record 123456789",
        "Authorization: Bearer abc.def-ghi",
        "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "https://film.example/s/9a8b7c6d5e?x=1",
        "/demo/enter/9a8b7c6d5e",
        "/enter/9a8b7c6d5e?to=viewer",
        "/api/v1/shl/9a8b7c6d5e",
        "/api/v1/shl/9a8b7c6d5e/bundle/1790000000.1.x",
        "shlink:/eyJ1cmwiOiJodHRwczovL2ZpbG0i",
        "redis://:9a8b7c6d5e@127.0.0.1:6379/0",
        "postgres://user:9a8b7c6d5e@db/cloudfilm",
    ],
)
def test_what_looks_personal_or_secret_is_hidden(text: str) -> None:
    hidden = redact(text)
    assert HIDDEN in hidden
    for secret in ("8000", "0307", "123456789", "abc.def", "eyJ", "9a8b7c6d5e"):
        assert secret not in hidden


@pytest.mark.parametrize(
    "text",
    [
        UID,
        "2.25.329800735698586629295641978511506172918",
        f"studies/{UID}/series/1.2.3",
        "01a1f8c9-ad4c-704d-8a8d-109287635181",
        "pid 4194304 died, 20260105, 12345678 bytes",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ],
)
def test_uids_our_ids_and_small_numbers_stay(text: str) -> None:
    assert redact(text) == text


def test_a_file_that_grew_is_put_aside_and_only_so_many_are_kept(tmp_path: Path) -> None:
    file = JsonLines(tmp_path / "a.log", rotate_bytes=20)
    for number in range(10):
        file.write({"number": number}, at_once=True)
    file.write({"number": "last, longer than the limit"})
    file.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["a.log", *(f"a.log.{number}" for number in range(1, OLD_FILES_KEPT + 1))]
    assert (tmp_path / "a.log.1").read_text() == '{"number":"last, longer than the limit"}\n'

"""An exported piece of the trail is checked by a stranger with docs/verify_audit.py alone."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.audit import Entry, Trail
from infra.auditanchor import signer
from infra.auditexport import Piece, json_lines, piece, table
from infra.models import AuditEntry
from infra.settings import Settings

AT = datetime(2026, 11, 20, 8, 30, 15, 123456, tzinfo=UTC)
SCRIPT = Path(__file__).parents[2] / "docs" / "verify_audit.py"


@pytest.fixture
async def trail(database: Settings) -> Trail:
    """One entry a day; the third is counted, the fourth was written before there was a device."""
    trail = Trail(database.keys)
    for day in range(6):
        device = "" if day == 3 else "browser on Windows"
        entry = Entry(
            chain="demo", at=AT + timedelta(days=day), action="read", device=device, detail={"深": [1, None], "=": "=1"}
        )
        row = await trail.record(entry)
        if day == 2:
            await trail.add_counts([(row, 4)])
    return trail


async def exported(trail: Trail, database: Settings, wanted: Piece) -> list[bytes]:
    return [line async for line in json_lines(trail, signer(database.keys), wanted, AT)]


def checked(folder: Path, lines: list[bytes], *arguments: str) -> str:
    """What the script says, empty when it finds nothing wrong."""
    path = folder / "export.jsonl"
    path.write_bytes(b"".join(lines))
    done = subprocess.run([sys.executable, SCRIPT, path, *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout if done.returncode else ""


async def test_a_piece_is_whole_signed_and_each_hash_can_be_computed_again(
    trail: Trail, database: Settings, tmp_path: Path
) -> None:
    wanted = await piece("demo", AT + timedelta(days=1), AT + timedelta(days=5))
    lines = await exported(trail, database, wanted)
    assert (wanted.first, wanted.last, wanted.broken, len(lines)) == (2, 5, None, 6)
    keys = "--public-key", signer(database.keys).public_key, "--chain-key", trail.key_in_hex
    assert checked(tmp_path, lines, *keys) == ""
    assert "signature" in checked(tmp_path, lines, "--public-key", "0" * 64)
    wrong_key = checked(tmp_path, lines, "--chain-key", "0" * 64)
    assert wrong_key.count("was changed") == 8


async def test_every_change_to_the_file_shows(trail: Trail, database: Settings, tmp_path: Path) -> None:
    lines = await exported(trail, database, await piece("demo", None, None))
    other = json.loads(lines[3]) | {"subject": "somebody"}
    changed = [*lines[:3], json.dumps(other).encode() + b"\n", *lines[4:]]
    end = json.loads(lines[-1])
    for tampered, word in (
        (changed, "SHA-256"),
        ([*lines[:3], *lines[4:]], "missing"),
        ([*lines[:2], lines[3], lines[2], *lines[4:]], "follow"),
        ([*lines[:-1], json.dumps(end | {"entries": 5}).encode()], "signature"),
        (lines[:1], "cut off"),
    ):
        assert word in checked(tmp_path, tampered)


async def test_what_was_broken_in_the_table_is_said(trail: Trail, database: Settings, tmp_path: Path) -> None:
    await AuditEntry.filter(number=4).update(subject="somebody")
    wanted = await piece("demo", None, None)
    lines = await exported(trail, database, wanted)
    assert wanted.broken is not None
    assert wanted.broken.number == 4
    assert "entry 4" in checked(tmp_path, lines)


async def test_nothing_in_those_days_is_an_empty_piece(trail: Trail, database: Settings, tmp_path: Path) -> None:
    lines = await exported(trail, database, await piece("demo", AT + timedelta(days=50), None))
    assert len(lines) == 2
    assert checked(tmp_path, lines) == ""


async def test_a_table_has_a_row_for_each_and_nothing_that_a_spreadsheet_computes(trail: Trail) -> None:
    await trail.record(Entry(chain="demo", at=AT, action="=1+1"))
    text = b"".join([line async for line in table(trail, await piece("demo", None, None))]).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["number"] for row in rows] == ["1", "2", "3", "4", "5", "6", "7"]
    assert (rows[2]["count"], rows[6]["action"]) == ("5", "'=1+1")
    assert json.loads(rows[0]["detail"])["深"] == [1, None]

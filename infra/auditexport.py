"""Audit entries to take along: an unbroken piece of one chain as JSON lines that anybody can check, or as a table (CSV)."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from infra.audit import Trail
from infra.auditcheck import Broken, fault
from infra.ed25519 import ALGORITHM as SIGNED_BY
from infra.ed25519 import Signer
from infra.models import AuditEntry

VERSION = 1
PAGE = 1000
COLUMNS = (
    "number",
    "at",
    "action",
    "outcome",
    "role",
    "subject",
    "session",
    "address",
    "device",
    "study_uid",
    "what",
    "count",
    "detail",
)
_FORMULA = ("=", "+", "-", "@")  # a spreadsheet would compute what begins so


@dataclass(slots=True)
class Piece:
    """The entries of a chain from number `first` to `last`; what is `broken` in it is known once it was read."""

    chain: str
    first: int
    last: int
    broken: Broken | None = None


async def piece(chain: str, begin: datetime | None, end: datetime | None) -> Piece:
    """The shortest unbroken piece that holds every entry from `begin` to before `end`; empty when there is none."""
    rows = AuditEntry.filter(chain=chain)
    if begin is not None:
        rows = rows.filter(at__gte=begin)
    if end is not None:
        rows = rows.filter(at__lt=end)
    first, last = await rows.order_by("number").first(), await rows.order_by("-number").first()
    return Piece(chain, first.number if first else 1, last.number if last else 0)


async def json_lines(trail: Trail, signing: Signer, wanted: Piece, now: datetime) -> AsyncIterator[bytes]:
    """A line that says what follows, one for each entry, and one that signs them all. docs/verify_audit.py checks it."""
    digest = hashlib.sha256()
    entries = 0
    before = await AuditEntry.get_or_none(chain=wanted.chain, number=wanted.first)
    head = {
        "audit": VERSION,
        "chain": wanted.chain,
        "first": wanted.first,
        "last": wanted.last,
        "previous": before.previous if before else "",
        "made_at": now.astimezone(UTC).isoformat(timespec="seconds"),
    }
    line = _line(head)
    digest.update(line)
    yield line
    async for row in _checked(trail, wanted):
        line = _line(chained(row))
        digest.update(line)
        entries += 1
        yield line
    end = {"entries": entries, "broken_at": wanted.broken.number if wanted.broken else None, "sha256": digest.hexdigest()}
    said = json.dumps(end, sort_keys=True)
    yield _line({**end, "algorithm": SIGNED_BY, "public_key": signing.public_key, "signature": signing.sign(said.encode())})


async def table(trail: Trail, wanted: Piece) -> AsyncIterator[bytes]:
    """The same as CSV in UTF-8, for a spreadsheet; it carries no proof."""
    yield _row(COLUMNS)
    async for row in _checked(trail, wanted):
        said = described(row)
        yield _row([_cell(said[name]) for name in COLUMNS])


def described(row: AuditEntry) -> dict[str, Any]:
    """An entry as auditors read it."""
    at = row.at.astimezone(UTC).isoformat(timespec="microseconds")
    return {name: getattr(row, name) for name in COLUMNS} | {"at": at}


def chained(row: AuditEntry) -> dict[str, Any]:
    """The same with what ties it to the one before."""
    ties = {"algorithm": row.algorithm, "previous": row.previous, "hash": row.hash, "count_proof": row.count_proof}
    return {"chain": row.chain, **described(row), **ties}


async def _checked(trail: Trail, wanted: Piece) -> AsyncIterator[AuditEntry]:
    """Its entries in order; the first that does not fit is noted, and all are given."""
    number, previous = wanted.first - 1, None
    while (
        rows := await AuditEntry.filter(chain=wanted.chain, number__gt=number, number__lte=wanted.last)
        .order_by("number")
        .limit(PAGE)
    ):
        for row in rows:
            reason = fault(trail, row, number, row.previous if previous is None else previous)
            if reason and wanted.broken is None:
                wanted.broken = Broken(wanted.chain, number + 1, reason)
            number, previous = row.number, row.hash
            yield row
    if number < wanted.last and wanted.broken is None:
        wanted.broken = Broken(wanted.chain, number + 1, "an entry is missing")


def _line(said: dict[str, Any]) -> bytes:
    return json.dumps(said, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _cell(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False) if isinstance(value, dict) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _row(cells: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()

"""Checking the audit trail: every chain from its first entry to its last, and against the heads that were noted elsewhere."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from infra.audit import Entry, Trail
from infra.auditcut import is_genuine
from infra.models import AuditCut, AuditEntry, AuditHead

Noted = Mapping[str, Mapping[int, str]]  # chain → number of an entry → its hash, as it was noted outside the table


@dataclass(frozen=True, slots=True)
class Broken:
    """The first entry of a chain that does not fit."""

    chain: str
    number: int
    reason: str


async def verify(trail: Trail, noted: Noted | None = None, *, page: int = 2000) -> tuple[int, Broken | None]:
    """Walk every chain; returns how many entries were checked and the first broken one, if any.

    Others may go on appending, and old entries may be cut meanwhile. Who can write the database can cut off the newest
    entries together with the head: that shows against `noted`.
    """
    checked = 0
    noted = noted or {}
    for chain in await chains(noted):
        count, broken = await verify_chain(trail, chain, noted.get(chain, {}), page=page)
        checked += count
        if broken is not None:
            return checked, broken
    return checked, None


async def chains(noted: Noted) -> list[str]:
    """Every chain that there is, or was when it was noted."""
    written = await AuditEntry.all().distinct().values_list("chain", flat=True)
    headed = await AuditHead.all().values_list("chain", flat=True)
    return sorted({str(chain) for chain in (*written, *headed, *noted)})


async def verify_chain(trail: Trail, chain: str, noted: Mapping[int, str], *, page: int = 2000) -> tuple[int, Broken | None]:
    """As `verify`, of one chain."""
    while True:
        cut = await AuditCut.get_or_none(chain=chain)
        checked, broken = await _walk(trail, chain, cut, noted, page)
        if broken is None or await AuditCut.filter(chain=chain).values("number") == _number_of(cut):
            return checked, broken
        # Entries were cut while we walked: once more, from where the chain begins now.


def _number_of(cut: AuditCut | None) -> list[dict[str, int]]:
    return [{"number": cut.number}] if cut else []


async def _walk(
    trail: Trail, chain: str, cut: AuditCut | None, noted: Mapping[int, str], page: int
) -> tuple[int, Broken | None]:
    number, previous = (cut.number, cut.hash) if cut else (0, "")
    first = number
    if cut is not None and not is_genuine(trail, cut):
        return 0, Broken(chain, number + 1, "the record of the cut before it was changed")
    if noted.get(number, previous) != previous:
        return 0, Broken(chain, number, "it was cut off, and is not the entry that was noted outside the table")
    if await AuditEntry.filter(chain=chain, number__lte=number).exists():
        return 0, Broken(chain, number + 1, "there is an entry before the first")
    while True:
        head = await AuditHead.get_or_none(chain=chain) or AuditHead(chain=chain)  # before the rows that it must have
        async for row in _rows(chain, number, head.number, page):
            if reason := fault(trail, row, number, previous) or _otherwise_noted(row, noted):
                return number - first, Broken(chain, number + 1, reason)
            number, previous = row.number, row.hash
        if number < head.number:
            return number - first, Broken(chain, number + 1, "the newest entries are missing")
        if head.hash != previous:
            return number - first, Broken(chain, number, "the end of the chain was changed")
        if not await AuditEntry.filter(chain=chain, number__gt=number).exists():
            break
        if not await AuditHead.filter(chain=chain, number__gt=number).exists():  # nobody has just appended it
            return number - first, Broken(chain, number + 1, "it stands behind the end of the chain")
    if max(noted, default=0) > number:
        return number - first, Broken(
            chain, number + 1, f"the entries up to {max(noted)}, noted outside the table, are missing"
        )
    return number - first, None


def fault(trail: Trail, row: AuditEntry, number: int, previous: str) -> str:
    """Why `row` cannot follow the entry of that number and hash; empty when it does."""
    if row.number != number + 1:
        return "an entry is missing"
    if row.previous != previous:
        return "it does not follow the entry before"
    values = {name: getattr(row, name) for name in (*Entry.__slots__, "algorithm")}
    if not hmac.compare_digest(trail.link(previous, row.number, values), row.hash):
        return "it was changed"
    if not hmac.compare_digest(trail.proof(row.hash, row.count), row.count_proof):
        return "its count was changed"
    return ""


def _otherwise_noted(row: AuditEntry, noted: Mapping[int, str]) -> str:
    is_other = noted.get(row.number, row.hash) != row.hash
    return "it is not the entry that was noted outside the table" if is_other else ""


async def _rows(chain: str, after: int, end: int, page: int) -> AsyncIterator[AuditEntry]:
    while rows := await AuditEntry.filter(chain=chain, number__gt=after, number__lte=end).order_by("number").limit(page):
        for row in rows:
            yield row
        after = rows[-1].number

"""Ending the term of old audit entries: the beginning of a chain is cut off on purpose, and the chain says so."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from core.errors import Conflict, RetentionNotOver
from infra.audit import Entry, Trail, locked_heads
from infra.database import transaction
from infra.models import AuditCut, AuditEntry, StaffSession

ROWS_AT_ONCE = 2000  # removed in one transaction, so that those who append wait a moment only
ACTION = "audit-cut"


async def last_before(chain: str, before: datetime) -> int:
    """Number of the newest entry of the chain that, like all before it, is older; 0 when there is none."""
    younger = await AuditEntry.filter(chain=chain, at__gte=before).order_by("number").first()
    if younger is not None:
        first = await AuditEntry.filter(chain=chain).order_by("number").first()
        return younger.number - 1 if first is not None and first.number < younger.number else 0
    newest = await AuditEntry.filter(chain=chain).order_by("-number").first()
    return newest.number if newest is not None else 0


async def cut(
    trail: Trail,
    chain: str,
    before: datetime,
    *,
    keep: timedelta,
    entry: Entry,
    verified: Callable[[], Awaitable[object]],
    page: int = ROWS_AT_ONCE,
) -> int:
    """Remove the entries before that moment, for ever; gives how many. `entry` says who asks, and when that is.

    The chain carries an entry of the cut, and a proof of where it begins from then on. Raises RetentionNotOver for
    entries that must still be kept, and Conflict when `verified` finds the chain broken: a cut must not hide that. Killed
    half way, the rest is done by the next call.
    """
    if before > entry.at - keep:
        raise RetentionNotOver(f"audit entries are kept for {keep.days} days")
    if (broken := await verified()) is not None:
        raise Conflict(f"the chain is broken, so nothing is cut: {broken}")
    through = await last_before(chain, before)
    if not through:
        return 0
    await trail.record(_said(entry, through, before))
    removed, sessions = 0, set[str]()
    while rows := await AuditEntry.filter(chain=chain, number__lte=through).order_by("number").limit(page):
        removed += await _cut_through(trail, rows[-1], entry)
        sessions.update(row.session for row in rows)
    await _forget_staff(sessions)
    return removed


def is_genuine(trail: Trail, row: AuditCut) -> bool:
    """True when we cut there; somebody who only can write the database cannot say so."""
    return hmac.compare_digest(row.proof, _proof(trail, row))


async def _cut_through(trail: Trail, last: AuditEntry, entry: Entry) -> int:
    async with transaction():
        await locked_heads({last.chain})
        row = AuditCut(chain=last.chain, number=last.number, hash=last.hash, at=entry.at, subject=entry.subject)
        row.proof = _proof(trail, row)
        await AuditCut.filter(chain=last.chain).delete()
        await row.save(force_create=True)
        return await AuditEntry.filter(chain=last.chain, number__lte=last.number).delete()


async def _forget_staff(sessions: set[str]) -> None:
    """Who was behind a session that no entry names any more."""
    told = [row.session for row in await StaffSession.all() if row.session in sessions]
    for start in range(0, len(told), ROWS_AT_ONCE):
        some = told[start : start + ROWS_AT_ONCE]
        named = await AuditEntry.filter(session__in=some).distinct().values_list("session", flat=True)
        await StaffSession.filter(session__in=sorted(set(some) - {str(each) for each in named})).delete()


def _said(entry: Entry, through: int, before: datetime) -> Entry:
    detail = {"through": through, "before": before.isoformat()}
    return Entry(
        chain=entry.chain,
        at=entry.at,
        action=ACTION,
        role=entry.role,
        subject=entry.subject,
        address=entry.address,
        detail=detail,
    )


def _proof(trail: Trail, row: AuditCut) -> str:
    return trail.proof(f"cut {row.chain} {row.hash} {row.at:%Y-%m-%dT%H:%M:%S} {row.subject}", row.number)

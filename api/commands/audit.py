"""The audit trail: `audit verify` recomputes every chain and compares it with the heads noted in the stores, names the first
broken entry, and exits 1 if there is one; `audit anchor` notes the heads now; `audit export` writes a piece that anybody can
check; `audit cut` removes entries after their term; `audit key` prints the key that exports are checked with."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import BinaryIO
from zoneinfo import ZoneInfo

from api.operator import operator_entry
from core.clock import now
from core.errors import Invalid, NotFound, Unavailable
from infra import auditanchor, auditcheck, auditcut, auditexport
from infra.audit import DEPLOYMENT, Trail
from infra.database import close_database, open_database
from infra.models import AuditCut, AuditHead
from infra.settings import Settings, from_environ
from infra.stores import Store, open_store
from records.models import Hospital

ACTIONS = ("verify", "anchor", "export", "cut", "key")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do with the trail."""
    parser.add_argument("action", choices=ACTIONS, help="verify, anchor: all chains; export, cut: one hospital's")
    parser.add_argument("--hospital", metavar="CODE", help=f"whose chain; {DEPLOYMENT} = what belongs to no hospital")
    parser.add_argument("--from", dest="first_day", type=date.fromisoformat, metavar="DAY", help="export from this day on")
    parser.add_argument("--to", dest="last_day", type=date.fromisoformat, metavar="DAY", help="export up to this day")
    parser.add_argument("--before", type=date.fromisoformat, metavar="DAY", help="cut what is older than this day")
    parser.add_argument("--format", choices=["jsonl", "csv"], default="jsonl", help="of the export (default jsonl, signed)")
    parser.add_argument("--output", metavar="FILE", help="write the export there (default standard output)")
    parser.add_argument("--secret", action="store_true", help="key: print the chains' own secret key instead")


def run(arguments: argparse.Namespace) -> int:
    """Exit 1 at a broken entry."""
    settings = from_environ(os.environ)
    if arguments.action in ("export", "cut") and not arguments.hospital:
        raise Invalid("--hospital CODE is needed: whose chain?")
    if arguments.action == "cut" and not arguments.before:
        raise Invalid("--before DAY is needed: up to when?")
    return asyncio.run(_run(settings, arguments))


@dataclass(frozen=True, slots=True)
class _Tools:
    settings: Settings
    trail: Trail
    stores: tuple[Store, ...]


async def _run(settings: Settings, arguments: argparse.Namespace) -> int:
    async with _opened(settings) as tools:
        if arguments.action == "verify":
            return await _verify(tools)
        if arguments.action == "anchor":
            return await _anchor(tools)
        if arguments.action == "export":
            return await _export(tools, arguments)
        if arguments.action == "cut":
            return await _cut(tools, arguments)
        return await _key(tools, secret=arguments.secret)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[_Tools]:
    async with AsyncExitStack() as stack:
        await open_database(settings)
        stack.push_async_callback(close_database)
        stores = tuple(open_store(url, place, settings.store_keys) for place, url in enumerate(settings.store_urls, 1))
        for store in stores:
            stack.push_async_callback(store.close)
        yield _Tools(settings, Trail(settings.keys), stores)


async def _verify(tools: _Tools) -> int:
    found = await _anchors(tools)
    checked, broken = await auditcheck.verify(tools.trail, found.noted)
    for key in found.not_ours:
        print(f"not signed by us, not compared: {key}")
    if broken is not None:
        print(f"broken: chain {broken.chain}, entry {broken.number}: {broken.reason}")
        return 1
    for cut in await AuditCut.all().order_by("chain"):
        print(f"chain {cut.chain}: cut on purpose by {cut.subject} on {cut.at:%Y-%m-%d}, begins after entry {cut.number}")
    for head in await AuditHead.filter(number__gt=0).order_by("chain"):
        print(_reach(head, found))
    print(f"{checked} entries checked, none broken")
    return 0


async def _anchors(tools: _Tools) -> auditanchor.Found:
    try:
        found = await auditanchor.found(auditanchor.signer(tools.settings.keys), tools.stores)
    except Unavailable as error:
        print(f"{error}: only the table itself is checked")
        return auditanchor.Found(set())
    for silent in sorted({store.position for store in tools.stores} - found.stores):
        print(f"store {silent} does not answer: its anchors are not compared")
    return found


def _reach(head: AuditHead, found: auditanchor.Found) -> str:
    if head.chain not in found.reach:
        return f"chain {head.chain}: {head.number} entries, no anchor outside the table yet"
    number, at = found.reach[head.chain]
    stores = ", ".join(map(str, sorted(found.stores)))
    return f"chain {head.chain}: anchored up to entry {number} of {head.number}, {at:%Y-%m-%dT%H:%M:%SZ}, stores {stores}"


async def _anchor(tools: _Tools) -> int:
    anchor = await auditanchor.note(auditanchor.signer(tools.settings.keys), tools.stores, now(), None)
    print(f"{len(anchor.heads)} heads noted in the stores")
    return 0


async def _export(tools: _Tools, arguments: argparse.Namespace) -> int:
    zone = await _zone(arguments.hospital)
    begin, end = _midnight(arguments.first_day, zone), _midnight(_after(arguments.last_day), zone)
    wanted = await auditexport.piece(arguments.hospital, begin, end)
    await tools.trail.record(operator_entry(arguments.hospital, action="read", what="audit-export"))
    with open(arguments.output, "wb") if arguments.output else _standard_output() as file:
        async for line in _lines(tools, arguments.format, wanted):
            file.write(line)
    if wanted.broken is not None:
        print(f"broken: chain {wanted.chain}, entry {wanted.broken.number}: {wanted.broken.reason}", file=sys.stderr)
    return int(wanted.broken is not None)


def _lines(tools: _Tools, form: str, wanted: auditexport.Piece) -> AsyncIterator[bytes]:
    if form == "csv":
        return auditexport.table(tools.trail, wanted)
    return auditexport.json_lines(tools.trail, auditanchor.signer(tools.settings.keys), wanted, now())


def _standard_output() -> BinaryIO:
    return os.fdopen(os.dup(sys.stdout.fileno()), "wb")


async def _cut(tools: _Tools, arguments: argparse.Namespace) -> int:
    chain, at = arguments.hospital, now()
    noted = (await auditanchor.found(auditanchor.signer(tools.settings.keys), tools.stores)).noted.get(chain, {})

    async def broken() -> auditcheck.Broken | None:
        return (await auditcheck.verify_chain(tools.trail, chain, noted))[1]

    before = _midnight(arguments.before, await _zone(chain))
    assert before is not None
    removed = await auditcut.cut(
        tools.trail,
        chain,
        before,
        keep=timedelta(days=tools.settings.audit_keep_days),
        entry=operator_entry(chain, action=auditcut.ACTION, what=""),
        verified=broken,
    )
    print(f"{removed} entries of {chain} before {before:%Y-%m-%dT%H:%MZ} removed; noted in the chain at {at:%Y-%m-%dT%H:%MZ}")
    return 0


async def _key(tools: _Tools, *, secret: bool) -> int:
    if secret:
        await tools.trail.record(operator_entry(DEPLOYMENT, action="read", what="audit-key"))
        print(tools.trail.key_in_hex)
        return 0
    print(auditanchor.signer(tools.settings.keys).public_key)
    return 0


async def _zone(chain: str) -> ZoneInfo:
    if chain == DEPLOYMENT:
        return ZoneInfo("Asia/Shanghai")
    hospital = await Hospital.get_or_none(code=chain)
    if hospital is None:
        raise NotFound(f"no hospital has the code {chain}")
    return ZoneInfo(hospital.zone)


def _after(day: date | None) -> date | None:
    return day + timedelta(days=1) if day else None


def _midnight(day: date | None, zone: ZoneInfo) -> datetime | None:
    return datetime.combine(day, time(), zone).astimezone(UTC) if day else None

"""Many recipients who open shares at the same moment, each with a link and a connection of their own."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from bench.figures import Line
from bench.sharesworld import World
from core.clock import now
from core.uids import row_id, uuid7
from identity.links import LinkKind, Links
from infra.database import close_database, open_database, transaction
from infra.epoch import sessions_epoch
from share.models import Share, ShareExam

OPENING_SECONDS = 240  # for the last of all that came at once
BATCH = 100


def openings(world: World, number: int) -> list[Line]:
    """So many recipients at the same moment, each with a link of their own and the right passcode."""
    passcode = "135790"
    said = {"exams": [world.exam], "passcode": passcode}
    pattern = world.patient.post("/api/v1/shares", json=said).raise_for_status().json()
    tokens = asyncio.run(_many(world, pattern["id"], number))
    begun = time.perf_counter()
    found = asyncio.run(_opened_at_once(world.installation.url, tokens, passcode))
    seconds = time.perf_counter() - begun
    line = Line(f"{number:,} shares opened at once: each answer", "ms", [each * 1000 for _, each in found])
    line.failed = sum(status != 200 for status, _ in found)
    line.notes = {"all of them, seconds": round(seconds, 1), "slowest ms": round(max(line.values))}
    return [line]


async def _many(world: World, pattern: str, number: int) -> list[str]:
    """Tokens of so many shares like that one."""
    await open_database(world.settings)
    epoch = sessions_epoch(world.settings.home)
    links, tokens = Links(world.settings.keys, epoch), list[str]()
    try:
        first = await Share.get(id=pattern)
        exam = await ShareExam.get(share_id=pattern)
        for start in range(0, number, BATCH):
            async with transaction():
                for _ in range(min(BATCH, number - start)):
                    share = first.clone(pk=uuid7())
                    await share.save(force_create=True)
                    row = exam.clone(pk=row_id())
                    row.share_id = share.id
                    await row.save(force_create=True)
                    tokens.append(
                        await links.issue(LinkKind.SHARE, share.hospital_id, share.id, now=now(), expires_at=share.expires_at)
                    )
    finally:
        epoch.close()
        await close_database()
    return tokens


async def _opened_at_once(url: str, tokens: Sequence[str], passcode: str) -> list[tuple[int, float]]:
    """(status, seconds) of each; all connections stand before the first one asks. Status 0: no answer."""
    parts = urlsplit(url)
    start = asyncio.Event()
    asking = [asyncio.create_task(_open(parts.hostname or "", parts.port or 80, token, passcode, start)) for token in tokens]
    await asyncio.sleep(1)
    start.set()
    return await asyncio.gather(*asking)


async def _open(host: str, port: int, token: str, passcode: str, start: asyncio.Event) -> tuple[int, float]:
    body = json.dumps({"token": token, "passcode": passcode}).encode()
    head = f"POST /api/v1/shares/open HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
    begun = time.perf_counter()
    try:
        async with asyncio.timeout(OPENING_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            await start.wait()
            begun = time.perf_counter()
            writer.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
            line = await reader.readline()
            await reader.read()
            writer.close()
            return int(line.split()[1]), time.perf_counter() - begun
    except (OSError, TimeoutError, IndexError, ValueError):
        return 0, time.perf_counter() - begun

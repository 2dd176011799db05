"""Is this installation fit to serve? One line for each thing it stands on; also the list for an acceptance visit."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

from api.demo import samples
from archive.prepare import prepared
from core.errors import CloudfilmError, Unavailable
from infra import redis_server
from infra.children import Children
from infra.database import close_database, is_alive, is_postgres, open_database, sqlite_path
from infra.hot import HotTier
from infra.settings import MEBIBYTE, Settings
from infra.signing import require_found
from infra.stores import Missing, Store, open_store

LITTLE_SPACE_BYTES = 2 << 30
LITTLE_SPACE_SHARE = 0.05
PROBE_BYTES = 4096
CJK_FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
CJK_FONT_NAMES = ("cjk", "notosanssc", "noto-sans-sc", "wqy", "sourcehan", "droidsansfallback")


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, whether it is as it must be, and what was found. `good` None: a remark, nobody must act."""

    name: str
    good: bool | None
    found: str


async def checks(settings: Settings) -> AsyncIterator[Check]:
    """All checks, one after the other; a failed one does not keep the others from running."""
    yield _settings(settings)
    yield await _database(settings)
    yield await _redis(settings)
    async with aclosing(_stores(settings)) as stores:
        async for check in stores:
            yield check
    yield _space("data folder", settings.home)
    yield await _children_and_codecs(settings)
    yield _fonts()
    yield _seals(settings)


def _settings(settings: Settings) -> Check:
    if settings.demo:
        return Check("settings", None, f"a demo at {settings.base_url}: never for real patients")
    if not settings.base_url.startswith("https://"):
        return Check("settings", False, f"CLOUDFILM_PUBLIC_URL is {settings.base_url}; links to patients must be https")
    return Check("settings", True, f"production at {settings.base_url}")


async def _database(settings: Settings) -> Check:
    place = "PostgreSQL" if is_postgres(settings) else f"SQLite at {sqlite_path(settings)}"
    try:
        await open_database(settings)
        alive = await is_alive()
        return Check("database", alive, f"{place} {'answers' if alive else 'does not answer'}")
    except CloudfilmError as error:
        return Check("database", False, f"{place}: {error}")
    finally:
        await close_database()


async def _redis(settings: Settings) -> Check:
    if settings.redis_url == "none":
        return Check("redis", None, "switched off: every picture is read from memory or from the stores")
    if settings.redis_url:
        return await _redis_answers(settings.redis_url, settings, "the Redis of CLOUDFILM_REDIS_URL")
    with TemporaryDirectory() as folder:
        try:
            server = redis_server.start(Path(folder), maxmemory_bytes=16 * MEBIBYTE)
        except CloudfilmError as error:
            return Check("redis", False, str(error))
        try:
            return await _redis_answers(server.url, settings, "the embedded Redis")
        finally:
            server.stop()


async def _redis_answers(url: str, settings: Settings, what: str) -> Check:
    hot = HotTier(url, settings.keys.derive("hot"), timeout_seconds=1.0)
    key, value = f"selfcheck-{secrets.token_hex(8)}", secrets.token_bytes(PROBE_BYTES)
    try:
        hot.put(key, value, ttl_seconds=60)
        await hot.settled()
        good = await hot.get(key) == value
    finally:
        await hot.close()
    return Check("redis", good, f"{what} {'keeps and gives back' if good else 'does not give back'} a value")


async def _stores(settings: Settings) -> AsyncGenerator[Check, None]:
    async with AsyncExitStack() as stack:
        opened: list[Store] = []
        for position, url in enumerate(settings.store_urls, 1):
            try:
                store = open_store(url, position, settings.store_keys)
            except CloudfilmError as error:
                yield Check(f"store {position}", False, str(error))
                continue
            stack.push_async_callback(store.close)
            opened.append(store)
            yield await _round_trip(store)
            if store.place().kind == "file":
                yield _space(f"store {position} space", Path(store.place().path))
        yield _separate(opened, settings)


async def _round_trip(store: Store) -> Check:
    key, value = f"selfcheck/{secrets.token_hex(8)}.probe", secrets.token_bytes(PROBE_BYTES)
    name, place = f"store {store.position}", store.place().text
    began_at = time.perf_counter()
    try:
        await store.put(key, value)
        good = await store.read(key) == value
        await store.delete(key)
    except (Unavailable, Missing) as error:
        return Check(name, False, f"{place}: {error}")
    milliseconds = (time.perf_counter() - began_at) * 1000
    return Check(
        name, good, f"{place}: {'written, read back and removed' if good else 'gave other bytes back'} in {milliseconds:.0f} ms"
    )


def _separate(stores: list[Store], settings: Settings) -> Check:
    shared = [
        f"{one.position} and {other.position} share {', '.join(sorted(both))}"
        for one, other in combinations(stores, 2)
        if (both := one.place().media & other.place().media)
    ]
    if not shared:
        return Check("three places", len(stores) == 3, f"{len(stores)} stores that share no disk, server or bucket")
    return Check("three places", None if settings.demo else False, "; ".join(shared))


def _space(name: str, folder: Path) -> Check:
    usage = shutil.disk_usage(folder)
    enough = usage.free > max(LITTLE_SPACE_BYTES, LITTLE_SPACE_SHARE * usage.total)
    return Check(name, enough, f"{usage.free / (1 << 30):.1f} of {usage.total / (1 << 30):.1f} GiB free at {folder}")


async def _children_and_codecs(settings: Settings) -> Check:
    """A real file of each family of codecs through a limited child, as at its arrival."""
    files = [path for hospital in ("demo", "demo2") for path in samples(hospital)]
    try:
        with TemporaryDirectory() as folder:
            async with Children(1, memory_bytes=settings.ingest_memory_mib * MEBIBYTE) as children:
                found = [await prepared(children, str(path), os.path.join(folder, path.name)) for path in files]
    except CloudfilmError as error:
        return Check("children and codecs", False, str(error))
    lossless = sum(each.form == "htj2k" for each in found)
    good = lossless > 0
    return Check("children and codecs", good, f"{len(found)} sample files read, {lossless} of them proved as lossless HTJ2K")


def _seals(settings: Settings) -> Check:
    """The plug-in by which hospitals seal reports."""
    if not settings.signers:
        return Check(
            "seals", None, "reports are sealed by a demo's own certificate" if settings.demo else "no report is sealed"
        )
    try:
        require_found(settings.signers)
    except CloudfilmError as error:
        return Check("seals", False, str(error))
    return Check("seals", True, f"reports are sealed by {settings.signers}")


def _fonts() -> Check:
    for folder in map(os.path.expanduser, CJK_FONT_FOLDERS):
        for path in Path(folder).rglob("*.[to]t[fc]"):
            if any(name in path.name.lower() for name in CJK_FONT_NAMES):
                return Check("fonts", True, f"Chinese: {path}")
    return Check("fonts", None, "no font with Chinese characters on this machine; browsers bring their own")

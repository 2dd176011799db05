"""Looking at one copy by its own bytes: is it whole, wrong, missing, or out of reach?"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from archive.kinds import INSTANCES, Kind
from archive.pace import Pace
from core.errors import Unavailable
from infra.stores import Missing, Store

PIECE_BYTES = 8 << 20
THREAD_BYTES = 256 << 10  # hashing more than this would hold up everybody else for over 0.1 ms
PATIENCE_SECONDS = 10.0  # a hung disk or mount never answers by itself
SLOWEST_BYTES_PER_SECOND = 2 << 20
PROBE_KEY = "probe/is-anybody-there"


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """What must be known of a stored object to read and check any copy of it."""

    id: int | str
    key: str
    size: int
    sha256: str  # of the whole object, hex
    kind: Kind = INSTANCES


class Finding(StrEnum):
    """What one look at a copy showed."""

    GOOD = "good"
    WRONG = "wrong"  # other bytes, too few, too many, or a part that the disk does not give
    MISSING = "missing"
    UNREACHABLE = "unreachable"  # the store itself does not answer: nothing is known of the copy


async def inspect(store: Store, ref: ObjectRef, *, keep: BinaryIO | None = None, pace: Pace | None = None) -> Finding:
    """Read a whole copy piece by piece and hash it; `keep` receives the bytes, which count only when GOOD."""
    digest = hashlib.sha256()
    length = 0
    try:
        while True:
            piece = await read(store, ref.key, length, PIECE_BYTES)
            await _absorb(piece, digest, keep)
            if pace is not None:
                await pace.spend(len(piece))
            length += len(piece)
            if len(piece) < PIECE_BYTES or length > ref.size:
                break
    except Missing:
        return Finding.MISSING
    except Unavailable:
        return Finding.WRONG if await answers(store) else Finding.UNREACHABLE
    return Finding.GOOD if length == ref.size and digest.hexdigest() == ref.sha256 else Finding.WRONG


async def read(store: Store, key: str, offset: int, length: int) -> bytes:
    """As Store.read, and raises Unavailable also when nothing comes for too long."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS + length / SLOWEST_BYTES_PER_SECOND):
            return await store.read(key, offset, length)
    except TimeoutError as error:
        raise Unavailable(f"store {store.position} hangs") from error


async def answers(store: Store) -> bool:
    """True when the store is there at all, so that what it does not give is damage of that object."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await store.size(PROBE_KEY)
    except Missing:
        return True
    except (Unavailable, TimeoutError):
        return False
    return True


async def _absorb(piece: bytes, digest: hashlib._Hash, keep: BinaryIO | None) -> None:
    if len(piece) < THREAD_BYTES and keep is None:
        digest.update(piece)
        return
    await asyncio.to_thread(_absorb_now, piece, digest, keep)


def _absorb_now(piece: bytes, digest: hashlib._Hash, keep: BinaryIO | None) -> None:
    digest.update(piece)
    if keep is not None:
        keep.write(piece)

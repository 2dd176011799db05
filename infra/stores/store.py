"""What every store can do, whether it is a disk in this room or a bucket in a cloud."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.errors import NotFound

KEY_MAX_CHARACTERS = 512  # S3, OSS, COS and OBS allow about 1,000; a local path with its root must stay below 4,096
_PART = r"[A-Za-z0-9_-][A-Za-z0-9._=+@-]{0,199}"  # begins with no dot: neither .. nor a hidden file
_KEY = re.compile(rf"{_PART}(/{_PART})*")
_PREFIX = re.compile(rf"({_PART}/)*")

Item = tuple[str, Path | bytes]


class Missing(NotFound):
    """A store answers, and says that it has no object of that name."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a store's bytes lie; two stores that share an entry of `media` are lost together."""

    kind: str  # "file", "s3", "oss", "cos" or "obs"
    media: frozenset[str]  # disks ("disk:sda"), mounts ("nas:/films") or buckets ("oss:films-1")
    path: str  # the directory, or the prefix in the bucket
    text: str  # for people


class Store(Protocol):
    """One of the copies. Keys are like paths; a put replaces as a whole or not at all."""

    position: int  # 1, 2 or 3: its place in CLOUDFILM_STORES

    async def put_many(self, items: Sequence[Item]) -> None:
        """Store each (key, file or bytes); all are durable when this returns.

        Raises Unavailable (also when the store is full); then any of them may or may not be there, but none is half there.
        """

    async def put(self, key: str, source: Path | bytes) -> None:
        """Store one file or bytes; durable when this returns. Raises Unavailable."""

    async def read(self, key: str, offset: int = 0, length: int | None = None) -> bytes:
        """Bytes from `offset` on, to the end when `length` is None; fewer when the object ends earlier.

        Raises Missing or Unavailable.
        """

    async def size(self, key: str) -> int:
        """Bytes of the object; raises Missing or Unavailable."""

    async def delete(self, key: str) -> None:
        """Remove the object, durably; nothing happens when it is not there. Raises Unavailable."""

    def walk(self, prefix: str = "") -> AsyncIterator[tuple[str, int]]:
        """Every (key, bytes) below `prefix`, which is empty or ends with a slash; in no promised order."""

    def place(self) -> Place:
        """Where the bytes lie, for `selfcheck` and for the rule that no two stores share a disk or a bucket."""

    async def close(self) -> None:
        """Finish what was begun and let go of threads and connections."""


def require_key(key: str) -> str:
    """`key` itself; ValueError when it could leave the store (absolute, .., hidden, odd characters): our own mistake."""
    if len(key) <= KEY_MAX_CHARACTERS and _KEY.fullmatch(key):
        return key
    raise ValueError(f"not a store key: {key[:80]!r}")


def require_prefix(prefix: str) -> str:
    """`prefix` itself; ValueError unless it is empty or whole parts of a key, each followed by a slash."""
    if len(prefix) <= KEY_MAX_CHARACTERS and _PREFIX.fullmatch(prefix):
        return prefix
    raise ValueError(f"not a store prefix: {prefix[:80]!r}")


def require_range(offset: int, length: int | None) -> None:
    """ValueError for a negative offset or length: our own mistake."""
    if offset < 0 or (length is not None and length < 0):
        raise ValueError(f"not a byte range: {offset}, {length}")

"""Finished answers: what they show, their header and their bytes, and under which name they are remembered."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import count

ENTRY_BYTES = 1500  # what a kept answer costs beside its body: key, header values, objects
_TAG_BYTES = 16


@dataclass(frozen=True, slots=True)
class About:
    """What an answer shows: it decides who may have it, and how the reading is recorded.

    `series_uid` None: only who may see the whole study may have it.
    """

    hospital: str
    study_uid: str
    series_uid: str | None
    what: str  # metadata, instance, frames, bulkdata, rendered, thumbnail or zip


@dataclass(frozen=True, slots=True)
class Ready:
    """An answer in one piece, never changed: sent to anybody who may have it, as often as it is asked for."""

    about: About
    content_type: str
    body: bytes
    etag: str  # strong, quoted (RFC 9110 section 8.8.3): the same tag always names the same bytes
    modified_at: datetime | None = None
    content_encoding: str = ""
    ranges: bool = False  # a single part, of which byte ranges may be asked for
    notes: tuple[tuple[str, str], ...] = ()  # further header lines
    momentary: bool = False  # another answer stands at its URL once something arrives; this one is remembered by its tag


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer that is made while it is sent. `length` in bytes, None when nobody knows before the end."""

    about: About
    content_type: str
    pieces: Callable[[], AsyncGenerator[bytes, None]]  # to be closed when it is not read to its end
    etag: str = ""
    modified_at: datetime | None = None
    length: int | None = None
    ranges: bool = False
    notes: tuple[tuple[str, str], ...] = ()
    # For who wants it from a byte on: at which byte, not after that one, these pieces begin. Where there is none, at the first.
    later: Callable[[int], tuple[int, AsyncGenerator[bytes, None]]] | None = None


Answer = Ready | Streamed


def etag(*parts: object) -> str:
    """The strong tag of an answer that is determined by these parts."""
    text = "\n".join(map(str, parts))
    return f'"{hashlib.blake2b(text.encode(), digest_size=_TAG_BYTES).hexdigest()}"'


def weak_etag(*parts: object) -> str:
    """The tag of an answer whose content is determined by these parts, but not each byte (its boundary is random)."""
    return f"W/{etag(*parts)}"


def boundary_for(tag: str, *contents: bytes) -> str:
    """A boundary that stands in none of these bytes, and is the same whenever the answer is made: so are its bytes."""
    tries = count()
    while True:
        boundary = hashlib.blake2b(f"{tag}{next(tries)}".encode(), digest_size=_TAG_BYTES).hexdigest()
        if not any(boundary.encode() in content for content in contents):
            return boundary


def key(generation: int, hospitals: frozenset[str], mask: str, url: str, accept: str, accept_encoding: str = "") -> str:
    """The name of an answer that the whole request determines.

    `generation` changes when an instance was replaced or deleted. `hospitals` are those the asker may look into: the same
    URL can name other instances elsewhere. `mask` says how the answer is made for who may not know the person.
    """
    return f"ready/{generation}/{','.join(sorted(hospitals))}/{mask}/{url}\n{accept}\n{accept_encoding}"


def cost(name: str, answer: Ready) -> int:
    """Bytes of memory that an answer takes when it is remembered under that name."""
    return len(answer.body) + len(name) + ENTRY_BYTES

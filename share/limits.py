"""The limits of a share: each a small value that is asked whenever somebody comes, and says why not."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.errors import Gone, NotFound
from share.models import Share

REVOKED, EXPIRED, EARLY, LOCKED, USED = "revoked", "expired", "early", "locked", "used"


class Over(Gone):
    """A limit is reached; `why` is revoked, expired, early, locked or used."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the share is {why}")
        self.why = why


class Limit(Protocol):
    """What may stand in the way of whoever comes."""

    def verify(self, now: datetime) -> None:
        """Pass, or raise Over."""


@dataclass(frozen=True, slots=True)
class NotRevoked:
    """Its owner has not stopped it."""

    revoked_at: datetime | None

    def verify(self, now: datetime) -> None:
        """Once it was stopped it is over, whatever a clock says."""
        if self.revoked_at is not None:
            raise Over(REVOKED)


@dataclass(frozen=True, slots=True)
class Before:
    """It ends at a moment."""

    expires_at: datetime

    def verify(self, now: datetime) -> None:
        """The moment itself is over already."""
        if now >= self.expires_at:
            raise Over(EXPIRED)


@dataclass(frozen=True, slots=True)
class NotBefore:
    """It begins at a moment."""

    not_before: datetime | None

    def verify(self, now: datetime) -> None:
        """The moment itself counts."""
        if self.not_before is not None and now < self.not_before:
            raise Over(EARLY)


@dataclass(frozen=True, slots=True)
class Openings:
    """It may be opened so often; who has opened it may go on reading."""

    most: int | None
    opens: int

    def verify(self, now: datetime) -> None:
        """`share/opening.py` counts in the database besides, so that of many at once only so many pass."""
        if self.most is not None and self.opens >= self.most:
            raise Over(USED)


@dataclass(frozen=True, slots=True)
class Exams:
    """It is about these exams, or these (study, series) of them, and no others."""

    exams: frozenset[str]
    series: frozenset[tuple[str, str, str]] = frozenset()  # exam, study, series

    def verify(self, exam_id: str) -> None:
        """Pass, or raise NotFound as for an exam that does not exist."""
        if exam_id not in self.exams:
            raise NotFound("no such exam")


def of_reading(share: Share) -> Collection[Limit]:
    """What each later reading is asked."""
    return NotRevoked(share.revoked_at), Before(share.expires_at), NotBefore(share.not_before)


def of_opening(share: Share) -> Collection[Limit]:
    """What an opening is asked, beside the passcode."""
    return *of_reading(share), Openings(share.max_opens, share.opens)


def verify(limits: Collection[Limit], now: datetime) -> None:
    """Pass all of them, or raise Over with the first that stands in the way."""
    for limit in limits:
        limit.verify(now)

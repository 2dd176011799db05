"""What a share may allow: decided once, when it is made, from what its owner asks for and what the hospitals permit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.errors import InvalidField
from records.policies import Policies

SHORTEST = timedelta(hours=1)
LONGEST = timedelta(days=30)
LONGEST_WITH_NAME = timedelta(days=7)  # a share for a doctor, which says whose it is
USUAL = timedelta(days=7)
FACE_TO_FACE = timedelta(minutes=10)  # and one opening: whoever stands there scans it now
SHORTEST_FACE_TO_FACE = timedelta(minutes=1)
MOST_OPENS = 1000
MOST_EXAMS = 50


@dataclass(frozen=True, slots=True)
class Permitted:
    """What all hospitals of a share permit."""

    longest: timedelta
    without_passcode: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the owner asks for. `expires_in` None is the usual time."""

    mask: bool = True
    has_passcode: bool = True
    expires_in: timedelta | None = None
    not_before: datetime | None = None
    max_opens: int | None = None
    allow_download: bool = True
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """What was decided."""

    expires_at: datetime
    not_before: datetime | None
    max_opens: int | None
    face_to_face: bool


def permitted_by(policies: Iterable[Policies]) -> Permitted:
    """The strictest of several hospitals counts."""
    rules = list(policies)
    days = min((each.share_days for each in rules), default=LONGEST.days)
    return Permitted(timedelta(days=days), all(each.share_without_passcode for each in rules))


def decided(wanted: Wanted, permitted: Permitted, now: datetime) -> Terms:
    """Raises InvalidField for what is not permitted; face to face is cut to its short life rather than refused."""
    longest = permitted.longest if wanted.mask else min(permitted.longest, LONGEST_WITH_NAME)
    life = min(USUAL, longest) if wanted.expires_in is None else wanted.expires_in
    if not (SHORTEST if wanted.has_passcode else SHORTEST_FACE_TO_FACE) <= life <= longest:
        raise InvalidField("expires_in", "too-long-a-share")
    if wanted.has_passcode:
        return Terms(now + life, _begin(wanted, now + life, now), wanted.max_opens, face_to_face=False)
    if not wanted.mask or not permitted.without_passcode:
        raise InvalidField("passcode", "needed")
    return Terms(now + min(life, FACE_TO_FACE), None, 1, face_to_face=True)


def _begin(wanted: Wanted, end: datetime, now: datetime) -> datetime | None:
    if wanted.not_before is None or wanted.not_before <= now:
        return None
    if wanted.not_before >= end:
        raise InvalidField("not_before", "after-the-end")
    return wanted.not_before

"""Where devices write text into pictures, as each hospital drew it: one rule for a device and a size, the newest counts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.errors import Conflict, InvalidField, NotFound
from core.uids import uuid7
from records.models import Blackout, FilmArrival, FilmTier
from records.writing import Outcome, Said, writing

IMAGE, FILM = "image", "film"
MOST_RECTANGLES = 32
LONGEST_NAME = 64  # of a VR LO (PS3.5 section 6.2)
Rectangle = tuple[int, int, int, int]  # left, top, right, bottom in pixels of the picture, right and bottom excluded


@dataclass(frozen=True, slots=True)
class Device:
    """What a rule is about: pictures of one size by one device. Of a film `model` is the source that was told with it."""

    kind: str
    maker: str
    model: str
    rows: int
    columns: int

    def verify(self) -> None:
        """Pass, or raise Conflict for a device that does not say what it is: such a rule would fit a stranger's pictures."""
        named = self.model and (self.kind == FILM or self.maker)
        if not named or max(len(self.maker), len(self.model)) > LONGEST_NAME:
            raise Conflict("the picture does not say what made it, so no rule can be about it")


async def of_hospital(hospital: str) -> list[Blackout]:
    """The rules that count, newest first."""
    return await Blackout.filter(hospital_id=hospital, removed_at=None).order_by("-id")


async def put(hospital: str, device: Device, rectangles: Sequence[Rectangle], subject: str, now: datetime) -> Said:
    """The rule for that device from now on, in place of the one before. Raises Conflict, and InvalidField for a rectangle."""
    device.verify()
    drawn = [list(each) for each in require_inside(rectangles, device.rows, device.columns)]
    live = _live(hospital, device)
    async with writing(hospital):
        before = await Blackout.get_or_none(live=live)
        if before is not None and before.rectangles == drawn:
            return Said(Outcome.SAME, before.id)
        await Blackout.filter(live=live).update(live=None, removed_at=now)
        rule = await Blackout.create(
            id=uuid7(),
            hospital_id=hospital,
            kind=device.kind,
            maker=device.maker,
            model=device.model,
            rows=device.rows,
            columns=device.columns,
            rectangles=drawn,
            live=live,
            subject=subject,
            made_at=now,
        )
    return Said(Outcome.CHANGED if before else Outcome.NEW, rule.id)


async def remove(hospital: str, rule_id: str, now: datetime) -> Said:
    """Take a rule back: such pictures stay here again, or leave as they say of themselves. Raises NotFound."""
    async with writing(hospital):
        if not await Blackout.filter(id=rule_id, hospital_id=hospital, removed_at=None).update(live=None, removed_at=now):
            raise NotFound("no such rule")
    return Said(Outcome.CHANGED, rule_id)


async def of_film(hospital: str, master_id: str) -> tuple[Rectangle, ...]:
    """What of a page that the hospital printed is to be blackened; nothing without a rule."""
    device = await device_of_film(hospital, master_id)
    rule = await Blackout.get_or_none(live=_live(hospital, device)) if device else None
    return tuple((left, top, right, bottom) for left, top, right, bottom in rule.rectangles) if rule else ()


async def device_of_film(hospital: str, master_id: str) -> Device | None:
    """What printed a page, and its size; None for a page that nobody sent."""
    arrival = await FilmArrival.get_or_none(hospital_id=hospital, document_id=master_id)
    full = await FilmTier.filter(master_id=master_id).order_by("-width").first()
    return Device(FILM, "", arrival.source, full.height, full.width) if arrival and full else None


def require_inside(rectangles: Sequence[Rectangle], rows: int, columns: int) -> Sequence[Rectangle]:
    """The rectangles; raises InvalidField for one that is empty or reaches over an edge."""
    for place, (left, top, right, bottom) in enumerate(rectangles):
        if not (0 <= left < right <= columns and 0 <= top < bottom <= rows):
            raise InvalidField(f"rectangles[{place}]", "not-inside")
    return rectangles


def _live(hospital: str, device: Device) -> str:
    about = (hospital, device.kind, device.maker, device.model, device.rows, device.columns)
    return hashlib.sha256("\0".join(map(str, about)).encode()).hexdigest()

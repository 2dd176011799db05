"""What persons agreed to by a tap in WeChat or Alipay: one tap is one message, taken by one message alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.queryset import QuerySet

from core.uids import row_id
from infra.database import transaction
from infra.sealing import Sealer
from notify.channels.models import Acceptance

MOST_OPEN = 50  # of one template; nobody needs more, and a phone that repeats itself fills no table


@dataclass(frozen=True, slots=True)
class Subject:
    """Someone's account at a provider; `index` is that of the login with it."""

    channel: str
    index: str


@dataclass(frozen=True, slots=True)
class Left:
    """How many messages of a template may still be sent; `lasting` = any number."""

    channel: str
    template: str
    left: int
    lasting: bool


def subject_index(sealer: Sealer, provider: str, app_id: str, kind: str, subject: str) -> str:
    """Where `identity` finds the login of this account."""
    return sealer.index(f"{provider}:{app_id}:{kind}", subject)


async def accept(subject: Subject, templates: Sequence[str], tap: str, *, lasting: bool, now: datetime) -> None:
    """They agreed to one message of each template. The same tap again changes nothing."""
    for template in templates:
        if await _open(subject, template).count() >= MOST_OPEN:
            continue
        row = Acceptance(
            id=row_id(),
            channel=subject.channel,
            subject_index=subject.index,
            template=template,
            tap=tap,
            lasting=lasting,
            accepted_at=now,
        )
        await Acceptance.bulk_create([row], ignore_conflicts=True)


async def left(subjects: Sequence[Subject]) -> list[Left]:
    """What is left of each template."""
    found: dict[tuple[str, str], list[bool]] = {}
    for subject in subjects:
        rows = Acceptance.filter(channel=subject.channel, subject_index=subject.index, used_by=None, ended_at=None)
        for template, lasting in await rows.order_by("template").values_list("template", "lasting"):
            found.setdefault((subject.channel, template), []).append(lasting)
    return [Left(channel, template, len(each), any(each)) for (channel, template), each in found.items()]


async def take(subject: Subject, template: str, message_id: str) -> bool:
    """Use the oldest for this message; False when none is left. A message that has one keeps it."""
    async with transaction():
        if await Acceptance.exists(used_by=message_id):
            return True
        row = await _open(subject, template).order_by("-lasting", "id").select_for_update(skip_locked=True).first()
        if row is None:
            return False
        if not row.lasting:
            await Acceptance.filter(id=row.id).update(used_by=message_id)
        return True


async def give_back(message_id: str) -> None:
    """The message was not sent, for certain: another may use it."""
    await Acceptance.filter(used_by=message_id).update(used_by=None)


async def end(subject: Subject, template: str, before: datetime, now: datetime) -> None:
    """The provider says that they take no more messages of this template: what they agreed to until then is over."""
    await _open(subject, template).filter(accepted_at__lte=before).update(ended_at=now)


async def kept(subject_indexes: Sequence[str]) -> list[dict[str, Any]]:
    """All that is kept of these accounts, for their owner; times as datetimes."""
    rows = Acceptance.filter(subject_index__in=list(subject_indexes)).order_by("id")
    return list(await rows.values("channel", "template", "lasting", "accepted_at", "ended_at"))


async def remove(subject_indexes: Sequence[str]) -> None:
    """Their owner gave the account up."""
    await Acceptance.filter(subject_index__in=list(subject_indexes)).delete()


async def forget(before: datetime) -> None:
    """Remove what was used or ended, and lies that far back."""
    old = Acceptance.filter(accepted_at__lt=before)
    await old.filter(used_by__isnull=False).delete()
    await old.filter(ended_at__isnull=False).delete()


def _open(subject: Subject, template: str) -> QuerySet[Acceptance]:
    return Acceptance.filter(
        channel=subject.channel, subject_index=subject.index, template=template, used_by=None, ended_at=None
    )

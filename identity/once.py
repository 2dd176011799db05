"""What is good once: of any number that come with it at the same time, one is served."""

from __future__ import annotations

import hashlib
from datetime import datetime

from tortoise.exceptions import IntegrityError

from core.errors import Unauthenticated
from identity.models import OnceUsed
from infra.database import transaction


async def use_once(kind: str, text: str, forget_at: datetime) -> None:
    """Raises Unauthenticated when this was used before."""
    try:
        async with transaction():
            await OnceUsed.create(key=_key(kind, text), forget_at=forget_at)
    except IntegrityError as error:
        raise Unauthenticated("it was used before") from error


async def was_used(kind: str, text: str) -> bool:
    """Whether it was, for work that may be done twice without harm."""
    return await OnceUsed.exists(key=_key(kind, text))


async def note_used(kind: str, text: str, forget_at: datetime) -> None:
    """It is done; noting it again changes nothing."""
    await OnceUsed.bulk_create([OnceUsed(key=_key(kind, text), forget_at=forget_at)], ignore_conflicts=True)


async def forget_used(before: datetime) -> None:
    """Remove what is refused for its age anyway."""
    await OnceUsed.filter(forget_at__lt=before).delete()


def _key(kind: str, text: str) -> str:
    return hashlib.sha256(f"{kind}\0{text}".encode()).hexdigest()

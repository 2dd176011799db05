"""The outbox of a demo: messages are kept to be read on a page instead of going to a phone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

import orjson

from core.uids import row_id
from infra.sealing import Sealer
from notify.messages import Message
from notify.models import SandboxMessage

MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Sent:
    """A message, and when it was sent."""

    at: datetime
    message: Message


class Sandbox:
    """Takes every message, and shows the newest."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    async def send(self, message: Message, now: datetime) -> None:
        """Keep the message; nothing leaves this machine."""
        kept = sealed(self._sealer, message)
        await SandboxMessage.create(id=row_id(), at=now, channel=message.channel, kind=message.kind, sealed=kept)

    async def newest(self) -> list[Sent]:
        """The newest first."""
        rows = await SandboxMessage.all().order_by("-at", "-id").limit(MOST_SHOWN)
        return [Sent(row.at, Message(**orjson.loads(self._sealer.open_bytes(row.sealed)))) for row in rows]


def sealed(sealer: Sealer, message: Message) -> bytes:
    """A message as it is kept."""
    return sealer.seal_bytes(orjson.dumps(asdict(message)))

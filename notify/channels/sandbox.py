"""The channel of a demo: messages are kept to be read on a page instead of going to a phone."""

from __future__ import annotations

import hashlib

from tortoise.exceptions import IntegrityError

from core.clock import now
from infra.sealing import Sealer
from notify.channels import PHONE, Channel, Means, Outcome, Outgoing, Sent
from notify.messages import Message
from notify.models import SandboxMessage
from notify.sandbox import sealed


class SandboxChannel:
    """Takes every message once: its row has a number made of the message's id."""

    name = "sandbox"
    address = PHONE

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    async def send(self, notice: Outgoing) -> Sent:
        """Keep it; nothing leaves this machine."""
        message = Message(notice.to, notice.kind, notice.text, code=notice.params.get("code"), url=notice.url)
        number = row_number(notice.id)
        try:
            await SandboxMessage.create(
                id=number, at=now(), channel=message.channel, kind=message.kind, sealed=sealed(self._sealer, message)
            )
        except IntegrityError:  # it is here already: the first time counts
            return Sent(str(number))
        return Sent(str(number))

    async def ask(self, notice: Outgoing) -> Outcome:
        """Whether it is here."""
        there = await SandboxMessage.exists(id=row_number(notice.id))
        return Outcome.DELIVERED if there else Outcome.NOT_SENT

    def code_template(self, _kind: str) -> str | None:
        """It carries codes, in words."""
        return ""


def row_number(message_id: str) -> int:
    """63 bits of a hash of our id, so that the same message has the same row."""
    return int.from_bytes(hashlib.sha256(message_id.encode()).digest()[:8]) >> 1


def opened(means: Means) -> Channel | None:
    """Only in a demo."""
    return SandboxChannel(means.sealer) if means.settings.demo else None

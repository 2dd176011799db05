"""A channel for tests: keeps a ledger of what it was given, and misbehaves on command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from notify.channels import PHONE, ChannelError, Outcome, Outgoing, Sent, Unknown


@dataclass
class Postbox:
    """`errors` are raised in turn, before the message is taken; `cut` messages are taken and the answer is lost."""

    name: str = "gateway"
    address: str = PHONE
    errors: list[ChannelError] = field(default_factory=list)
    down: ChannelError | None = None
    cut: int = 0
    asking: Outcome | ChannelError | None = None  # instead of the truth
    before_the_answer: Callable[[Outgoing], Awaitable[object]] | None = None
    ledger: list[Outgoing] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def send(self, notice: Outgoing) -> Sent:
        """Take it, or not, as told."""
        if self.down is not None:
            raise self.down
        if self.errors:
            raise self.errors.pop(0)
        self.ledger.append(notice)
        if self.before_the_answer is not None:
            await self.before_the_answer(notice)
        if self.cut:
            self.cut -= 1
            raise Unknown("the answer was cut off")
        return Sent(f"{self.name}-{len(self.ledger)}")

    async def ask(self, notice: Outgoing) -> Outcome:
        """The truth, unless it was told otherwise."""
        self.asked.append(notice.id)
        if isinstance(self.asking, ChannelError):
            raise self.asking
        if self.asking is not None:
            return self.asking
        return Outcome.ACCEPTED if notice.id in {each.id for each in self.ledger} else Outcome.NOT_SENT

    @property
    def texts(self) -> list[str]:
        """What was said, in order."""
        return [each.text for each in self.ledger]

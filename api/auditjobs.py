"""What comes round by the clock for the audit trail: heads noted in the stores, and the end of what nobody took up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from api.services import Services
from core.clock import now
from infra import auditanchor, metrics
from infra.audit import Entry
from records import forgetting

FORGET_SECONDS = 6 * 3600.0

Round = tuple[str, float, Callable[[asyncio.Event], Awaitable[None]]]


def rounds(services: Services) -> tuple[Round, ...]:
    """Name, seconds between two, and what is done."""
    minutes = services.settings.audit_anchor_minutes
    anchoring = Anchoring(services)
    noting: tuple[Round, ...] = (("anchor", minutes * 60.0, anchoring.note),) if minutes else ()

    async def forget(_stop: asyncio.Event) -> None:
        await forget_untaken(services)

    return (*noting, ("forget-untaken", FORGET_SECONDS, forget))


class Anchoring:
    """Notes the heads of the audit trail in the stores, each time after a look at what was noted before."""

    def __init__(self, services: Services) -> None:
        self._stores = services.stores
        self._signing = auditanchor.signer(services.settings.keys)
        self._before: auditanchor.Anchor | None = None

    async def note(self, _stop: asyncio.Event) -> None:
        """Once."""
        before = self._before or await auditanchor.newest(self._signing, self._stores)
        self._before = await auditanchor.note(self._signing, self._stores, now(), before)


async def forget_untaken(services: Services) -> None:
    """End the term of what nobody took up, and put on record how much that was."""
    for each in await forgetting.forget(now()):
        removed = {"hl7_messages": each.hl7_messages, "waiting_lines": each.waiting_lines}
        entry = Entry(chain=each.hospital, at=now(), action="forget", role="system", subject="worker", detail=removed)
        await services.trail.record(entry)
        for what, number in removed.items():
            metrics.count("forgotten", number, what=what)

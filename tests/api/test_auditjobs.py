"""By the clock: heads of the audit trail are noted in all stores, a rewritten trail is noticed, old waiting is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from api import filmjobs
from api.auditjobs import Anchoring, forget_untaken
from api.operator import operator_entry
from api.services import Services, open_services
from core.clock import now
from core.uids import uuid7
from infra import metrics
from infra.auditanchor import FOLDER
from infra.models import AuditEntry, AuditHead
from infra.settings import Settings
from records.models import Exam, Film, FilmSource, Hl7Message, Hospital

STOP = asyncio.Event()


@pytest.fixture
async def services(database: Settings) -> AsyncIterator[Services]:
    async with open_services(database, None) as services:
        await Hospital.create(code="demo", name="示范医院")
        yield services


async def anchors(services: Services) -> list[int]:
    """How many each store holds."""
    return [len([key async for key, _ in store.walk(FOLDER)]) for store in services.stores]


async def test_heads_are_noted_in_every_store_when_something_was_appended(services: Services) -> None:
    anchoring = Anchoring(services)
    await anchoring.note(STOP)
    assert await anchors(services) == [0, 0, 0]
    await services.trail.record(operator_entry("demo", action="read", what="test"))
    for _ in range(2):
        await anchoring.note(STOP)
        assert await anchors(services) == [1, 1, 1]
    await services.trail.record(operator_entry("demo", action="read", what="test"))
    await Anchoring(services).note(STOP)  # as after a restart
    assert await anchors(services) == [2, 2, 2]


async def test_a_trail_that_is_no_longer_as_it_was_noted_raises_the_alarm(services: Services) -> None:
    for _ in range(3):
        await services.trail.record(operator_entry("demo", action="read", what="test"))
    await Anchoring(services).note(STOP)
    await AuditEntry.filter(number=3).delete()
    second = await AuditEntry.get(number=2)
    await AuditHead.filter(chain="demo").update(number=2, hash=second.hash)
    await services.trail.record(operator_entry("demo", action="read", what="another"))
    anchoring = Anchoring(services)
    for _ in range(2):  # it goes on until somebody has looked
        await anchoring.note(STOP)
        assert b"cloudfilm_audit_chains_not_as_noted 1" in metrics.exposition()
        await services.trail.record(operator_entry("demo", action="read", what="more"))
    await AuditEntry.all().delete()
    await AuditHead.all().delete()
    await anchoring.note(STOP)
    assert b"cloudfilm_audit_chains_not_as_noted 1" in metrics.exposition()


async def test_what_was_forgotten_is_on_record(services: Services) -> None:
    await Hl7Message.create(
        id=uuid7(), hospital_id="demo", digest="x", sealed=b"x", error="x", received_at=now() - timedelta(days=400)
    )
    for _ in range(2):
        await forget_untaken(services)
    entry = await AuditEntry.get(action="forget")
    assert (entry.chain, entry.detail) == ("demo", {"hl7_messages": 1, "waiting_lines": 0})


async def test_replaced_films_go_after_the_hospitals_term_on_record(services: Services) -> None:
    await Hospital.filter(code="demo").update(policies={"replaced_films_days": 7})
    exam = await Exam.create(
        id=uuid7(), hospital_id="demo", accession="A1", patient_id="P1", category="radiology", performed_at=now()
    )
    for version, days in ((1, 8), (2, 6)):
        said: dict[str, Any] = {
            "replaced_at": now() - timedelta(days=days),
            "made_at": now(),
            "content_sha256": "0" * 64,
            "studies": [],
        }
        await Film.create(
            id=uuid7(), hospital_id="demo", exam_id=exam.id, source=FilmSource.MADE, version=version, layout="4x5", **said
        )
    for _ in range(2):
        await filmjobs.forget_replaced(services, STOP)
    assert [film.version for film in await Film.all()] == [2]
    assert [row.detail for row in await AuditEntry.filter(action="forget")] == [{"replaced_films": 1}]

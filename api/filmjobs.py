"""The background work of films: the worker makes a film when images or header have changed, and forgets replaced ones."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Any

from api.services import Services
from archive.read import Reader
from archive.tiers import Tiers
from core.clock import now
from core.errors import Conflict
from infra import metrics
from infra.audit import Entry
from infra.settings import MEBIBYTE
from records import filmdeletion, filmmaking
from records.models import Hospital
from records.policies import from_json
from records.writing import writing

READING_MIB = 64  # what is read for a film is seldom asked for again here: it must not fill the memory of the worker

FORGET_SECONDS, FORGOTTEN_AT_ONCE = 6 * 3600.0, 100  # films of one transaction

_log = logging.getLogger(__name__)


def reader(services: Services) -> Reader:
    """A reader with a small memory of its own, and without Redis: films are made from what lies in the stores."""
    return Reader(Tiers(READING_MIB * MEBIBYTE), services.replicas, services.archive_epoch, services.arrivals_epoch)


async def make(services: Services, reader: Reader, payload: dict[str, Any]) -> None:
    """Keep a promise of `records.filmwork`. A contradiction waits for whoever resolves it, which promises the film anew."""
    exam_id = payload["exam"]
    try:
        film = await filmmaking.make(reader, services.replicas, exam_id, now())
    except Conflict as error:
        _log.warning("no film of exam %s: %s", exam_id, error)
        return
    if film is not None:
        _log.info("film of exam %s: version %s, %s", exam_id, film.version, film.layout)


async def forget_replaced(services: Services, stop: asyncio.Event) -> None:
    """Remove films that newer ones replaced longer ago than their hospital keeps them, on record in the same commit."""
    for hospital in await Hospital.all().order_by("code"):
        before = now() - timedelta(days=from_json(hospital.policies).replaced_films_days)
        while not stop.is_set() and await _forget_some(services, hospital.code, before):
            pass


async def _forget_some(services: Services, hospital: str, before: datetime) -> bool:
    """False when no more are left."""
    async with writing(hospital):
        count = await filmdeletion.forget_replaced(hospital, before, now(), FORGOTTEN_AT_ONCE)
        if count:
            detail = {"replaced_films": count}
            entry = Entry(chain=hospital, at=now(), action="forget", role="system", subject="worker", detail=detail)
            await services.trail.append([entry])
    metrics.count("forgotten", count, what="replaced_films")
    return count == FORGOTTEN_AT_ONCE

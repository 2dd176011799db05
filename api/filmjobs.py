"""The background work of films: the worker makes the film of an exam when its images or its header have changed."""

from __future__ import annotations

import logging
from typing import Any

from api.services import Services
from archive.read import Reader
from archive.tiers import Tiers
from core.clock import now
from core.errors import Conflict
from infra.settings import MEBIBYTE
from records import filmmaking

READING_MIB = 64  # what is read for a film is seldom asked for again here: it must not fill the memory of the worker

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

"""Reports as PDF: what it takes to print them, and the worker's part, which has them ready before anybody asks."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from api.services import Services
from core.clock import now
from core.errors import NotFound
from identity import links
from identity.links import LinkKind
from infra.signing import DemoSigners, Signers, no_signer, plugged_in
from records import report_prints
from records.report_prints import Press

SEALS = "seals"  # folder of a demo's seals, in its data folder

_log = logging.getLogger(__name__)


def press(services: Services) -> Press:
    """What it takes to print in this process."""

    async def check_url(hospital: str, subject: str) -> str:
        token = await services.people.links.token_of(LinkKind.CHECK, hospital, subject, now())
        return links.url(services.settings.base_url, token)

    return Press(services.replicas, services.children, _signers(services), check_url)


async def print_ahead(services: Services, payload: dict[str, Any]) -> None:
    """Keep a promise of `records.reports.PRINT`. What cannot be printed now is made when somebody may read it."""
    try:
        await report_prints.printed(press(services), payload["report"], now())
    except NotFound as error:
        _log.info("report %s was not printed: %s", payload["report"], error)


def _signers(services: Services) -> Signers:
    settings = services.settings
    if settings.signers:
        return plugged_in(settings.signers)
    if not settings.demo:
        return no_signer
    folder = settings.home / SEALS
    return _demo_seals.setdefault(folder, DemoSigners(folder, services.people.sealer))


_demo_seals: dict[Path, DemoSigners] = {}  # opened once in a process

"""Links into a demo that work once: each is a file whose removal decides who was first."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from pathlib import Path

from core.clock import now
from infra.settings import Settings

TICKET_BYTES = 24
TICKET_LIFE = timedelta(minutes=10)


def new_ticket(settings: Settings) -> str:
    """The path of a new link that works once within ten minutes; only the hash of its ticket is kept."""
    folder = _folder(settings)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sweep(folder, now())
    ticket = secrets.token_urlsafe(TICKET_BYTES)
    _file(folder, ticket).write_text((now() + TICKET_LIFE).isoformat())
    return f"/demo/enter/{ticket}"


def use_up(settings: Settings, ticket: str, at: datetime) -> bool:
    """True once for a ticket of ours that is not over; whoever removes its file first has it."""
    path = _file(_folder(settings), ticket)
    try:
        good_until = datetime.fromisoformat(path.read_text())
        path.unlink()
    except (FileNotFoundError, ValueError):
        return False
    return at < good_until


def _folder(settings: Settings) -> Path:
    return settings.home / "run" / "tickets"


def _file(folder: Path, ticket: str) -> Path:
    return folder / hashlib.sha256(ticket.encode()).hexdigest()


def _sweep(folder: Path, at: datetime) -> None:
    for path in folder.iterdir():
        if path.stat().st_mtime < (at - TICKET_LIFE).timestamp():
            path.unlink(missing_ok=True)

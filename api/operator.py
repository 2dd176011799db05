"""Who acts at the command line, for the audit trail."""

from __future__ import annotations

import os

from core.clock import now
from infra.audit import Entry


def operator_entry(chain: str, *, action: str, what: str) -> Entry:
    """An entry by the number of the operating system's account, never its name."""
    subject = f"operator-{os.getuid()}"
    return Entry(chain=chain, at=now(), action=action, role="operator", subject=subject, address="local", what=what)

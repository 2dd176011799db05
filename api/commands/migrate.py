"""Bring the tables to this version; safe to repeat, and safe while another process does the same."""

from __future__ import annotations

import argparse
import asyncio
import os

from infra.database import migrate
from infra.settings import from_environ


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options."""


def run(_arguments: argparse.Namespace) -> int:
    """Migrate the database that the settings name."""
    asyncio.run(migrate(from_environ(os.environ)))
    return 0

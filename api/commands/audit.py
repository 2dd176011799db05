"""Check the audit trail: `audit verify` recomputes every chain, names the first broken entry, and exits 1 if there is one."""

from __future__ import annotations

import argparse
import asyncio
import os

from infra.audit import Broken, Trail, verify
from infra.database import close_database, open_database
from infra.settings import Settings, from_environ


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do with the trail."""
    parser.add_argument("action", choices=["verify"], help="recompute every hash from the first entry to the last")


def run(_arguments: argparse.Namespace) -> int:
    """Exit 1 at a broken entry."""
    checked, broken = asyncio.run(_verify(from_environ(os.environ)))
    if broken is not None:
        print(f"broken: chain {broken.chain}, entry {broken.number}: {broken.reason}")
        return 1
    print(f"{checked} entries checked, none broken")
    return 0


async def _verify(settings: Settings) -> tuple[int, Broken | None]:
    await open_database(settings)
    try:
        return await verify(Trail(settings.keys))
    finally:
        await close_database()

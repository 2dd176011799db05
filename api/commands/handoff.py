"""Trust a hospital's own app to say who logged in there, by its public key; or trust it no more."""

from __future__ import annotations

import argparse
import asyncio
import os
from pathlib import Path

from api.operator import operator_entry
from core.clock import now
from core.errors import Invalid
from identity import handoff
from infra.audit import Trail
from infra.database import close_database, open_database
from infra.settings import Settings, from_environ


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which hospital, which key."""
    parser.add_argument("hospital", metavar="CODE", help="the hospital, as iss of its tokens")
    parser.add_argument("key_id", metavar="KID", help="name of the key, as kid in the header of its tokens")
    parser.add_argument("--key", type=Path, metavar="FILE", help="its public key in PEM")
    parser.add_argument("--algorithm", choices=handoff.ALGORITHMS, default="ES256", help="what it signs with")
    parser.add_argument("--revoke", action="store_true", help="trust this key no more")


def run(arguments: argparse.Namespace) -> int:
    """Add or revoke."""
    if arguments.revoke == (arguments.key is not None):
        raise Invalid("say either --key FILE or --revoke")
    asyncio.run(_run(from_environ(os.environ), arguments))
    return 0


async def _run(settings: Settings, arguments: argparse.Namespace) -> None:
    await open_database(settings)
    try:
        hospital, key_id, at = arguments.hospital, arguments.key_id, now()
        if arguments.revoke:
            if not await handoff.revoke_key(hospital, key_id, at):
                raise Invalid("no such key is trusted")
        else:
            await handoff.add_key(hospital, key_id, arguments.algorithm, arguments.key.read_text(), at)
        what = "revoke" if arguments.revoke else "add"
        await Trail(settings.keys).record(operator_entry(hospital, action="handoff-key", what=what))
    finally:
        await close_database()

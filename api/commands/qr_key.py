"""List the keys by which a hospital signs its printed QR codes; replace one, or stop believing one in other hands."""

from __future__ import annotations

import argparse
import asyncio
import os

from api.operator import operator_entry
from core.clock import now
from core.errors import Invalid
from identity import links_keys
from identity.links_keys import QrKeys
from infra.audit import Trail
from infra.database import close_database, open_database
from infra.sealing import Sealer
from infra.settings import Settings, from_environ
from records.models import Hospital


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which hospital, and what."""
    parser.add_argument("hospital", metavar="CODE", help="the hospital")
    parser.add_argument("--rotate", action="store_true", help="sign with a new key; what is printed stays genuine")
    parser.add_argument("--withdraw", metavar="KID", help="do not believe this key any more; what it signed still opens")


def run(arguments: argparse.Namespace) -> int:
    """List the keys after what was asked for."""
    asyncio.run(_run(from_environ(os.environ), arguments))
    return 0


async def _run(settings: Settings, arguments: argparse.Namespace) -> None:
    await open_database(settings)
    try:
        await _change(settings, arguments)
        await _list(arguments.hospital)
    finally:
        await close_database()


async def _list(hospital: str) -> None:
    keys = [key for key in await links_keys.published() if key.hospital == hospital]
    for key in keys:
        print(f"{key.id}  since {key.created_at:%Y-%m-%d}  {'retired' if key.retired_at else 'signs'}")
    if not keys:
        print("no key yet: the first code that is printed makes one")


async def _change(settings: Settings, arguments: argparse.Namespace) -> None:
    if not await Hospital.exists(code=arguments.hospital):
        raise Invalid(f"no hospital has the code {arguments.hospital}")
    keys, hospital = QrKeys(Sealer(settings.keys)), arguments.hospital
    if arguments.withdraw:
        await keys.withdraw(hospital, arguments.withdraw, now())
    if arguments.rotate:
        await keys.rotate(hospital, now())
    if arguments.withdraw or arguments.rotate:
        what = "withdraw" if arguments.withdraw else "rotate"
        await Trail(settings.keys).record(operator_entry(hospital, action="qr-key", what=what))

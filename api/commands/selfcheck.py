"""Check what this installation stands on: database, Redis, the three stores and where each copy lies, free space, limited
children, codecs, fonts. Exit status 0 only when all is good."""

from __future__ import annotations

import argparse
import asyncio
import os

from api.selfcheck import Check, checks
from infra.settings import Settings, from_environ


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options."""


def run(_arguments: argparse.Namespace) -> int:
    """Exit 1 when a check failed."""
    return asyncio.run(_run(from_environ(os.environ)))


async def _run(settings: Settings) -> int:
    failed = 0
    async for check in checks(settings):
        print(_line(check), flush=True)
        failed += check.good is False
    print("all good" if not failed else f"{failed} failed")
    return 1 if failed else 0


def _line(check: Check) -> str:
    mark = {True: "ok", False: "FAILED", None: "note"}[check.good]
    return f"{mark:<7}{check.name:<20} {check.found}"

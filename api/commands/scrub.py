"""Walk over all copies in all stores: each is read and checked by its own bytes, wrong ones are written anew from a good
one. With --continue it goes on where the last walk was stopped. Exit status 1 when an object has no good copy left."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from dataclasses import asdict

from api.services import open_services
from archive.scrub import Progress, Summary, scrub
from infra import logs
from infra.settings import Settings, from_environ


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How to go, and how to tell."""
    parser.add_argument("--json", action="store_true", help="end with one line of JSON: checked, bad, repaired, lost, orphans")
    parser.add_argument(
        "--pace", type=float, metavar="MIB", help="MiB a second, 0 = as fast as it can (CLOUDFILM_SCRUB_MIB_PER_SECOND)"
    )
    parser.add_argument("--continue", dest="go_on", action="store_true", help="go on where the last walk was stopped")


def run(arguments: argparse.Namespace) -> int:
    """Exit 1 when something is lost."""
    settings = from_environ(os.environ)
    logs.configure("scrub", settings.home / "log", settings.log_level, stderr_level="ERROR")
    pace = settings.scrub_mib_per_second if arguments.pace is None else arguments.pace
    summary, stopped = asyncio.run(_scrub(settings, pace, fresh=not arguments.go_on))
    print(json.dumps(asdict(summary)) if arguments.json else _words(summary))
    if stopped:
        print("stopped before the end; scrub --continue goes on from here", file=sys.stderr)
    return 1 if summary.lost or stopped else 0


async def _scrub(settings: Settings, pace: float, *, fresh: bool) -> tuple[Summary, bool]:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_services(settings, None) as services:
        summary = await scrub(services.replicas, mib_per_second=pace, progress=_show, stop=stop, fresh=fresh)
    return summary, stop.is_set()


def _show(progress: Progress) -> None:
    end = "\r" if sys.stderr.isatty() else "\n"
    print(f"{progress.objects}/{progress.of_objects} objects, {_words(progress.summary)}", end=end, file=sys.stderr, flush=True)


def _words(summary: Summary) -> str:
    return ", ".join(f"{value} {name}" for name, value in asdict(summary).items())

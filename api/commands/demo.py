"""Load the demo hospitals, their images and their patient into a demo folder: samples of the pydicom package, and phantoms."""

from __future__ import annotations

import argparse
import asyncio
import os

from api.commands.import_files import summary
from api.demo import HOSPITALS, load
from infra import logs
from infra.settings import from_environ


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options."""


def run(_arguments: argparse.Namespace) -> int:
    """Exit 1 when an image was refused."""
    settings = from_environ(os.environ)
    logs.configure("demo", settings.home / "log", settings.log_level, stderr_level="WARNING")
    print("loading the demo images (only at the first start) ...", flush=True)
    totals = asyncio.run(load(settings))
    for code, each in totals.items():
        print(f"{HOSPITALS[code]} ({code}): {summary(each)}")
    return 1 if any(each.refused for each in totals.values()) else 0

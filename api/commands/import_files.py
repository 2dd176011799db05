"""Bring DICOM files and folders in. It can be stopped at any time and started again: files that are safe already are
passed over. Files that are not DICOM are skipped and counted; refused ones are named, and then the exit status is 1."""

from __future__ import annotations

import argparse
import asyncio
import os
from pathlib import Path

from api.commands.import_index import import_index
from api.importing import Import, Totals
from api.journal import Journal
from api.operator import operator_entry
from api.services import open_services
from core.errors import Invalid
from infra import logs
from infra.settings import Settings, from_environ


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to bring in, and for whom."""
    parser.add_argument("paths", metavar="PATH", nargs="*", type=Path, help="a DICOM file, or a folder to search")
    parser.add_argument("--index", metavar="CSV", type=Path, help="a table of a former vendor's exams and reports")
    parser.add_argument("--hospital", metavar="CODE", help="whose images they are (a demo folder: demo)")


def run(arguments: argparse.Namespace) -> int:
    """Exit 1 when a DICOM file was refused."""
    settings = from_environ(os.environ)
    logs.configure("import", settings.home / "log", settings.log_level, stderr_level="WARNING")
    hospital = arguments.hospital or ("demo" if settings.demo else None)
    if hospital is None:
        raise Invalid("--hospital CODE is needed")
    if not (arguments.paths or arguments.index):
        raise Invalid("name a PATH, or a table with --index")
    refused_lines = asyncio.run(import_index(settings, hospital, arguments.index)) if arguments.index else 0
    if not arguments.paths:
        return 1 if refused_lines else 0
    totals = asyncio.run(_import(settings, hospital, arguments.paths))
    print(summary(totals))
    return 1 if totals.refused or refused_lines else 0


async def _import(settings: Settings, hospital: str, paths: list[Path]) -> Totals:
    async with open_services(settings, None) as services:
        with Journal(settings.home) as journal:
            return await Import(
                services.ingest, journal, hospital, operator_entry(hospital, action="store", what="import")
            ).run(paths)


def summary(totals: Totals) -> str:
    """One line of counts."""
    return (
        f"{totals.stored} stored, {totals.same} were here with the same bytes, {totals.passed_over} passed over from an"
        f" earlier import, {totals.other} other files skipped, {len(totals.refused)} refused"
    )

"""Give a hospital its original files back, byte by byte as they were sent, with manifest.jsonl (a SHA-256 a file) beside
them. It can be stopped and started again. With --verify it compares a folder with its manifest instead. Exit status 1 when
a file could not be given, or is wrong or missing."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from api.operator import operator_entry
from api.services import open_services
from archive.export import Exported, export
from archive.manifest import Verified, verify
from core.errors import Invalid
from infra import logs
from infra.settings import Settings, from_environ
from records.models import Hospital


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to give back, and where to."""
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="where the files go; it may hold an earlier export")
    parser.add_argument("--hospital", metavar="CODE", help="whose files (needed unless --verify)")
    parser.add_argument("--study", metavar="UID", action="append", help="only this study; may be repeated")
    parser.add_argument("--since", metavar="DATE", type=day, help="only what arrived on that day or later, 2026-01-31")
    parser.add_argument("--all-versions", action="store_true", help="also versions that were replaced")
    parser.add_argument("--verify", action="store_true", help="hash the files of FOLDER and compare them with its manifest")


def run(arguments: argparse.Namespace) -> int:
    """Exit 1 when anything is not as it must be."""
    if arguments.verify:
        return _tell_verified(asyncio.run(verify(arguments.folder)))
    if not arguments.hospital:
        raise Invalid("--hospital CODE is needed")
    settings = from_environ(os.environ)
    logs.configure("export", settings.home / "log", settings.log_level, stderr_level="WARNING")
    return _tell_exported(asyncio.run(_export(settings, arguments)))


async def _export(settings: Settings, arguments: argparse.Namespace) -> Exported:
    async with open_services(settings, None) as services:
        hospital = await Hospital.get_or_none(code=arguments.hospital)
        if hospital is None:
            raise Invalid(f"no hospital has the code {arguments.hospital}")
        await services.trail.record(operator_entry(hospital.code, action="export", what="originals"))
        return await export(
            services.replicas,
            hospital.code,
            arguments.folder,
            studies=arguments.study,
            since=arguments.since and arguments.since.replace(tzinfo=ZoneInfo(hospital.zone)),
            all_versions=arguments.all_versions,
            progress=_show,
        )


def _show(exported: Exported) -> None:
    end = "\r" if sys.stderr.isatty() else "\n"
    print(
        f"{exported.written + exported.kept} files, {exported.size / (1 << 20):.0f} MiB", end=end, file=sys.stderr, flush=True
    )


def _tell_exported(exported: Exported) -> int:
    for path in exported.failed:
        print(f"no good copy: {path}")
    print(f"{exported.written} files written, {exported.kept} were there already, {len(exported.failed)} could not be given")
    return 1 if exported.failed else 0


def _tell_verified(verified: Verified) -> int:
    for word, paths in (("wrong", verified.wrong), ("missing", verified.missing)):
        for path in paths:
            print(f"{word}: {path}")
    print(f"{verified.good} files as in the manifest, {len(verified.wrong)} wrong, {len(verified.missing)} missing")
    return 1 if verified.wrong or verified.missing else 0


def day(text: str) -> datetime:
    """The beginning of a day, whose zone is the hospital's."""
    try:
        return datetime.strptime(text, "%Y-%m-%d")
    except ValueError as error:
        raise argparse.ArgumentTypeError("a date such as 2026-01-31") from error

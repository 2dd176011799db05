"""The background process alone: promised work (third copies, repairs, …) and periodic jobs. `serve` starts one itself."""

from __future__ import annotations

import argparse
import os

from api.worker import work
from infra import logs
from infra.settings import from_environ
from infra.signing import require_found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the supervisor hands over."""
    parser.add_argument("--ready-fd", type=int, help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace) -> int:
    """Work until SIGTERM."""
    settings = from_environ(os.environ)
    require_found(settings.signers)
    stderr_level = "WARNING" if settings.demo else settings.log_level
    logs.configure("worker", settings.home / "log", settings.log_level, stderr_level=stderr_level)
    work(settings, ready_fd=arguments.ready_fd)
    return 0

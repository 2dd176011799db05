"""One server process; the supervisor starts it with a socket that listens."""

from __future__ import annotations

import argparse
import os
from importlib import import_module

from api.serve import serve
from infra import garbage, logs
from infra.settings import from_environ


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which process it is and the descriptors it inherits."""
    parser.add_argument("--number", type=int, required=True, help="which of the server processes")
    parser.add_argument("--listening-fd", type=int, required=True, help="inherited socket that listens")
    parser.add_argument("--ready-fd", type=int, required=True, help="inherited pipe that hears of readiness")
    parser.add_argument("--app", default="api.server:create_app", help="module:function that makes the application")


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM."""
    settings = from_environ(os.environ)
    stderr_level = "WARNING" if settings.demo else settings.log_level
    logs.configure(f"server-{arguments.number}", settings.home / "log", settings.log_level, stderr_level=stderr_level)
    module, _, function = arguments.app.partition(":")
    with garbage.no_search():
        create_app = getattr(import_module(module), function)
    serve(create_app, settings, listening_fd=arguments.listening_fd, ready_fd=arguments.ready_fd)
    return 0

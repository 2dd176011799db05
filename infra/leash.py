"""Runs a program that dies with its parent: `python -I -S leash.py PARENT_PID PROGRAM ARGUMENT…` (prctl(2), PR_SET_PDEATHSIG).

A program of its own instead of code between fork and exec, which must not run where other threads are.
The kernel's "parent" is the thread that starts it: start it from one that stays.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent_pid: int, command: list[str]) -> None:
    """Become `command`; exit 1 when the parent is gone already."""
    if ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        sys.exit("prctl refuses PR_SET_PDEATHSIG")
    if os.getppid() != parent_pid:
        sys.exit("the parent is gone")
    os.execv(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])

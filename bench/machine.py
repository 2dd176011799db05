"""On what was measured: machine, system, versions."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from bench.load import has_wrk
from bench.orthanc import Orthanc

PACKAGES = ("sanic", "uvloop", "pydicom", "imagecodecs", "opencv-python-headless", "numpy", "tortoise-orm", "redis")
ROOT = Path(__file__).resolve().parent.parent


def described() -> dict[str, str]:
    """What → which."""
    return {
        "processor": f"{os.cpu_count()} × {_processor()}",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{_distribution()}, Linux {platform.release()}",
        "Python": platform.python_version(),
        "packages": ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES),
        "peer": f"{Orthanc.version()} with its DICOMweb plugin, SQLite, no login" if Orthanc.is_installed() else "none",
        "client": "wrk, 1 thread, on the same cores" if has_wrk() else "Python, on the same cores",
        "revision": _revision(),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _distribution() -> str:
    return platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())


def _revision() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"

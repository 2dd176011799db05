from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from archive.prepare import prepare
from tests.archive import samples

SCRIPT = Path(__file__).parents[2] / "docs" / "recover.py"
NATIVE = (
    "CT_small.dcm",  # signed grey
    "MR_small_implicit.dcm",
    "ExplVR_BigEnd.dcm",
    "examples_overlay.dcm",
    "SC_rgb_small_odd.dcm",
    "SC_rgb_small_odd_big_endian.dcm",
)


@pytest.mark.parametrize("name", [*NATIVE, "JPEG2000.dcm", "test-SR.dcm"])
def test_a_stranger_gets_the_original_out_of_one_stored_object(name: str, tmp_path: Path) -> None:
    _comes_back(samples.package(name), tmp_path)


@pytest.mark.parametrize("planar", [0, 1])
def test_frames_in_colour_come_back_in_their_order_of_bytes(planar: int, tmp_path: Path) -> None:
    pixels = np.arange(3 * 40 * 50 * 3, dtype=np.uint32).astype(np.uint8).reshape(3, 40, 50, 3)
    _comes_back(samples.instance(pixels, frames=3, planar=planar), tmp_path)


def test_a_damaged_object_is_not_taken_for_the_original(tmp_path: Path) -> None:
    source, stored = tmp_path / "sent.dcm", tmp_path / "object.dcm"
    source.write_bytes(samples.package("CT_small.dcm"))
    prepare(str(source), str(stored))
    damaged = bytearray(stored.read_bytes())
    middle = len(damaged) // 2
    damaged[middle : middle + 16] = bytes(16)
    stored.write_bytes(damaged)
    done = subprocess.run([sys.executable, "-I", SCRIPT, stored, tmp_path / "back.dcm"], capture_output=True, timeout=120)
    assert done.returncode != 0
    assert not (tmp_path / "back.dcm").exists()


def _comes_back(sent: bytes, tmp_path: Path) -> None:
    source, stored, back = tmp_path / "sent.dcm", tmp_path / "object.dcm", tmp_path / "back.dcm"
    source.write_bytes(sent)
    prepare(str(source), str(stored))
    kept = stored if stored.exists() else source  # as sent, the file itself is the object
    subprocess.run([sys.executable, "-I", SCRIPT, kept, back], check=True, timeout=120)
    assert hashlib.sha256(back.read_bytes()).digest() == hashlib.sha256(source.read_bytes()).digest()

"""The font of reports and films has the letters of names, and keeps them after the first start without asking anybody."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from films import fonts

RARE = "㛃䶮𬭎𫖯"  # of names that people have; a font for web pages lacks them
NOT_THERE = "\uffff"
ROOT = Path(__file__).resolve().parents[2]


def drawn(letter: str, bold: bool) -> bytes:
    image, _ = fonts.face(40, bold).getmask2(letter, mode="L")
    return np.array(image, np.uint8).tobytes()


@pytest.mark.parametrize("bold", [False, True])
@pytest.mark.parametrize("letter", RARE + "医张")
def test_rare_letters_of_names_are_drawn(letter: str, bold: bool) -> None:
    assert len(drawn(letter, bold)) > 0
    assert drawn(letter, bold) != drawn(NOT_THERE, bold)


def test_both_weights_and_the_licence_lie_side_by_side() -> None:
    assert fonts.regular_path().parent == fonts.bold_path().parent
    assert "SIL OPEN FONT LICENSE" in (fonts.regular_path().parent / "LICENSE_FONT").read_text().upper()


def test_font_that_is_there_needs_no_network() -> None:
    before = fonts.regular_path().stat().st_mtime_ns
    without_anything = {"PATH": "/usr/bin:/bin", "npm_config_offline": "true", "npm_config_cache": "/nonexistent"}
    done = subprocess.run([ROOT / "infra/deploy/fonts.sh"], env=without_anything, capture_output=True, check=True)
    assert done.stdout == b"" and fonts.regular_path().stat().st_mtime_ns == before

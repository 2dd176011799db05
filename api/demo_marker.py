"""Whether a data folder has its demo images already, so that only the first start brings them in."""

from __future__ import annotations

from pathlib import Path

VERSION = "2"  # a folder with another number gets the images again, which adds what is missing


def is_loaded(home: Path) -> bool:
    """True when this folder has the images of this version."""
    marker = _marker(home)
    return marker.exists() and marker.read_text() == VERSION


def mark_loaded(home: Path) -> None:
    """All images of this version are in."""
    _marker(home).write_text(VERSION)


def _marker(home: Path) -> Path:
    return home / "demo-images"

"""The pictures of the documents: all that are named are there, and those of the phone are taken by the command and small."""

from __future__ import annotations

import re
from pathlib import Path

from docs.take_pictures.fitting import MOST_BYTES
from docs.take_pictures.table import FOLDER, PICTURES

ROOT = Path(__file__).resolve().parents[2]
_NAMED = re.compile(r'src="((?:docs/)?pictures/[^"]+)"|\]\(((?:docs/)?pictures/[^)]+)\)')


def named(document: Path) -> set[Path]:
    """Files of the pictures that a document shows."""
    found = _NAMED.findall(document.read_text(encoding="utf-8"))
    return {document.parent / (tag or link) for tag, link in found}


def test_every_picture_that_is_named_is_there() -> None:
    missing = {path for document in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")) for path in named(document)}
    assert {str(path) for path in missing if not path.is_file()} == set()


def test_the_phone_shows_just_the_pictures_that_the_command_takes_and_they_are_small() -> None:
    shown, of_the_viewer = ({path.stem for path in named(ROOT / "docs" / name)} for name in ("phone.md", "viewer.md"))
    assert shown == set(PICTURES) - of_the_viewer
    sizes = {name: (FOLDER / f"{name}.png").stat().st_size for name in PICTURES}
    assert {name: size for name, size in sizes.items() if size > MOST_BYTES} == {}

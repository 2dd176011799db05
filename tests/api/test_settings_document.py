"""docs/settings.md says what infra/settings.py reads: neither forgets a setting of the other."""

from __future__ import annotations

from pathlib import Path

from api.commands.settings import table

DOCUMENT = Path(__file__).parents[2] / "docs" / "settings.md"
BEGIN, END = "<!-- made by: python -m api settings -->\n", "<!-- end of settings -->"


def test_the_table_in_the_document_is_the_one_of_the_code() -> None:
    text = DOCUMENT.read_text()
    assert text[text.index(BEGIN) + len(BEGIN) : text.index(END)] == table(), "put there what `python -m api settings` prints"

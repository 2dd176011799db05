"""Print every setting with its default and meaning, as the table of docs/settings.md."""

from __future__ import annotations

import argparse
from dataclasses import MISSING, Field, fields
from typing import Any

from infra.keys import MINIMUM_CHARACTERS
from infra.settings import PREFIX, Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options."""


def run(_arguments: argparse.Namespace) -> int:
    """Print the table."""
    print(table(), end="")
    return 0


def table() -> str:
    """A Markdown table of all settings."""
    return "| variable | default | meaning |\n|---|---|---|\n" + "".join(f"{_row(setting)}\n" for setting in fields(Settings))


def _row(setting: Field[Any]) -> str:
    meaning = setting.metadata["meaning"]
    if setting.name == "keys":
        names = "`, `".join(f"{PREFIX}SECRET_{name}" for name in ("TOKENS", "FIELDS", "INDEX", "QR_KEY"))
        return f"| `{names}` | | at least {MINIMUM_CHARACTERS} characters each, all different; a demo makes its own |"
    if setting.name == "store_keys":
        name, _, words = meaning.partition(": ")
        return f"| `{name}` | | {words} |"
    return f"| `{PREFIX}{setting.name.upper()}` | {_shown(setting.default)} | {meaning} |"


def _shown(default: object) -> str:
    if isinstance(default, bool):
        return str(int(default))
    if default is MISSING or default in ("", ()):
        return ""
    return str(default) if isinstance(default, int) else f"`{default}`"

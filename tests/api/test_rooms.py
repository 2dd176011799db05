"""The house rules hold for every room: none is outside the import contracts."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOT_IMPORTED_BY_ROOMS = {"tests", "bench"}


def test_every_room_stands_under_the_import_contracts() -> None:
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - NOT_IMPORTED_BY_ROOMS
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert set(rules["root_packages"]) == rooms
    no_http = next(contract for contract in rules["contracts"] if contract.get("forbidden_modules") == ["sanic"])
    assert set(no_http["source_modules"]) == rooms - {"api"}

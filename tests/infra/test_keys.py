"""Secrets: made once in a demo, given and strong in production, never guessed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import Misconfigured
from infra.keys import Keys, demo_keys, production_keys

GOOD = {f"CLOUDFILM_SECRET_{name}": name.ljust(32, "x") for name in ("TOKENS", "FIELDS", "INDEX", "QR_KEY")}


def test_a_demo_makes_its_secrets_once(tmp_path: Path) -> None:
    first = demo_keys(tmp_path / "home", {})
    assert demo_keys(tmp_path / "home", {}) == first
    assert len({first.tokens, first.fields, first.index, first.qr_key}) == 4
    assert (tmp_path / "home" / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_processes_that_start_together_agree_on_the_secrets(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from infra.keys import demo_keys; print(demo_keys(Path(sys.argv[1]), {}).tokens)"
    )
    started = [subprocess.Popen([sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE) for _ in range(6)]
    assert len({process.communicate()[0] for process in started}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secrets.json"]


def test_damaged_secrets_are_not_made_anew(tmp_path: Path) -> None:
    for damage in ("", "{}", "[]", '{"tokens": "x"}'):
        (tmp_path / "secrets.json").write_text(damage)
        with pytest.raises(Misconfigured, match="backup"):
            demo_keys(tmp_path, {})
        assert (tmp_path / "secrets.json").read_text() == damage


def test_a_demo_refuses_production_secrets(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="CLOUDFILM_SECRET_TOKENS"):
        demo_keys(tmp_path, GOOD)


def test_production_needs_all_four(tmp_path: Path) -> None:
    assert production_keys(GOOD).tokens == GOOD["CLOUDFILM_SECRET_TOKENS"]
    for missing in GOOD:
        with pytest.raises(Misconfigured, match=missing):
            production_keys({name: value for name, value in GOOD.items() if name != missing})


def test_production_needs_long_and_different_ones() -> None:
    with pytest.raises(Misconfigured, match="CLOUDFILM_SECRET_INDEX"):
        production_keys({**GOOD, "CLOUDFILM_SECRET_INDEX": "short"})
    with pytest.raises(Misconfigured, match="differ"):
        production_keys({**GOOD, "CLOUDFILM_SECRET_INDEX": GOOD["CLOUDFILM_SECRET_TOKENS"]})


def test_derived_keys_differ_by_purpose_and_deployment() -> None:
    one, other = Keys("a", "b", "c", "d"), Keys("a", "x", "c", "d")
    assert len({one.derive("audit"), one.derive("hot"), other.derive("audit")}) == 3
    assert len(one.derive("audit")) == 32
    assert one.derive("audit") == Keys("z", "b", "z", "z").derive("audit")


def test_secrets_are_not_shown() -> None:
    assert "secret-value" not in repr(Keys("secret-value", "b", "c", "d"))

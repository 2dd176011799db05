from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from api.origins import is_ours
from infra.settings import Settings, from_environ


@pytest.fixture
def demo(tmp_path: Path) -> Settings:
    """A demo on this machine at port 8765."""
    return from_environ({"CLOUDFILM_HOME": str(tmp_path), "CLOUDFILM_DEMO": "1", "CLOUDFILM_PORT": "8765"})


def test_a_demo_on_this_machine_is_the_same_place_under_each_of_its_names(demo: Settings) -> None:
    for name in ("127.0.0.1", "localhost", "[::1]"):
        assert is_ours(f"http://{name}:8765", demo)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "http://localhost",
        "http://localhost:8766",
        "https://localhost:8765",
        "http://localhost:8765/",
        "http://somebody@localhost:8765",
        "http://localhost.evil.example:8765",
        "http://localhost:x",
        "http://[::1",
        "http://10.0.0.7:8765",
    ],
)
def test_every_other_place_is_another_one(demo: Settings, origin: str) -> None:
    assert not is_ours(origin, demo)


def test_outside_of_a_demo_only_the_public_address_counts(demo: Settings) -> None:
    served = replace(demo, demo=False, public_url="https://Film.example.org/")
    assert is_ours("https://film.example.org", served)
    assert not is_ours("http://localhost:8765", replace(demo, demo=False))
    assert not is_ours("http://localhost:8765", replace(demo, public_url="https://film.example.org"))

"""Settings: read once, wrong ones refused with what to do, secrets never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Misconfigured
from infra.settings import Settings, from_environ
from tests.infra.test_keys import GOOD


def read(tmp_path: Path, **more: str) -> Settings:
    named = {f"CLOUDFILM_{name}": value for name, value in more.items()}
    return from_environ({"CLOUDFILM_HOME": str(tmp_path), "CLOUDFILM_DEMO": "1", **named})


def test_defaults_of_a_demo(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert (settings.host, settings.port, settings.base_url) == ("127.0.0.1", 8000, "http://127.0.0.1:8000")
    assert settings.store_urls == tuple((tmp_path / "stores" / number).as_uri() for number in "123")
    assert settings.worker_count >= 1


def test_links_are_built_from_the_public_url(tmp_path: Path) -> None:
    assert read(tmp_path, PUBLIC_URL="https://film.example/").base_url == "https://film.example"
    assert read(tmp_path, PORT="8123").base_url == "http://127.0.0.1:8123"


def test_what_was_a_demo_stays_one(tmp_path: Path) -> None:
    read(tmp_path)
    assert from_environ({"CLOUDFILM_HOME": str(tmp_path)}).demo
    with pytest.raises(Misconfigured, match="production secrets"):
        from_environ({"CLOUDFILM_HOME": str(tmp_path), **GOOD})


def test_production_does_not_start_without_its_secrets(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=f"CLOUDFILM_SECRET_TOKENS.*{tmp_path}, which CLOUDFILM_HOME names, is no demo's"):
        from_environ({"CLOUDFILM_HOME": str(tmp_path)})
    assert not from_environ({"CLOUDFILM_HOME": str(tmp_path), **GOOD}).demo


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "-1"),
        ("PORT", "70000"),
        ("PORT", "٨٠"),
        ("WORKERS", "1.5"),
        ("DEMO", "maybe"),
        ("LOG_LEVEL", "loud"),
        ("PUBLIC_URL", "film.example"),
        ("STORES", "file:///a,file:///b"),
    ],
)
def test_what_cannot_be_is_refused_by_name(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(Misconfigured, match=f"CLOUDFILM_{name}"):
        read(tmp_path, **{name: value})


def test_lists_and_keys_of_stores(tmp_path: Path) -> None:
    settings = read(tmp_path, CORS_ORIGINS=" https://a , https://b,", STORES="file:///a,s3://b,oss://c", STORE_2_REGION="x")
    assert settings.cors_origins == ("https://a", "https://b")
    assert settings.store_urls == ("file:///a", "s3://b", "oss://c")
    assert settings.store_keys == {"2_region": "x"}


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    settings = read(tmp_path, STORE_2_SECRET_ACCESS_KEY="hidden-value")
    assert "hidden-value" not in repr(settings)
    assert settings.keys.tokens not in repr(settings)

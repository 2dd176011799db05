"""A share as a SMART Health Link says what the specification asks for, and of the patient nothing."""

from __future__ import annotations

import dataclasses
import json
from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import Misconfigured
from share.shl_link import SECRET_CHARACTERS, Link, Secrets

SECRET = "s" * SECRET_CHARACTERS
LINK = Link(
    url=f"https://film.example.org/api/v1/shl/{SECRET}",
    key=bytes(range(32)),
    label="云胶片分享",
    expires_at=datetime(2026, 11, 28, 4, tzinfo=UTC),
    asks_passcode=True,
    changes=True,
)


def said(link: Link) -> dict[str, Any]:
    scheme, _, encoded = link.text.partition("/")
    assert scheme == "shlink:"
    assert "=" not in encoded
    found: dict[str, Any] = json.loads(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    return found


def test_the_payload_is_that_of_the_specification() -> None:
    assert said(LINK) == {
        "url": LINK.url,
        "key": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "exp": 1795838400,
        "flag": "LP",
        "label": "云胶片分享",
        "v": 1,
    }


@pytest.mark.parametrize(
    ("asks_passcode", "changes", "flag"), [(True, False, "P"), (False, True, "L"), (True, True, "LP"), (False, False, None)]
)
def test_flags_stand_in_the_order_of_the_alphabet(asks_passcode: bool, changes: bool, flag: str | None) -> None:
    assert said(dataclasses.replace(LINK, asks_passcode=asks_passcode, changes=changes)).get("flag") == flag


def test_a_label_is_cut_to_eighty_characters() -> None:
    assert len(said(dataclasses.replace(LINK, label="长" * 200))["label"]) == 80


def test_an_address_that_is_too_long_is_our_fault() -> None:
    with pytest.raises(Misconfigured):
        _ = dataclasses.replace(LINK, url="https://" + "a" * 200).text


def test_what_is_kept_tells_neither_the_secret_nor_the_key() -> None:
    secrets, others = Secrets(b"k" * 32), Secrets(b"o" * 32)
    derived = {secrets.kept(SECRET), secrets.file_key(SECRET).hex(), others.kept(SECRET), others.file_key(SECRET).hex()}
    assert len(derived) == 4
    assert secrets.kept(SECRET) == Secrets(b"k" * 32).kept(SECRET)
    assert secrets.ticket(SECRET, "a") != secrets.ticket(SECRET, "b")
    assert secrets.ticket(SECRET, "a") != secrets.ticket("t" * SECRET_CHARACTERS, "a")

"""A file of a SMART Health Link opens with its key, in any reader of JWE, and with nothing else."""

from __future__ import annotations

import json

import pytest
from cryptography.exceptions import InvalidTag
from joserfc import jwe
from joserfc.jwk import OctKey

from share.shl_file import base64url, closed
from tests.parts.shl_receiver import opened

KEY, OTHER, NONCE = bytes(range(32)), bytes(32), bytes(range(12))
CONTENT = json.dumps({"text": "右肺结节 " * 500}, ensure_ascii=False).encode()
TYPE = "application/fhir+json"


def test_a_public_library_opens_it() -> None:
    found = jwe.decrypt_compact(closed(CONTENT, TYPE, KEY, NONCE), OctKey.import_key(KEY), algorithms=["dir", "A256GCM", "DEF"])
    assert found.plaintext == CONTENT
    assert found.protected == {"alg": "dir", "enc": "A256GCM", "zip": "DEF", "cty": TYPE}


def test_the_receiver_of_the_stories_opens_it() -> None:
    assert opened(closed(CONTENT, TYPE, KEY, NONCE), KEY) == (TYPE, CONTENT)
    assert opened(closed(b"", TYPE, KEY, NONCE), KEY) == (TYPE, b"")


def test_it_is_smaller_than_what_is_in_it() -> None:
    assert len(closed(CONTENT, TYPE, KEY, NONCE)) < len(CONTENT) / 2


def test_another_key_opens_nothing() -> None:
    with pytest.raises(InvalidTag):
        opened(closed(CONTENT, TYPE, KEY, NONCE), OTHER)


@pytest.mark.parametrize("part", [0, 3, 4])
def test_a_changed_part_is_found(part: int) -> None:
    parts = closed(CONTENT, TYPE, KEY, NONCE).split(".")
    changed = (
        parts[part] if part else base64url(json.dumps({"alg": "dir", "enc": "A256GCM", "zip": "DEF", "cty": "x"}).encode())
    )
    parts[part] = changed if part == 0 else ("B" if changed[0] == "A" else "A") + changed[1:]
    with pytest.raises(InvalidTag):
        opened(".".join(parts), KEY)

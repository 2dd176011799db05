"""The signature in a printed QR: the same each time, and of no other address."""

from __future__ import annotations

import pytest

from core.errors import Invalid
from infra import qrsignature

URL = "https://film.example.org/s/123"
PRIVATE = bytes(range(32))
PUBLIC = qrsignature.public_key(PRIVATE)
KEYS = {qrsignature.key_id(PUBLIC): PUBLIC}


def test_what_a_hospital_signed_is_known_by_its_public_key() -> None:
    text = qrsignature.signed(URL, PRIVATE)
    assert text == qrsignature.signed(URL, PRIVATE)
    assert text.startswith(URL + "#")
    assert qrsignature.checked(text, KEYS) == qrsignature.key_id(PUBLIC)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("123#", "124#"),
        lambda text: text.replace("example.org", "example.com"),
        lambda text: text.replace("https", "http"),
        lambda text: text[:-1] + str((int(text[-1]) + 1) % 10),
        lambda text: text[:-1],
        lambda text: text + "0",
        lambda text: text.partition("#")[0],
        lambda text: text.partition("#")[0] + "#" + "9" * 164,
        lambda text: text.partition("#")[0] + "#" + "²" * 164,
        lambda text: "",
    ],
)
def test_a_change_of_any_part_shows(change) -> None:  # type: ignore[no-untyped-def]  # lambdas of text
    with pytest.raises(Invalid):
        qrsignature.checked(change(qrsignature.signed(URL, PRIVATE)), KEYS)


def test_another_key_is_not_believed() -> None:
    text = qrsignature.signed(URL, qrsignature.new_private_key())
    with pytest.raises(Invalid, match="not known"):
        qrsignature.checked(text, KEYS)
    named_like_ours = {name: qrsignature.public_key(qrsignature.new_private_key()) for name in KEYS}
    with pytest.raises(Invalid, match="wrong"):
        qrsignature.checked(qrsignature.signed(URL, PRIVATE), named_like_ours)

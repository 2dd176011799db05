"""What is sealed opens only with its key and unchanged; the index finds a value without telling it."""

from __future__ import annotations

import dataclasses

import pytest

from core.errors import Misconfigured
from infra.keys import Keys
from infra.sealing import Sealer

KEYS = Keys(tokens="t" * 32, fields="f" * 32, index="i" * 32, qr_key="q" * 32)
PHONE = "+8613800138000"


def test_a_sealed_text_opens_again_and_never_looks_the_same_twice() -> None:
    sealer = Sealer(KEYS)
    one, two = sealer.seal(PHONE), sealer.seal(PHONE)
    assert sealer.open(one) == sealer.open(two) == PHONE
    assert one != two
    assert b"138" not in one


@pytest.mark.parametrize("place", [0, 1, 5, 17, -1])
def test_a_changed_byte_does_not_open(place: int) -> None:
    sealed = bytearray(Sealer(KEYS).seal(PHONE))
    sealed[place] ^= 1
    with pytest.raises(Misconfigured):
        Sealer(KEYS).open(bytes(sealed))


@pytest.mark.parametrize("length", [0, 4, 32])
def test_a_cut_off_value_does_not_open(length: int) -> None:
    with pytest.raises(Misconfigured):
        Sealer(KEYS).open(Sealer(KEYS).seal(PHONE)[:length])


def test_another_secret_is_named_as_the_reason() -> None:
    other = Sealer(dataclasses.replace(KEYS, fields="g" * 32))
    with pytest.raises(Misconfigured, match="CLOUDFILM_SECRET_FIELDS"):
        other.open(Sealer(KEYS).seal(PHONE))


def test_the_index_depends_on_kind_value_and_secret() -> None:
    index = Sealer(KEYS).index("phone", PHONE)
    assert index == Sealer(KEYS).index("phone", PHONE)
    others = Sealer(dataclasses.replace(KEYS, index="j" * 32))
    assert (
        len({index, Sealer(KEYS).index("passport", PHONE), Sealer(KEYS).index("phone", "1"), others.index("phone", PHONE)}) == 4
    )

"""Finished answers: their tags, names and boundaries."""

from __future__ import annotations

from wado.ready import boundary_for, etag, key, weak_etag


def test_the_boundary_is_in_none_of_the_contents() -> None:
    first = boundary_for('"tag"', b"pixels")
    second = boundary_for('"tag"', b"pixels with " + first.encode() + b" inside")
    assert first != second
    assert boundary_for('"tag"', first.encode(), second.encode()) not in (first, second)


def test_the_same_answer_has_the_same_boundary_in_every_process() -> None:
    assert boundary_for('"tag"', b"pixels") == boundary_for('"tag"', b"pixels")
    assert boundary_for('"tag"', b"pixels") != boundary_for('"other"', b"pixels")


def test_tags_tell_their_parts_apart() -> None:
    assert etag("a", "bc") != etag("ab", "c")
    assert etag(1, None) == etag(1, None)
    assert weak_etag("a") == f"W/{etag('a')}"


def test_an_answer_is_remembered_for_those_alone_who_see_the_same() -> None:
    names = {
        key(generation, hospitals, mask, "/x", accept, encoding)
        for generation in (1, 2)
        for hospitals in (frozenset({"a"}), frozenset({"a", "b"}))
        for mask in ("", "basic")
        for accept in ("image/jpeg", "image/png")
        for encoding in ("", "gzip")
    }
    assert len(names) == 32
    assert key(1, frozenset("ab"), "", "/x", "") == key(1, frozenset("ba"), "", "/x", "")

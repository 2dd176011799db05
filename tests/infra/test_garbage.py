"""The search for garbage rests while a program is read in, and is as it was afterwards."""

from __future__ import annotations

import gc

import pytest

from infra import garbage


def test_nothing_is_searched_while_imports_run_and_what_they_made_is_never_searched_again() -> None:
    made: list[list[int]] = [[]]
    with garbage.no_search():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert not any(each is made for each in gc.get_objects())


def test_a_failing_import_leaves_the_search_on() -> None:
    with pytest.raises(ImportError), garbage.no_search():
        raise ImportError("no such module")
    assert gc.isenabled()


def test_a_rare_search_is_rare_only_meanwhile() -> None:
    usual = gc.get_threshold()
    with garbage.rare_search():
        assert gc.get_threshold() == (garbage.RARE, *usual[1:])
    assert gc.get_threshold() == usual

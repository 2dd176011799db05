import fnmatch
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.names import fold_name
from wado.conditions import Between, Either, Name, Number, OneOf, Pattern, fits, like, words_of


@given(st.text("ab^", max_size=12), st.text("ab*?^", max_size=8))
def test_wildcards_fit_as_the_shell_knows_them(value: str, pattern: str) -> None:
    assert fits(value, pattern) == fnmatch.fnmatchcase(value, pattern)


@given(st.text("a%_\\*?", max_size=8), st.text("a%_\\*?", max_size=8))
def test_a_like_pattern_finds_the_same_as_the_wildcards(value: str, pattern: str) -> None:
    database = sqlite3.connect(":memory:")
    (found,) = database.execute("SELECT ? LIKE ? ESCAPE '\\'", (value, like(pattern))).fetchone()
    database.close()
    assert bool(found) == fits(value, pattern)


def test_many_stars_cost_no_more_than_few() -> None:
    assert not fits("a" * 4000, "*a" * 200 + "b")


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("Wang^XiaoDong=王^小东", "wang^xiaodong"),
        ("Wang^XiaoDong=王^小东", "王^小东"),
        ("Wang^XiaoDong=王^小东", "王小东"),
        ("Wang^XiaoDong=王^小东", "王*"),
        ("Wang^XiaoDong=王^小东", "*小东"),
        ("Wang^XiaoDong=王^小东", "wang*"),
        ("WANG^XIAODONG", "wang^xiaodong"),
        ("Ｗａｎｇ^Ａ", "wang^a"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "やまだ*"),
        ("Wang^^^^", "wang"),
    ],
)
def test_a_name_is_found_by_any_group_in_any_case_and_width(name: str, asked: str) -> None:
    assert Name((asked,)).matches(name)
    assert Name((asked,)).matches(fold_name(name))


@pytest.mark.parametrize("asked", ["wan", "xiaodong", "王", "wang^xiao", "dong*"])
def test_a_name_without_wildcard_is_matched_whole(asked: str) -> None:
    assert not Name((asked,)).matches("Wang^XiaoDong=王^小东")


def test_all_groups_that_are_asked_must_be_there() -> None:
    assert Name(("wang*", "王*")).matches("Wang^XiaoDong=王^小东")
    assert not Name(("wang*", "李*")).matches("Wang^XiaoDong=王^小东")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("xiao", True),
        ("wang xiao", True),
        ("xiao wang", True),
        ("王", True),
        ("小", True),
        ("王小", True),
        ("ang", False),
        ("xiao li", False),
    ],
)
def test_fuzzy_matching_takes_the_beginning_of_any_word(asked: str, found: bool) -> None:
    assert Name((asked,), words_of(asked)).matches("Wang^Xiao Dong=王^小东") is found


def test_an_absent_name_matches_no_name() -> None:
    assert not Name(("wang",)).matches("")
    assert not Name(("wang",), ("wang",)).matches("==")


@pytest.mark.parametrize(
    ("between", "inside", "outside"),
    [
        (Between("20200101", "20201231"), ["20200101", "20201231", "20200615"], ["20191231", "20210101", ""]),
        (Between("", "20201231"), ["19000101"], ["20210101", ""]),
        (Between("20200101", ""), ["20991231"], ["20191231"]),
        (Between("10", "114559.999999"), ["10", "1000", "100000", "114559", "10:30:00"], ["095959", "114600", "0959"]),
    ],
)
def test_ranges_hold_both_ends(between: Between, inside: list[str], outside: list[str]) -> None:
    assert [value for value in inside + outside if between.matches(value)] == inside


def test_numbers_are_compared_as_numbers() -> None:
    assert Number(1).matches("01") and Number(1).matches("1.0") and not Number(1).matches("2") and not Number(1).matches("x")


def test_text_is_compared_with_its_case_but_not_its_outer_blanks() -> None:
    assert OneOf(("CT",)).matches(" CT ") and not OneOf(("CT",)).matches("ct")
    assert Either((OneOf(("MR",)), Pattern("C*"))).matches("CT")

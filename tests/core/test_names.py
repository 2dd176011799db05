import pytest

from core.names import fold, fold_group, fold_name


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("", ""),
        ("===", ""),
        ("Wang^XiaoDong=王^小东=", "=wang^xiaodong=王^小东=王小东="),
        ("ＷＡＮＧ^Xiao", "=wang^xiao="),
        (
            "Yamada^Tarou=山田^太郎=ﾔﾏﾀﾞ^ﾀﾛｳ",
            "=yamada^tarou=山田^太郎=ヤマダ^タロウ=山田太郎=ヤマダタロウ=",
        ),
        ("Smith^^^^", "=smith="),
        (" Smith ^ John ", "=smith^john="),
        ("Müller^Jürgen", "=müller^jürgen=müllerjürgen="),
        ("STRASSE", "=strasse="),
        ("Straße", "=strasse="),
        ("=王^小东", "=王^小东=王小东="),
    ],
)
def test_a_name_is_folded_group_by_group(name: str, folded: str) -> None:
    assert fold_name(name) == folded


def test_folding_twice_is_folding_once() -> None:
    once = fold_name("Wang^XiaoDong=王^小东=ﾜﾝ")
    assert fold_name(once) == once


def test_a_full_width_equals_sign_makes_no_new_group() -> None:
    assert fold_group("a＝b") == "a b"


def test_case_and_width_do_not_count() -> None:
    assert fold("ＡＢＣ１２３ ") == fold("abc123")

"""Chinese text is read whatever the file says of its characters, and other people's text is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.charset import text

CHINESE = [
    "张三",
    "王^小东",
    "ZHANG^SAN=张^三",
    "李璟",
    "张喆",
    "欧阳娜娜",
    "上官婉儿",
    "刘𬭎",
    "赵㛃",
    "胸部平扫",
    "第一人民医院",
    "头颅CT平扫+增强",
]
LATIN = ["Müller^Jörg", "née créée", "Ångström", "CRÉÉE", "São João", "Noël Æther", "ÄÖÜ", "Äneas^Rüdiger"]


@pytest.mark.parametrize("declared", ["iso8859", "latin_1", "GBK", "GB18030", "UTF8"])
@pytest.mark.parametrize("written", ["gb18030", "utf_8"])
@pytest.mark.parametrize("chinese", CHINESE)
def test_chinese_is_read_under_a_wrong_or_absent_character_set(chinese: str, written: str, declared: str) -> None:
    assert text(chinese.encode(written), [declared]) == chinese


@pytest.mark.parametrize("latin", LATIN)
def test_western_names_stay_what_they_are(latin: str) -> None:
    assert text(latin.encode("latin_1"), ["latin_1"]) == latin
    assert text(latin.encode("utf_8"), ["latin_1"]) == latin


@pytest.mark.parametrize("value", ["Müller", "Διονυσιος", "Люксембург", "שלום", "قباني", "Æsir"])
def test_utf_8_of_two_bytes_a_letter_is_not_taken_for_chinese(value: str) -> None:
    for declared in ("UTF8", "iso8859"):
        assert text(value.encode(), [declared]) == value


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ("shift_jis", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
        ("euc_kr", "김희중"),
        ("iso8859_5", "Люкceмбypг"),
        ("iso8859_7", "Διονυσιος"),
        ("iso_ir_166", "นามสกุล"),
    ],
)
def test_other_declared_scripts_are_trusted(declared: str, value: str) -> None:
    assert text(value.encode(declared), [declared]) == value


def test_undeclared_korean_is_not_taken_for_chinese() -> None:
    korean = "김태범".encode("euc_kr")
    assert text(korean, ["iso8859"]) == korean.decode("latin_1")


def test_code_extensions_are_followed() -> None:
    name = b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"
    assert text(name, ["iso8859", "iso2022_jp"]) == "Yamada^Tarou=山田^太郎"


def test_an_unknown_declared_set_does_not_lose_the_text() -> None:
    assert text("胸部".encode(), ["no-such-codec"]) == "胸部"


@given(st.binary(max_size=64), st.sampled_from(["iso8859", "latin_1", "GBK", "UTF8", "euc_kr", "shift_jis", "iso2022_jp"]))
@pytest.mark.filterwarnings("ignore")
def test_any_bytes_become_text_that_json_can_carry(value: bytes, declared: str) -> None:
    text(value, [declared]).encode("utf_8")

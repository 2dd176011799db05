"""Papers, phones and names are brought into one form; what is wrong is said, never refused."""

from __future__ import annotations

from datetime import date

import pytest

from records import names
from records.identifiers import check_character, identifier, phone

CARD = "11010519491231002X"  # the sample of GB 11643


@pytest.mark.parametrize(
    "written", [CARD, "11010519491231002x", " 110105 19491231 002X ", "１１０１０５１９４９１２３１００２Ｘ", "110105491231002"]
)
def test_an_identity_card_has_one_form(written: str) -> None:
    card = identifier("id_card", written)
    assert (card.value, card.usable, card.birth_date, card.sex) == (CARD, True, date(1949, 12, 31), "F")


@pytest.mark.parametrize("place", range(18))
def test_any_changed_digit_of_a_card_shows(place: int) -> None:
    digit = "0" if CARD[place] in "X9" else str(int(CARD[place]) + 1)
    assert not identifier("id_card", CARD[:place] + digit + CARD[place + 1 :]).usable


def test_a_card_with_a_date_that_never_was_proves_nothing() -> None:
    first17 = "11010519490230002"
    assert identifier("id_card", first17 + check_character(first17)).fault == "impossible date of birth"


@pytest.mark.parametrize("written", ["A123456(3)", "H12345678", "M0123456701", "E12345678"])
def test_papers_of_hong_kong_macau_and_travellers_stand_in_the_field_of_the_card(written: str) -> None:
    assert identifier("id_card", written).usable


@pytest.mark.parametrize("written", ["A123456(4)", "123", "无", "000000000000000000", "", "ABCDEFGHIJKLMNOPQR"])
def test_what_is_nobodys_card_is_kept_and_proves_nothing(written: str) -> None:
    assert not identifier("id_card", written).usable


def test_cards_of_the_hospital_keep_their_leading_zeros() -> None:
    assert identifier("visit_card", " 000-12345").value == "00012345"


@pytest.mark.parametrize(
    ("written", "number", "usable"),
    [
        ("13800138000", "+8613800138000", True),
        ("+86 138-0013-8000", "+8613800138000", True),
        ("0086 13800138000", "+8613800138000", True),
        ("１３８００１３８０００", "+8613800138000", True),
        ("+353 86 123 4567", "+353861234567", True),
        ("0575-88880000", "+8657588880000", False),
        ("1234", "+861234", False),
        ("无", "", False),
    ],
)
def test_a_phone_number_has_one_form(written: str, number: str, usable: bool) -> None:
    found = phone(written)
    assert (found.number, found.usable) == (number, usable)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("阿依古丽·买买提", "阿依古丽•买买提"),
        ("阿依古丽．买买提", "阿依古丽 买买提"),
        ("张 三", "张三"),
        ("张\u3000三", "张三"),
        ("陳大文", "陈大文"),
        ("O'Brien, Seán", "o’brien seán"),
        ("王\ue863", "王䶮"),
        ("\u2f30李", "己李"),
        ("ＺＨＡＮＧ　ＳＡＮ", "zhang san"),
    ],
)
def test_two_writings_of_a_name_are_the_same(one: str, other: str) -> None:
    assert names.same(one, other)


@pytest.mark.parametrize(("one", "other"), [("张三", "张山"), ("李四", "李四之子"), ("", ""), ("·", " ")])
def test_other_names_and_no_names_are_not(one: str, other: str) -> None:
    assert not names.same(one, other)

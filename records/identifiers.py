"""Cards and phone numbers as people write them: brought into one form, and judged whether they can prove anything."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

KINDS = ("id_card", "visit_card", "outpatient", "inpatient", "insurance", "health_card", "passport", "other")
PHONE = "phone"  # kind under which numbers are indexed

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999 section 4.1
_CHECK = "10X98765432"
_LETTER_VALUE = {letter: number for number, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 10)}
_HONG_KONG = re.compile(r"([A-Z]{1,2})([0-9]{6})([0-9A])")
_PERMIT = re.compile(r"[HM][0-9]{8}(?:[0-9]{2})?|[A-Z]{1,2}[0-9]{8,9}")  # 港澳居民来往内地通行证; passports
_PLACEHOLDERS = frozenset({"无", "不详", "未知", "没有", "NONE", "NULL", "NA", "无证", "待补"})
_SHORTEST = 4  # characters of a card number that can tell one patient from another
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_E164_DIGITS = range(8, 16)  # ITU-T E.164: at most fifteen; shorter than eight is nobody's mobile


@dataclass(frozen=True, slots=True)
class Identifier:
    """A value in the form in which it is compared. `fault` says in words why it proves nothing; empty = it may."""

    kind: str
    value: str
    fault: str = ""
    birth_date: date | None = None
    sex: str = ""

    @property
    def usable(self) -> bool:
        """True when it may be one of the factors of a proof."""
        return not self.fault


@dataclass(frozen=True, slots=True)
class Phone:
    """A number as +86…; `usable` when it can receive a code."""

    number: str
    usable: bool


def identifier(kind: str, written: str) -> Identifier:
    """What the hospital wrote, in its one form. Nothing is refused here: a wrong value is kept with its fault."""
    value = re.sub(r"[\s\-‐-―_/.()]", "", unicodedata.normalize("NFKC", written)).upper()
    if value in _PLACEHOLDERS or len(set(value)) < 2:
        return Identifier(kind, value, "not a number of anybody")
    if kind == "id_card":
        return _id_card(value)
    if len(value) < _SHORTEST and kind in ("passport", "other"):
        return Identifier(kind, value, "too short")
    return Identifier(kind, value)


def _id_card(value: str) -> Identifier:
    """GB 11643-1999, and the papers of Hong Kong, Macau and Taiwan that stand in the same field."""
    if _PERMIT.fullmatch(value) or _is_hong_kong(value):
        return Identifier("id_card", value)
    long = _lengthened(value)
    if not re.fullmatch(r"[0-9]{17}[0-9X]", long):
        return Identifier("id_card", value, "not 18 characters of an identity card")
    if check_character(long[:17]) != long[17]:
        return Identifier("id_card", long, "wrong check digit")
    born = _day(long[6:14])
    if born is None:
        return Identifier("id_card", long, "impossible date of birth")
    return Identifier("id_card", long, birth_date=born, sex="M" if int(long[16]) % 2 else "F")


def check_character(first17: str) -> str:
    """The 18th character of an identity card (ISO 7064 MOD 11-2)."""
    return _CHECK[sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True)) % 11]


def _lengthened(value: str) -> str:
    """Cards of the first generation have 15 digits, without century and check digit."""
    if not (len(value) == 15 and value.isascii() and value.isdigit()):
        return value
    first17 = f"{value[:6]}19{value[6:]}"
    return first17 + check_character(first17)


def _is_hong_kong(value: str) -> bool:
    match = _HONG_KONG.fullmatch(value)
    if match is None:
        return False
    letters = [_LETTER_VALUE[letter] for letter in match[1].rjust(2, "?") if letter != "?"]
    numbers = ([36] if len(letters) == 1 else []) + letters + [int(digit) for digit in match[2]]
    last = 10 if match[3] == "A" else int(match[3])
    return (sum(number * weight for number, weight in zip(numbers, range(9, 1, -1), strict=True)) + last) % 11 == 0


def _day(text: str) -> date | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def phone(written: str) -> Phone:
    """A phone number as +86…; empty for a text without any digit."""
    text = unicodedata.normalize("NFKC", written).strip()
    digits = re.sub(r"[^0-9]", "", text)
    foreign = text.startswith("+") or digits.startswith("00")
    digits = digits.removeprefix("00") if digits.startswith("00") else digits
    if digits.startswith("86") and _MOBILE.fullmatch(digits[2:]):
        return Phone(f"+{digits}", True)
    if _MOBILE.fullmatch(digits) and not foreign:
        return Phone(f"+86{digits}", True)
    if foreign and not digits.startswith("86"):
        return Phone(f"+{digits}", len(digits) in _E164_DIGITS)
    return Phone(f"+86{digits.removeprefix('0')}" if digits else "", False)

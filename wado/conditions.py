"""What a search asks of one attribute, as plain values that a database or a loop can check (PS3.4 section C.2.2.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.names import fold_name

_WORD_BREAK = re.compile(r"[\s^=,\-]+")


@dataclass(frozen=True, slots=True)
class Universal:
    """Matches everything, also a missing value."""

    def matches(self, value: str) -> bool:
        """Always."""
        return True


@dataclass(frozen=True, slots=True)
class Empty:
    """Matches a missing or empty value only (PS3.18 section 8.3.4.5)."""

    def matches(self, value: str) -> bool:
        """True for no text."""
        return value.strip() == ""


@dataclass(frozen=True, slots=True)
class OneOf:
    """Equal to one of `values`, outer blanks aside; case counts."""

    values: tuple[str, ...]

    def matches(self, value: str) -> bool:
        """True when `value` is in the list."""
        return value.strip() in self.values


@dataclass(frozen=True, slots=True)
class Number:
    """Equal to `value` as a number: 01 and 1.0 are 1."""

    value: float

    def matches(self, value: str) -> bool:
        """True for a text that means the same number."""
        try:
            return float(value) == self.value
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class Between:
    """From `low` to `high`, both included, as text; empty means open.

    Dates and times are compared as text, as DICOM writes them: `low` may be a prefix (10 for ten o'clock), `high` is filled up
    to its last instant (10 becomes 105959.999999), so that values of any precision compare rightly.
    """

    low: str
    high: str

    def matches(self, value: str) -> bool:
        """True when `value` (DA, TM or DT) is inside."""
        value = value.strip().replace(":", "")
        return value != "" and self.low <= value and (not self.high or value <= self.high)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Like `text`, in which * is any run of characters and ? any one; case counts."""

    text: str

    def matches(self, value: str) -> bool:
        """True when all of `value` fits."""
        return fits(value.strip(), self.text)


@dataclass(frozen=True, slots=True)
class Name:
    """A person: each of `groups` (folded, may hold * and ?) fits some component group.

    With `words` (fuzzy matching) instead each of these is the beginning of some word of the name.
    """

    groups: tuple[str, ...]
    words: tuple[str, ...] = ()

    def matches(self, value: str) -> bool:
        """`value` is a name whose groups are joined by =, or already folded by core.names.fold_name."""
        known = [group for group in fold_name(value).split("=") if group]
        if not self.words:
            return all(any(fits(group, pattern) for group in known) for pattern in self.groups)
        beginnings = [word for group in known for word in (group, *_WORD_BREAK.split(group))]
        return all(any(word.startswith(asked) for word in beginnings) for asked in self.words)


@dataclass(frozen=True, slots=True)
class Either:
    """One of several conditions."""

    conditions: tuple[OneOf | Number | Pattern, ...]

    def matches(self, value: str) -> bool:
        """True when one of them matches."""
        return any(condition.matches(value) for condition in self.conditions)


Condition = Universal | Empty | OneOf | Number | Between | Pattern | Name | Either


def fits(value: str, pattern: str) -> bool:
    """True when all of `value` is like `pattern` with * and ?. Time at most len(value) * len(pattern), whatever is asked."""
    at = mark = 0
    star, place = -1, 0
    while at < len(value):
        if place < len(pattern) and pattern[place] == "*":
            star, mark, place = place, at, place + 1
        elif place < len(pattern) and pattern[place] in ("?", value[at]):
            at, place = at + 1, place + 1
        elif star >= 0:  # let the last * take one more character
            mark, at, place = mark + 1, mark + 1, star + 1
        else:
            return False
    return not pattern[place:].strip("*")


def words_of(text: str) -> tuple[str, ...]:
    """The words of a folded name that fuzzy matching asks for."""
    return tuple(word for word in _WORD_BREAK.split(text.replace("*", " ").replace("?", " ")) if word)


def like(pattern: str, escape: str = "\\") -> str:
    """`pattern` for SQL LIKE: % for *, _ for ?, and `escape` before what LIKE would take for its own."""
    kept = re.sub(f"([%_{re.escape(escape)}])", lambda found: escape + found[1], pattern)
    return kept.replace("*", "%").replace("?", "_")

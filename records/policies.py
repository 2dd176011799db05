"""The rules that a hospital sets: whose choice the digital service is, what is held back, what proves a patient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.errors import InvalidField
from records.identifiers import KINDS

CATEGORIES = ("radiology", "ultrasound", "endoscopy", "pathology", "ecg", "lab")
VISITS = ("outpatient", "inpatient", "emergency", "checkup")
SHOWS = ("hidden", "marked")
FACTORS = ("hospital_phone", "name", "kiosk_card", "desk", "birth_date")
DEFAULT_FACTORS = ("hospital_phone", "name")
_HELD_ITEMS = Path(__file__).parent / "data" / "held_items.txt"
_MOST_WORDS, _MOST_CHARACTERS = 200, 32


@lru_cache(maxsize=1)
def default_held_items() -> tuple[str, ...]:
    """Words that hold an item back where a hospital has no list of its own."""
    lines = _HELD_ITEMS.read_text(encoding="utf-8").splitlines()
    return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))


@dataclass(frozen=True, slots=True)
class PreliminaryRule:
    """What happens to a preliminary report of such an exam. Empty means any; hours are of the hospital's own clock."""

    show: str
    modality: str = ""
    visit_kind: str = ""
    hours: tuple[time, time] | None = None

    def fits(self, modality: str, visit_kind: str, at: time) -> bool:
        """True when the rule is about an exam of that modality and visit, performed at that time of the day."""
        if self.modality not in ("", modality) or self.visit_kind not in ("", visit_kind):
            return False
        return self.hours is None or _within(at, *self.hours)


@dataclass(frozen=True, slots=True)
class Policies:
    """Fields may only be appended: they are kept as JSON, and what is not there has its default."""

    digital_service_default: bool = True  # 3.10.2: when the hospital did not say what the patient chose
    film_printed_closes: bool = False  # 3.3.12
    preliminary: tuple[PreliminaryRule, ...] = ()  # 3.3.15: the first that fits counts; none fits = hidden
    held_items: tuple[str, ...] = field(default_factory=default_held_items)
    binding_factors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # identifier kind → what must be proved
    staff_names_shown: bool = False
    notice_version: str = "1"
    usual_hours: Mapping[str, int] = field(default_factory=dict)  # category → hours from the exam to its report

    def factors_of(self, kind: str) -> tuple[str, ...]:
        """What must be proved beside knowing an identifier of that kind."""
        return self.binding_factors.get(kind, DEFAULT_FACTORS)

    def shows_preliminary(self, modality: str, visit_kind: str, at: time) -> bool:
        """True when such a preliminary report is shown, marked as one."""
        rule = next((rule for rule in self.preliminary if rule.fits(modality, visit_kind, at)), None)
        return rule is not None and rule.show == "marked"


def from_json(stored: Mapping[str, Any]) -> Policies:
    """The rules of a hospital; raises InvalidField for one that is unknown or impossible."""
    unknown = set(stored) - {each.name for each in fields(Policies)}
    if unknown:
        raise InvalidField(min(unknown), "unknown")
    return Policies(**{name: _READERS[name](name, value) for name, value in stored.items()})


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidField(name, "not-a-flag")
    return value


def _words(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > _MOST_WORDS:
        raise InvalidField(name, "not-a-list")
    return tuple(_word(name, each) for each in value)


def _word(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidField(name, "not-text")
    if len(value) > _MOST_CHARACTERS:
        raise InvalidField(name, "too-long")
    return value.strip()


def _rules(name: str, value: Any) -> tuple[PreliminaryRule, ...]:
    if not isinstance(value, list) or len(value) > _MOST_WORDS:
        raise InvalidField(name, "not-a-list")
    return tuple(_rule(f"{name}[{number}]", each) for number, each in enumerate(value))


def _rule(name: str, value: Any) -> PreliminaryRule:
    if not isinstance(value, dict):
        raise InvalidField(name, "not-an-object")
    unknown = set(value) - {"show", "modality", "visit_kind", "hours"}
    if unknown:
        raise InvalidField(f"{name}.{min(unknown)}", "unknown")
    show, visit_kind = value.get("show"), value.get("visit_kind") or ""
    if show not in SHOWS or visit_kind not in ("", *VISITS):
        raise InvalidField(name, "not-a-choice")
    modality = _word(f"{name}.modality", value["modality"]) if value.get("modality") else ""
    return PreliminaryRule(show, modality, visit_kind, _hours(f"{name}.hours", value.get("hours")))


def _hours(name: str, value: Any) -> tuple[time, time] | None:
    """`22:00-06:00`, which goes over midnight."""
    if value is None:
        return None
    try:
        begin, end = str(value).split("-")
        return time.fromisoformat(begin.strip()), time.fromisoformat(end.strip())
    except ValueError as error:
        raise InvalidField(name, "impossible-time") from error


def _within(at: time, begin: time, end: time) -> bool:
    return begin <= at < end if begin <= end else at >= begin or at < end


def _factors(name: str, value: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise InvalidField(name, "not-an-object")
    for kind, factors in value.items():
        if kind not in KINDS:
            raise InvalidField(f"{name}.{kind}", "unknown")
        if not isinstance(factors, list) or not factors or not set(factors) <= set(FACTORS):
            raise InvalidField(f"{name}.{kind}", "not-a-choice")
    return {kind: tuple(factors) for kind, factors in value.items()}


def _usual(name: str, value: Any) -> dict[str, int]:
    if not isinstance(value, dict):
        raise InvalidField(name, "not-an-object")
    for category, hours in value.items():
        if category not in CATEGORIES:
            raise InvalidField(f"{name}.{category}", "unknown")
        if not isinstance(hours, int) or isinstance(hours, bool) or not 0 < hours < 10_000:
            raise InvalidField(f"{name}.{category}", "not-a-number")
    return dict(value)


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "digital_service_default": _flag,
    "film_printed_closes": _flag,
    "preliminary": _rules,
    "held_items": _words,
    "binding_factors": _factors,
    "staff_names_shown": _flag,
    "notice_version": _word,
    "usual_hours": _usual,
}

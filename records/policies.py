"""The rules that a hospital sets: whose choice the digital service is, what is held back, what proves a patient."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field, fields
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
# At a kiosk the card is held, and the number on it known with it: a card that can be lost needs one thing more.
KIOSK_FACTORS = ("kiosk_card", "name", "hospital_phone", "birth_date")
DEFAULT_KIOSK_FACTORS = ("kiosk_card", "name", "birth_date")
ID_CARD_KIOSK_FACTORS = ("kiosk_card", "name")  # its reader gives the name from the chip
DESK_FACTORS = ("desk", "name", "hospital_phone", "birth_date")
DEFAULT_DESK_FACTORS = ("desk", "name")
FEE_STATES = ("open", "charged", "free", "waived", "included")  # open: no rule fits, nothing was charged
# Contract 3.1: radiology has one price; ultrasound, endoscopy, ECG and pathology another; lab none.
FEE_CLASSES: Mapping[str, str] = {
    "radiology": "radiology",
    "ultrasound": "other",
    "endoscopy": "other",
    "pathology": "other",
    "ecg": "other",
    "lab": "none",
}
SERVICE_WAYS = ("phone", "sms_link", "qr", "kiosk", "desk", "his")  # how the digital service is opened or declined
_DATA = Path(__file__).parent / "data"
_HELD_ITEMS = _DATA / "held_items.txt"
_SENSITIVE_ITEMS = _DATA / "sensitive_items.txt"
MOST_SHARE_DAYS = 30
_MOST_WORDS, _MOST_CHARACTERS = 200, 32
_FEE_CLASS = re.compile(r"[a-z0-9-]{1,16}")


@lru_cache(maxsize=1)
def default_held_items() -> tuple[str, ...]:
    """Words that hold an item back where a hospital has no list of its own."""
    return _listed(_HELD_ITEMS)


@lru_cache(maxsize=1)
def default_sensitive_items() -> tuple[str, ...]:
    """Words that keep an exam out of shares where a hospital has no list of its own."""
    return _listed(_SENSITIVE_ITEMS)


def _listed(path: Path) -> tuple[str, ...]:
    lines = path.read_text(encoding="utf-8").splitlines()
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
class FeeRule:
    """What the opening of the digital service of such an exam owes. Empty means any."""

    state: str
    category: str = ""
    visit_kind: str = ""
    way: str = ""
    fee_class: str = ""  # instead of the one of its category

    def fits(self, category: str, visit_kind: str, way: str) -> bool:
        """True when the rule is about such an exam, opened that way."""
        asked = ((self.category, category), (self.visit_kind, visit_kind), (self.way, way))
        return all(wanted in ("", value) for wanted, value in asked)


@dataclass(frozen=True, slots=True)
class Fee:
    """To which price an opened service belongs, and whether it is owed."""

    fee_class: str
    state: str


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
    kiosk_factors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # as binding_factors, where a card is read
    desk_factors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # as binding_factors, where papers are seen
    fees: tuple[FeeRule, ...] = ()  # the first that fits counts; none fits = open
    guardian_grace_days: int = 0  # from the 14th birthday until a guardian sees nothing without the child's word
    next_of_kin_days: int = 90  # how long the family of a patient who died may look
    hl7_kept_days: int = 180  # messages that could not be taken, and those taken after all
    waiting_kept_days: int = 730  # reports that wait for an exam that nobody tells
    sensitive_items: tuple[str, ...] = field(default_factory=default_sensitive_items)  # shared only where asked for by itself
    share_days: int = MOST_SHARE_DAYS  # how long a share may last
    share_without_passcode: bool = False  # face to face: masked, one opening, ten minutes
    replaced_films_days: int = 30  # how long a film made by rule is kept that a newer one took the place of
    feedback_wechat_check: bool = True  # what WeChat's users write to the hospital goes to its content check, without numbers
    doctors_under_mask: bool = False  # whether the doctors of a report are named where its patient must not be

    def factors_of(self, kind: str) -> tuple[str, ...]:
        """What must be proved beside knowing an identifier of that kind."""
        return self.binding_factors.get(kind, DEFAULT_FACTORS)

    def kiosk_factors_of(self, kind: str) -> tuple[str, ...]:
        """The same at a kiosk; the card that was read is always one of them."""
        usual = ID_CARD_KIOSK_FACTORS if kind == "id_card" else DEFAULT_KIOSK_FACTORS
        return ("kiosk_card", *self.kiosk_factors.get(kind, usual))

    def desk_factors_of(self, kind: str) -> tuple[str, ...]:
        """The same at the desk; the papers that were seen are always one of them."""
        return ("desk", *self.desk_factors.get(kind, DEFAULT_DESK_FACTORS))

    def fee_of(self, category: str, visit_kind: str, way: str) -> Fee:
        """What the opening of the digital service of such an exam owes."""
        rule = next((rule for rule in self.fees if rule.fits(category, visit_kind, way)), FeeRule("open"))
        return Fee(rule.fee_class or FEE_CLASSES.get(category, "none"), rule.state)

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


def to_json(policies: Policies) -> dict[str, Any]:
    """All rules in force, those that were never set with their default, as `from_json` reads them."""
    shown = asdict(policies)
    for rule in shown["preliminary"]:
        rule["hours"] = rule["hours"] and "-".join(f"{each:%H:%M}" for each in rule["hours"])
    for name in ("preliminary", "fees"):
        shown[name] = [{part: value for part, value in rule.items() if value} for rule in shown[name]]
    return shown


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


def _factors(allowed: Collection[str], kinds: Collection[str] = KINDS) -> Callable[[str, Any], dict[str, tuple[str, ...]]]:
    def read(name: str, value: Any) -> dict[str, tuple[str, ...]]:
        if not isinstance(value, dict):
            raise InvalidField(name, "not-an-object")
        for kind, factors in value.items():
            if kind not in kinds:
                raise InvalidField(f"{name}.{kind}", "unknown")
            if not isinstance(factors, list) or not factors or not all(factor in allowed for factor in factors):
                raise InvalidField(f"{name}.{kind}", "not-a-choice")
        return {kind: tuple(factors) for kind, factors in value.items()}

    return read


def _fees(name: str, value: Any) -> tuple[FeeRule, ...]:
    if not isinstance(value, list) or len(value) > _MOST_WORDS:
        raise InvalidField(name, "not-a-list")
    return tuple(_fee(f"{name}[{number}]", each) for number, each in enumerate(value))


def _fee(name: str, value: Any) -> FeeRule:
    if not isinstance(value, dict):
        raise InvalidField(name, "not-an-object")
    choices = {"state": FEE_STATES, "category": CATEGORIES, "visit_kind": VISITS, "way": SERVICE_WAYS}
    for part, said in value.items():
        if part not in (*choices, "fee_class"):
            raise InvalidField(f"{name}.{part}", "unknown")
        if part in choices and said not in choices[part]:
            raise InvalidField(f"{name}.{part}", "not-a-choice")
    if "state" not in value:
        raise InvalidField(f"{name}.state", "missing")
    if "fee_class" in value and not (isinstance(value["fee_class"], str) and _FEE_CLASS.fullmatch(value["fee_class"])):
        raise InvalidField(f"{name}.fee_class", "not-a-choice")
    return FeeRule(**value)


def _days(least: int, most: int) -> Callable[[str, Any], int]:
    def read(name: str, value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise InvalidField(name, "not-a-number")
        return value

    return read


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
    "binding_factors": _factors(FACTORS),
    "staff_names_shown": _flag,
    "notice_version": _word,
    "usual_hours": _usual,
    "kiosk_factors": _factors(KIOSK_FACTORS),
    "desk_factors": _factors(DESK_FACTORS, (*KINDS, "patient_id")),
    "fees": _fees,
    "guardian_grace_days": _days(0, 4 * 366),
    "next_of_kin_days": _days(1, 366),
    "hl7_kept_days": _days(30, 3660),
    "waiting_kept_days": _days(180, 3660),
    "sensitive_items": _words,
    "replaced_films_days": _days(1, 36_600),
    "feedback_wechat_check": _flag,
    "share_days": _days(1, MOST_SHARE_DAYS),
    "share_without_passcode": _flag,
    "doctors_under_mask": _flag,
}

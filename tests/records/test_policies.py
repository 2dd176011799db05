"""Rules of a hospital: what is impossible is named, what is set comes back as it was, and possession is never left out."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import InvalidField
from records.policies import Policies, from_json, to_json


@pytest.mark.parametrize(
    ("stored", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"fees": {}}, "fees"),
        ({"fees": [{"category": "radiology"}]}, "fees[0].state"),
        ({"fees": [{"state": "cheap"}]}, "fees[0].state"),
        ({"fees": [{"state": "free", "way": "fax"}]}, "fees[0].way"),
        ({"fees": [{"state": "free", "price": 9.8}]}, "fees[0].price"),
        ({"fees": [{"state": "free", "fee_class": "Ü"}]}, "fees[0].fee_class"),
        ({"fees": [{"state": ["free"]}]}, "fees[0].state"),
        ({"kiosk_factors": {"id_card": ["desk"]}}, "kiosk_factors.id_card"),
        ({"kiosk_factors": {"id_card": []}}, "kiosk_factors.id_card"),
        ({"kiosk_factors": {"id_card": [["name"]]}}, "kiosk_factors.id_card"),
        ({"desk_factors": {"library_card": ["name"]}}, "desk_factors.library_card"),
        ({"guardian_grace_days": -1}, "guardian_grace_days"),
        ({"guardian_grace_days": True}, "guardian_grace_days"),
        ({"next_of_kin_days": 0}, "next_of_kin_days"),
        ({"next_of_kin_days": 1.5}, "next_of_kin_days"),
    ],
)
def test_an_impossible_rule_is_named(stored: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidField) as refused:
        from_json(stored)
    assert refused.value.field == field


def test_what_is_shown_can_be_set_again_and_is_the_same() -> None:
    said = {
        "digital_service_default": False,
        "preliminary": [{"show": "marked", "modality": "CT", "hours": "22:00-06:00"}],
        "binding_factors": {"id_card": ["name", "hospital_phone"]},
        "kiosk_factors": {"visit_card": ["name"]},
        "desk_factors": {"patient_id": ["name", "birth_date"]},
        "fees": [{"state": "free", "way": "qr"}, {"state": "charged", "category": "radiology", "fee_class": "ct-9"}],
        "guardian_grace_days": 30,
    }
    rules = from_json(said)
    shown = to_json(rules)
    assert shown.keys() == {*to_json(Policies())}
    assert shown["preliminary"] == said["preliminary"]
    listed: dict[str, Any] = {name: list(value) if isinstance(value, tuple) else value for name, value in shown.items()}
    for name in ("binding_factors", "kiosk_factors", "desk_factors"):
        listed[name] = {kind: list(factors) for kind, factors in listed[name].items()}
    assert from_json(listed) == rules


def test_a_kiosk_always_asks_for_the_card_and_the_desk_for_papers() -> None:
    rules = from_json({"kiosk_factors": {"visit_card": ["name"]}, "desk_factors": {"visit_card": ["name"]}})
    assert set(rules.kiosk_factors_of("visit_card")) == {"kiosk_card", "name"}
    assert set(rules.kiosk_factors_of("health_card")) == {"kiosk_card", "name", "birth_date"}
    assert set(rules.kiosk_factors_of("id_card")) == {"kiosk_card", "name"}
    assert set(rules.desk_factors_of("visit_card")) == {"desk", "name"}

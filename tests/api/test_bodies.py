"""A body is taken whole or refused with the name of the field that is wrong."""

from __future__ import annotations

import base64
from datetime import UTC, date, datetime
from typing import Any

import pytest

from api import bodies, faults
from api.bodies import Field, parse, values
from core.errors import InvalidField, Malformed, TooLarge

FIELDS = {
    "name": Field(bodies.filled(8), required=True),
    "note": Field(bodies.text(20, lines=True), default=""),
    "sex": Field(bodies.choice("M", "F")),
    "born": Field(bodies.day),
    "at": Field(bodies.moment),
    "critical": Field(bodies.flag, default=False),
    "count": Field(bodies.number(0, 9)),
    "uids": Field(bodies.many(bodies.uid, 2), default=()),
    "visit": Field(bodies.inner({"number": Field(bodies.text(4), required=True)})),
    "pdf": Field(bodies.pdf(64)),
}


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b'{"a": 1, "a": 2}', b'{"a": {"b": 1, "b": 1}}', b'{"a": NaN}', b"\xff\xfe{}", b"[" * 100_000, b"1" * 5000],
)
def test_what_is_no_strict_json_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse(data)


@pytest.mark.parametrize(
    ("said", "field", "fault"),
    [
        ({}, "name", "missing"),
        ({"name": None}, "name", "missing"),
        ({"name": " "}, "name", "empty"),
        ({"name": 1}, "name", "not-text"),
        ({"name": "a\nb"}, "name", "not-text"),
        ({"name": "a\0b"}, "name", "not-text"),
        ({"name": "\ud800"}, "name", "not-text"),
        ({"name": "123456789"}, "name", "too-long"),
        ({"name": "a", "nme": 1}, "nme", "unknown"),
        ({"name": "a", "<b>": 1}, "?b?", "unknown"),
        ({"name": "a", "note": "a\x1bb"}, "note", "not-text"),
        ({"name": "a", "sex": "男"}, "sex", "not-a-choice"),
        ({"name": "a", "sex": ["M"]}, "sex", "not-a-choice"),
        ({"name": "a", "born": "2026-02-30"}, "born", "impossible-date"),
        ({"name": "a", "born": "20260201"}, "born", "impossible-date"),
        ({"name": "a", "born": "0026-02-01"}, "born", "impossible-date"),
        ({"name": "a", "at": "2026-02-01T10:00:00"}, "at", "impossible-time"),
        ({"name": "a", "at": "2026-02-01T25:00:00+08:00"}, "at", "impossible-time"),
        ({"name": "a", "at": 1700000000}, "at", "impossible-time"),
        ({"name": "a", "critical": 1}, "critical", "not-a-flag"),
        ({"name": "a", "count": True}, "count", "not-a-number"),
        ({"name": "a", "count": 10}, "count", "not-a-number"),
        ({"name": "a", "uids": ["1.2", "x"]}, "uids[1]", "not-a-uid"),
        ({"name": "a", "uids": ["1.2"] * 3}, "uids", "not-a-list"),
        ({"name": "a", "visit": "1"}, "visit", "not-an-object"),
        ({"name": "a", "visit": {}}, "visit.number", "missing"),
        ({"name": "a", "visit": {"number": "1", "kind": 2}}, "visit.kind", "unknown"),
        ({"name": "a", "pdf": "%%%"}, "pdf", "not-base64"),
        ({"name": "a", "pdf": "aGVsbG8="}, "pdf", "not-a-pdf"),
    ],
)
def test_a_wrong_field_is_named_with_its_fault_in_both_languages(said: dict[str, Any], field: str, fault: str) -> None:
    with pytest.raises(InvalidField) as caught:
        values(said, FIELDS)
    assert (caught.value.field, caught.value.fault) == (field, fault)
    chinese, english = (faults.sentence(caught.value, english=english) for english in (False, True))
    assert chinese.startswith(f"{field}: ") and chinese != english


def test_a_right_body_is_taken_with_defaults_for_what_is_not_said() -> None:
    said = {"name": " 张三 ", "born": "1980-02-29", "at": "2026-02-01T08:00:00+08:00", "note": "a\nb", "sex": None}
    taken = values(said, FIELDS)
    assert (taken["name"], taken["born"], taken["note"]) == ("张三", date(1980, 2, 29), "a\nb")
    assert taken["at"] == datetime(2026, 2, 1, tzinfo=UTC)
    assert (taken["sex"], taken["critical"], taken["uids"], taken["visit"]) == (None, False, (), None)


def test_rare_characters_and_wide_blanks_are_text() -> None:
    assert values({"name": "\ue863\u3000a"}, FIELDS)["name"] == "\ue863\u3000a"


def test_a_pdf_comes_in_base64_up_to_its_size() -> None:
    content = b"%PDF-1.7 " + b"x" * 55
    assert values({"name": "a", "pdf": base64.b64encode(content).decode()}, FIELDS)["pdf"] == content
    with pytest.raises(TooLarge):
        values({"name": "a", "pdf": base64.b64encode(content + b"x" * 40).decode()}, FIELDS)

"""Bearer tokens: only what we signed, for us, with an expiry, and not too long; everything else is nobody."""

from __future__ import annotations

import base64
import json
import warnings
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from core.errors import Unauthenticated
from core.grants import Role
from identity.tokens import ALGORITHM, AUDIENCE, LONGEST_TOKEN, TYPE, Claims, read, sign

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
SECRET = "s" * 40
CLAIMS = Claims("0190-session", "someone", Role.HOSPITAL, "demo", NOW + timedelta(hours=1))
GOOD: dict[str, Any] = {
    "jti": "0190-session",
    "sub": "someone",
    "role": "hospital",
    "hospital": "demo",
    "aud": AUDIENCE,
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 3600,
}


def token(secret: str = SECRET, header: dict[str, Any] | None = None, algorithm: str = ALGORITHM, **more: Any) -> str:
    payload = {name: value for name, value in (GOOD | more).items() if value is not ...}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the weak keys that are tried here
        return jwt.encode(payload, secret, algorithm=algorithm, headers={"typ": TYPE} | (header or {}))


def raw(header: str, payload: str) -> str:
    """A token of exactly these texts, signed rightly."""
    both = ".".join(base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode() for text in (header, payload))
    signature = jwt.get_algorithm_by_name(ALGORITHM).sign(both.encode(), SECRET.encode())
    return f"{both}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def test_what_was_signed_comes_back() -> None:
    assert read(sign(CLAIMS, SECRET, NOW), SECRET, NOW) == CLAIMS


def test_a_token_of_a_patient_names_no_hospital() -> None:
    claims = Claims("s", "p", Role.PATIENT, None, CLAIMS.expires_at)
    assert read(sign(claims, SECRET, NOW), SECRET, NOW) == claims


def test_the_tokens_made_here_are_like_ours() -> None:
    assert read(token(), SECRET, NOW) == CLAIMS
    assert read(raw(json.dumps({"alg": ALGORITHM, "typ": TYPE}), json.dumps(GOOD)), SECRET, NOW) == CLAIMS


REFUSED = {
    "empty": "",
    "text": "a.b.c",
    "not ascii": "电.子.胶",
    "two parts": "a.b",
    "four parts": token() + ".x",
    "other secret": token(secret="t" * 40),
    "padding": token() + "=",
    "changed payload": token()[:-60] + "A" + token()[-59:],
    "another type": token(header={"typ": "JWT"}),
    "no type": token(header={"typ": None}),
    "refresh token": token(header={"typ": "rt+jwt"}),
    "unknown critical header": token(header={"crit": ["x"], "x": 1}),
    "another audience": token(aud="somebody"),
    "no audience": token(aud=...),
    "no expiry": token(exp=...),
    "no id": token(jti=...),
    "no subject": token(sub=...),
    "no issue time": token(iat=...),
    "expired now": token(exp=int(NOW.timestamp())),
    "expired": token(exp=1),
    "expiry as text": token(exp="99999999999"),
    "expiry as fraction": token(exp=99999999999.5),
    "expiry true": token(exp=True),
    "expiry beyond all years": token(exp=10**18),
    "expiry infinite": raw(json.dumps({"alg": ALGORITHM, "typ": TYPE}), json.dumps(GOOD | {"exp": float("inf")})),
    "unknown role": token(role="king"),
    "no role": token(role=...),
    "role is a list": token(role=["hospital"]),
    "algorithm none": jwt.encode(GOOD, "", algorithm="none", headers={"typ": TYPE}),
    "another algorithm": token(algorithm="HS512", secret="s" * 64),
    "payload is a list": raw(json.dumps({"alg": ALGORITHM, "typ": TYPE}), "[]"),
    "header is a list": raw("[]", json.dumps(GOOD)),
    "header is text": raw('"x"', json.dumps(GOOD)),
    "nested without end": raw("[" * 1500, "{}"),
    "nested payload": raw(json.dumps({"alg": ALGORITHM, "typ": TYPE}), '{"a":' * 500 + "1" + "}" * 500),
    "too long": token(sub="x" * LONGEST_TOKEN),
    "five thousand characters": token(pad="x" * 5000),
}


@pytest.mark.parametrize("what", REFUSED)
def test_anything_else_is_nobody(what: str) -> None:
    with pytest.raises(Unauthenticated):
        read(REFUSED[what], SECRET, NOW)


def test_the_reason_never_repeats_the_token() -> None:
    for text in REFUSED.values():
        with pytest.raises(Unauthenticated) as caught:
            read(text, SECRET, NOW)
        assert len(text) < 4 or text not in str(caught.value)

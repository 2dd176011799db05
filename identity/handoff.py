"""Hand-off: a hospital's own app says who is logged in there, in a token that is good once and for a minute (RFC 7519)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from core.errors import Invalid, Unauthenticated
from core.uids import row_id
from identity.models import HandoffKey
from identity.once import use_once
from identity.persons import Account
from records.models import Hospital

ALGORITHMS = ("ES256", "RS256", "EdDSA")  # never a shared secret: what a hospital can check, it must not be able to sign
LIFE = timedelta(seconds=60)
CLOCKS_APART = timedelta(seconds=5)
LONGEST_TOKEN = 4096
REQUIRED = ["iss", "sub", "aud", "iat", "exp", "jti"]
PROVIDER = "handoff"


async def add_key(hospital: str, key_id: str, algorithm: str, public_key: str, now: datetime) -> None:
    """Trust the tokens that this key signs; raises Invalid for an unknown hospital or what is no such key."""
    if algorithm not in ALGORITHMS:
        raise Invalid(f"the algorithm is one of {', '.join(ALGORITHMS)}")
    if not await Hospital.exists(code=hospital):
        raise Invalid(f"no hospital has the code {hospital}")
    _require_key(algorithm, public_key)
    values: dict[str, Any] = {"algorithm": algorithm, "public_key": public_key, "created_at": now, "revoked_at": None}
    if not await HandoffKey.filter(hospital_id=hospital, key_id=key_id).update(**values):
        await HandoffKey.create(id=row_id(), hospital_id=hospital, key_id=key_id, **values)


async def revoke_key(hospital: str, key_id: str, now: datetime) -> bool:
    """Trust a key no more; true when it was trusted."""
    return await HandoffKey.filter(hospital_id=hospital, key_id=key_id, revoked_at=None).update(revoked_at=now) > 0


async def redeem(token: str, audience: str, now: datetime) -> Account:
    """The account at the hospital that this token names; raises Unauthenticated, and for the second time too."""
    if len(token) > LONGEST_TOKEN:
        raise Unauthenticated("not a hand-off")
    key = await _key_of(token)
    payload = _payload(token, key, audience)
    expires_at = _require_fresh(payload, now)
    if payload["iss"] != key.hospital_id:
        raise Unauthenticated("signed by another hospital than it says")
    await use_once(f"handoff {key.hospital_id}", str(payload["jti"]), expires_at + CLOCKS_APART)
    return Account(PROVIDER, key.hospital_id, "subject", str(payload["sub"]))


async def _key_of(token: str) -> HandoffKey:
    """By issuer and key id, which count only once the signature does."""
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
    except (jwt.PyJWTError, ValueError) as error:
        raise Unauthenticated("not a hand-off") from error
    if not (isinstance(kid, str) and isinstance(issuer, str) and kid.isprintable() and issuer.isprintable()):
        raise Unauthenticated("not a hand-off")
    key = await HandoffKey.get_or_none(hospital_id=issuer, key_id=kid, revoked_at=None)
    if key is None:
        raise Unauthenticated("no such key")
    return key


def _payload(token: str, key: HandoffKey, audience: str) -> dict[str, Any]:
    # The times are compared with our own clock argument below.
    options: Any = {"require": REQUIRED, "verify_exp": False, "verify_iat": False, "verify_nbf": False}
    try:
        payload: dict[str, Any] = jwt.decode(
            token, key.public_key, algorithms=[key.algorithm], audience=audience, options=options
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise Unauthenticated("not a hand-off for us") from error
    if not all(isinstance(payload[name], str) and 0 < len(payload[name]) <= 128 for name in ("iss", "sub", "jti")):
        raise Unauthenticated("not a hand-off")
    return payload


def _require_fresh(payload: dict[str, Any], now: datetime) -> datetime:
    begin, end = payload["iat"], payload["exp"]
    if not (isinstance(begin, int) and isinstance(end, int) and 0 < end - begin <= LIFE.total_seconds()):
        raise Unauthenticated("a hand-off lives a minute at most")
    if not begin - CLOCKS_APART.total_seconds() <= now.timestamp() < end:
        raise Unauthenticated("the hand-off is over, or of tomorrow")
    return datetime.fromtimestamp(end, UTC)


def _require_key(algorithm: str, public_key: str) -> None:
    try:
        jwt.get_algorithm_by_name(algorithm).prepare_key(public_key)
        load_pem_public_key(public_key.encode())
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise Invalid(f"it is not a public key for {algorithm} in PEM") from error

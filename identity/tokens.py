"""The form of a bearer token: a signed JWT (RFC 9068) that names its session, role and hospital."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt

from core.errors import Unauthenticated
from core.grants import Role

ALGORITHM = "HS256"
TYPE = "at+jwt"
AUDIENCE = "cloudfilm"
LONGEST_TOKEN = 4096  # characters; PyJWT itself would parse megabytes
REQUIRED = ["exp", "iat", "jti", "aud", "sub"]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says."""

    session: str
    subject: str
    role: Role
    hospital: str | None
    expires_at: datetime


def sign(claims: Claims, secret: str, now: datetime) -> str:
    """The token of these claims."""
    payload: dict[str, Any] = {
        "jti": claims.session,
        "sub": claims.subject,
        "role": claims.role.value,
        "hospital": claims.hospital,
        "aud": AUDIENCE,
        "iat": int(now.timestamp()),
        "exp": int(claims.expires_at.timestamp()),
    }
    return jwt.encode(payload, secret, algorithm=ALGORITHM, headers={"typ": TYPE})


def read(token: str, secret: str, now: datetime) -> Claims:
    """The claims of a token that we signed and that is not over; raises Unauthenticated."""
    if len(token) > LONGEST_TOKEN or token.count(".") != 2 or token.endswith("="):
        raise Unauthenticated("not a token of ours")
    try:
        if jwt.get_unverified_header(token).get("typ") != TYPE:
            raise Unauthenticated("not an access token")
        options: Any = {"require": REQUIRED, "verify_exp": False, "verify_iat": False}
        payload = jwt.decode(token, secret, algorithms=[ALGORITHM], audience=AUDIENCE, options=options)
        return _claims(payload, now)
    except (jwt.PyJWTError, ValueError, KeyError, TypeError, OverflowError, OSError, RecursionError) as error:
        raise Unauthenticated("not a token of ours") from error


def _claims(payload: dict[str, Any], now: datetime) -> Claims:
    if type(payload["exp"]) is not int:
        raise Unauthenticated("expiry is not a number")
    expires_at = datetime.fromtimestamp(payload["exp"], UTC)
    if now >= expires_at:
        raise Unauthenticated("the token has expired")
    hospital = payload.get("hospital")
    return Claims(str(payload["jti"]), str(payload["sub"]), Role(payload["role"]), hospital and str(hospital), expires_at)

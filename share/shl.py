"""Shares as SMART Health Links: made for their owner, found again by their secret, and what is handed out for a few minutes.

A health link has no limits of its own: it opens the share by the share's own link, so that limits, passcode, wrong tries and
visits are one and the same, whichever way somebody comes.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from core.errors import NotFound
from core.grants import Role
from identity import tokens
from identity.links import LinkKind, Links
from identity.models import Session
from identity.tokens import Claims
from infra.database import transaction
from infra.keys import Keys
from share.models import HealthLink, Share
from share.shl_file import NONCE_BYTES, closed
from share.shl_link import PATH, SECRET_BYTES, SECRET_CHARACTERS, Link, Secrets

LABEL = "云胶片分享 · Shared medical images"  # of nobody and no hospital
TICKET_LIFE = timedelta(minutes=10)  # the specification allows an hour
_LONGEST_TICKET = 128
_BETWEEN = "."


@dataclass(frozen=True, slots=True)
class Found:
    """A health link that somebody holds: its share, and the token of the share's own link."""

    share: Share
    token: str = field(repr=False)


class HealthLinks:
    """Makes and finds health links, closes their files."""

    def __init__(self, keys: Keys, links: Links, base_url: str) -> None:
        self._keys = keys
        self._secrets = Secrets(keys.derive("smart-health-link"))
        self._links = links
        self._url = base_url.rstrip("/") + PATH

    async def make(self, share: Share, at: datetime) -> Link:
        """The share as a new health link, in place of the one before."""
        secret = secrets.token_urlsafe(SECRET_BYTES)
        link = Link(
            self._url + secret,
            self._secrets.file_key(secret),
            LABEL,
            share.expires_at,
            asks_passcode=share.passcode_hash is not None,
            changes=changes(share),
        )
        async with transaction():
            await HealthLink.filter(share_id=share.id, revoked_at=None).update(revoked_at=at)
            await HealthLink.create(hash=self._secrets.kept(secret), share_id=share.id, created_at=at)
        return link

    async def find(self, secret: str) -> Found:
        """The share behind a secret, whether or not it is over; raises NotFound."""
        known = HealthLink.filter(hash=self._secrets.kept(secret), revoked_at=None) if _is_secret(secret) else None
        row = await known.prefetch_related("share").first() if known is not None else None
        if row is None:
            raise NotFound("no such health link")
        return Found(row.share, self._links.first(LinkKind.SHARE, row.share.hospital_id, row.share.id))

    def closed(self, secret: str, content: bytes, content_type: str) -> str:
        """A file of the link, for whoever holds its key."""
        return closed(content, content_type, self._secrets.file_key(secret), secrets.token_bytes(NONCE_BYTES))

    def location(self, secret: str, name: str, session: str, at: datetime) -> str:
        """Where a file may be fetched without any other proof, for ten minutes, by who opened that session."""
        until = int((at + TICKET_LIFE).timestamp())
        return (
            f"{self._url}{secret}/{name}/{until}{_BETWEEN}{session}{_BETWEEN}{self._proof(secret, name, str(until), session)}"
        )

    async def token_of(self, secret: str, name: str, ticket: str, at: datetime) -> str:
        """The token of the session by which a file is fetched; raises NotFound."""
        until, session = self._read(secret, name, ticket)
        row = await Session.get_or_none(id=session, role=Role.LINK) if at.timestamp() < until else None
        if row is None:
            raise NotFound("no such file")
        expires_at = row.expires_at.astimezone(UTC)
        return tokens.sign(Claims(row.id, row.subject, Role.LINK, None, expires_at), self._keys.tokens, at)

    def _read(self, secret: str, name: str, ticket: str) -> tuple[int, str]:
        until, session, proof = [*ticket[:_LONGEST_TICKET].split(_BETWEEN), "", "", ""][:3]
        if not hmac.compare_digest(proof.encode("utf-8", "replace"), self._proof(secret, name, until, session).encode()):
            raise NotFound("no such file")
        return int(until), session

    def _proof(self, secret: str, name: str, until: str, session: str) -> str:
        return self._secrets.ticket(secret, "\0".join((name, until, session)))


def changes(share: Share) -> bool:
    """True when a newer report may stand behind it tomorrow, and asking again uses nothing up."""
    return not share.pinned and share.max_opens is None


def _is_secret(text: str) -> bool:
    return len(text) == SECRET_CHARACTERS and text.isascii()

"""The access token of one app at a third party: one for the whole deployment, renewed by one process at a time."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from tortoise.expressions import Q

from core import clock
from core.errors import Unavailable
from infra.models import AccessToken
from infra.sealing import Sealer

EARLY = timedelta(minutes=5)  # WeChat renews so long before the end, and both tokens are good meanwhile
LEASE = timedelta(seconds=15)  # longer than a renewal takes; a process that was killed in one holds up the others so long
LOOKS = 40
LOOK_SECONDS = 0.5

Fetch = Callable[[], Awaitable[tuple[str, int]]]  # a token, and for how many seconds it is good


class AccessTokens:
    """`app` names the app. The token lies encrypted in the database; each process remembers the one it saw."""

    def __init__(self, app: str, sealer: Sealer, fetch: Fetch) -> None:
        self._app = app
        self._sealer = sealer
        self._fetch = fetch
        self._known = ""
        self._known_until = datetime.min.replace(tzinfo=UTC)

    async def get(self) -> str:
        """The token that is good now; raises Unavailable, or what `fetch` raises."""
        if self._known and clock.now() < self._known_until - EARLY:
            return self._known
        return await self._shared("")

    async def instead_of(self, refused: str) -> str:
        """A token for one that was just refused: another's newer one, or one fetched now, which may be the same again."""
        self._known = ""
        return await self._shared(refused)

    async def _shared(self, refused: str) -> str:
        await AccessToken.bulk_create([AccessToken(app=self._app)], ignore_conflicts=True)
        for _ in range(LOOKS):
            now = clock.now()
            token, until = await self._stored(refused)
            if token and now < until - EARLY:
                return self._remember(token, until)
            if await self._take_lease(now):
                return await self._renew(refused, now + LEASE)
            if token and now < until:
                return token  # somebody renews it; the old one is good as long
            await asyncio.sleep(LOOK_SECONDS)
        raise Unavailable(f"nobody could renew the access token of {self._app}")

    async def _stored(self, refused: str) -> tuple[str, datetime]:
        """The token in the database, empty for none or for the one that was refused."""
        row = await AccessToken.get(app=self._app)
        token = self._sealer.open(row.sealed) if row.sealed else ""
        if row.expires_at is None or hmac.compare_digest(token.encode(), refused.encode()):
            return "", clock.now()
        return token, row.expires_at

    async def _take_lease(self, now: datetime) -> bool:
        free = Q(leased_until__isnull=True) | Q(leased_until__lte=now)
        return await AccessToken.filter(free, app=self._app).update(leased_until=now + LEASE) == 1

    async def _renew(self, refused: str, lease: datetime) -> str:
        held = AccessToken.filter(app=self._app, leased_until=lease)
        try:
            token, until = await self._stored(refused)
            if not token or clock.now() >= until - EARLY:  # nobody renewed it between our look and our lease
                token, seconds = await self._fetch()
                until = clock.now() + timedelta(seconds=seconds)
                await held.update(sealed=self._sealer.seal(token), expires_at=until)
        finally:
            await asyncio.shield(held.update(leased_until=None))
        return self._remember(token, until)

    def _remember(self, token: str, until: datetime) -> str:
        self._known, self._known_until = token, until
        return token

"""WeChat's server: who a login code stands for, and which phone a person let us know (developers.weixin.qq.com)."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

import httpx

from core.errors import CloudfilmError, Misconfigured, TooManyRequests, Unauthenticated, Unavailable
from infra.elsewhere import asked, json_object

_log = logging.getLogger(__name__)
EARLY_SECONDS = 300  # WeChat renews five minutes before the end, and both tokens are good meanwhile
TOKEN_IS_OVER = frozenset({40001, 40014, 42001})
CODE_IS_BAD = frozenset({40029, 40163, 40226})  # invalid, used, high-risk user
TOO_OFTEN = frozenset({45011, 45009})


@dataclass(frozen=True, slots=True)
class App:
    """One mini-program or official account."""

    app_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Subject:
    """Who someone is to one app; `union_id` to all apps of one owner, empty when WeChat does not say."""

    app_id: str
    open_id: str
    union_id: str


class WeChat:
    """Asks WeChat. The session key of a login is never kept."""

    def __init__(self, client: httpx.AsyncClient, base_url: str, mini: App, official: App) -> None:
        self._client = client
        self._base = base_url.rstrip("/")
        self._mini = mini
        self._official = official
        self._token = ""
        self._token_until = 0.0

    async def mini_program(self, code: str) -> Subject:
        """Who `wx.login` gave this code to. Raises Unauthenticated for a bad or used code."""
        app = _present(self._mini, "mini-program")
        query = {"appid": app.app_id, "secret": app.secret, "js_code": code, "grant_type": "authorization_code"}
        return _subject(app, await self._get("/sns/jscode2session", query))

    async def official_account(self, code: str) -> Subject:
        """Who came back from the official account's page with this code."""
        app = _present(self._official, "official account")
        query = {"appid": app.app_id, "secret": app.secret, "code": code, "grant_type": "authorization_code"}
        return _subject(app, await self._get("/sns/oauth2/access_token", query))

    async def phone(self, code: str) -> str:
        """The number behind the code of the phone button, as +86…"""
        app = _present(self._mini, "mini-program")
        try:
            said = await self._phone(code)
        except _TokenIsOver:
            self._token = ""
            said = await self._phone(code)  # once more with a new one; a second refusal goes on as it is
        info = said.get("phone_info") or {}
        if (info.get("watermark") or {}).get("appid") != app.app_id:
            raise Unauthenticated("the phone was given to another app")
        return f"+{info.get('countryCode')}{info.get('purePhoneNumber')}"

    async def _phone(self, code: str) -> dict[str, Any]:
        url = f"{self._base}/wxa/business/getuserphonenumber"
        content = await asked(
            self._client, "POST", url, params={"access_token": await self._access_token()}, json={"code": code}
        )
        return _checked(json_object(content, "WeChat"))

    async def _access_token(self) -> str:
        if not self._token or time.monotonic() > self._token_until:
            said = {"grant_type": "client_credential", "appid": self._mini.app_id, "secret": self._mini.secret}
            content = await asked(self._client, "POST", f"{self._base}/cgi-bin/stable_token", json=said)
            got = _checked(json_object(content, "WeChat"))
            self._token = str(got.get("access_token") or "")
            self._token_until = time.monotonic() + int(got.get("expires_in") or 0) - EARLY_SECONDS
        return self._token

    async def _get(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        return _checked(json_object(await asked(self._client, "GET", self._base + path, params=query), "WeChat"))


class _TokenIsOver(Unavailable):
    """WeChat does not take our access token any more."""


def _present(app: App, name: str) -> App:
    if not (app.app_id and app.secret):
        raise Unavailable(f"no {name} of WeChat is set up; log in another way")
    return app


def _checked(said: dict[str, Any]) -> dict[str, Any]:
    """Errors come with status 200."""
    number = said.get("errcode") or 0
    if number == 0:
        return said
    _log.warning("WeChat refused: errcode %s", number)
    raise _error(number)


def _error(number: int) -> CloudfilmError:
    if number in CODE_IS_BAD:
        return Unauthenticated("WeChat does not take this code")
    if number in TOKEN_IS_OVER:
        return _TokenIsOver("WeChat does not take our access token")
    if number in TOO_OFTEN:
        return TooManyRequests("WeChat was asked too often", retry_after_seconds=60)
    if number in (40013, 40125):
        return Misconfigured("WeChat does not know our app id or secret")
    return Unavailable(f"WeChat answers with errcode {number}")


def _subject(app: App, said: dict[str, Any]) -> Subject:
    open_id, union_id = said.get("openid"), said.get("unionid") or ""
    if not (isinstance(open_id, str) and open_id and isinstance(union_id, str)):
        raise Unavailable("WeChat names nobody")
    return Subject(app.app_id, open_id, union_id)

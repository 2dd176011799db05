"""WeChat's server: logins, phones that persons let us know, messages (developers.weixin.qq.com)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from core.errors import CloudfilmError, Misconfigured, RetryLater, TooManyRequests, Unauthenticated, Unavailable
from infra.access_tokens import AccessTokens
from infra.elsewhere import TIMEOUT_SECONDS, CutOff, asked, exchanged, json_object
from infra.sealing import Sealer

_log = logging.getLogger(__name__)
TOKEN_IS_OVER = frozenset({40001, 40014, 42001})
CODE_IS_BAD = frozenset({40029, 40163, 40226})  # invalid, used, high-risk user
TOO_OFTEN = frozenset({45011, 45009})
SUGGESTIONS = ("pass", "review", "risky")
COMMENT, MOST_CHECKED, CHECK_SECONDS = 2, 2500, 3.0  # scene and most characters of a content check


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

    def __init__(self, client: httpx.AsyncClient, base_url: str, mini: App, official: App, sealer: Sealer) -> None:
        self._client = client
        self._base = base_url.rstrip("/")
        self.mini = mini
        self.official = official
        self._tokens = {app.app_id: self._tokens_of(app, sealer) for app in (mini, official)}

    async def mini_program(self, code: str) -> Subject:
        """Who `wx.login` gave this code to. Raises Unauthenticated for a bad or used code."""
        app = _present(self.mini, "mini-program")
        query = {"appid": app.app_id, "secret": app.secret, "js_code": code, "grant_type": "authorization_code"}
        return _subject(app, await self._get("/sns/jscode2session", query))

    async def official_account(self, code: str) -> Subject:
        """Who came back from the official account's page with this code."""
        app = _present(self.official, "official account")
        query = {"appid": app.app_id, "secret": app.secret, "code": code, "grant_type": "authorization_code"}
        return _subject(app, await self._get("/sns/oauth2/access_token", query))

    async def phone(self, code: str) -> str:
        """The number behind the code of the phone button, as +86…"""
        app = _present(self.mini, "mini-program")
        said = _checked(await self.call(app, "/wxa/business/getuserphonenumber", {"code": code}))
        info = said.get("phone_info") or {}
        if (info.get("watermark") or {}).get("appid") != app.app_id:
            raise Unauthenticated("the phone was given to another app")
        return f"+{info.get('countryCode')}{info.get('purePhoneNumber')}"

    async def suggests(self, open_id: str, text: str) -> str:
        """What WeChat's content check says of words that a user of the mini-program writes: pass, review or risky.

        Empty when it cannot be asked: a check that fails keeps nobody from writing.
        """
        said = {"version": 2, "scene": COMMENT, "openid": open_id, "content": text[:MOST_CHECKED]}
        try:
            app = _present(self.mini, "mini-program")
            async with asyncio.timeout(CHECK_SECONDS):  # its access token included: somebody waits
                answer = _checked(await self.call(app, "/wxa/msg_sec_check", said))
        except (CloudfilmError, TimeoutError) as error:
            _log.warning("words were not checked: %s", type(error).__name__)
            return ""
        suggest = (answer.get("result") or {}).get("suggest")
        return suggest if suggest in SUGGESTIONS else ""

    async def call(self, app: App, path: str, said: Mapping[str, Any], *, seconds: float = TIMEOUT_SECONDS) -> dict[str, Any]:
        """What WeChat answers to a call with the app's access token; errors are in `errcode`.

        Raises NoToken when it was not made for want of a token, Unreachable or CutOff as `exchanged`.
        """
        tokens = self._tokens[app.app_id]
        token = await _got(tokens.get())
        answer = await self._posted(path, token, said, seconds)
        if answer.get("errcode") in TOKEN_IS_OVER:  # once more with another one; a second refusal goes on as it is
            answer = await self._posted(path, await _got(tokens.instead_of(token)), said, seconds)
        return answer

    async def _posted(self, path: str, token: str, said: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        url, query = self._base + path, {"access_token": token}
        answer = await exchanged(self._client, "POST", url, params=query, content=orjson.dumps(said), seconds=seconds)
        if answer.status_code != 200:
            raise CutOff(f"WeChat answers with {answer.status_code}")
        try:
            return json_object(answer.content, "WeChat")
        except Unavailable as error:
            raise CutOff(str(error)) from error

    def _tokens_of(self, app: App, sealer: Sealer) -> AccessTokens:
        async def fetch() -> tuple[str, int]:
            said = {"grant_type": "client_credential", "appid": app.app_id, "secret": app.secret}
            content = await asked(self._client, "POST", f"{self._base}/cgi-bin/stable_token", json=said)
            got = _checked(json_object(content, "WeChat"))
            token = got.get("access_token")
            if not (isinstance(token, str) and token):
                raise Unavailable("WeChat gives no access token")
            return token, int(got.get("expires_in") or 0)

        return AccessTokens(f"wechat:{app.app_id}", sealer, fetch)

    async def _get(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        return _checked(json_object(await asked(self._client, "GET", self._base + path, params=query), "WeChat"))


class NoToken(Unavailable):
    """There is no access token now; what needed it was not asked for."""


async def _got(token: Awaitable[str]) -> str:
    try:
        return await token
    except RetryLater as error:
        raise NoToken(str(error), retry_after_seconds=error.retry_after_seconds) from error


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
        return Unavailable("WeChat does not take our access token")
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

"""WeChat's server, small: codes are good once, access tokens run out, errors come with status 200."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.parts.standin import Answer, Asked, StandIn

MINI, OFFICIAL = ("wx-mini", "mini-secret"), ("wx-official", "official-secret")


class WeChatServer(StandIn):
    """Knows the codes that a test gives it."""

    def __init__(self) -> None:
        super().__init__()
        self.logins: dict[str, dict[str, str]] = {}  # code → what is answered, once
        self.phones: dict[str, str] = {}  # code of the phone button → number, once
        self.watermark = MINI[0]
        self.token = 0  # the access token that is good now
        self.forgets_tokens = 0  # so many times a token that was just given is refused

    def answer(self, asked: Asked) -> Answer:
        """As developers.weixin.qq.com describes."""
        return Answer(self._answer(asked.path, asked.query, asked.body))

    def _answer(self, path: str, query: Mapping[str, str], body: bytes) -> dict[str, Any]:
        if path == "/cgi-bin/stable_token":
            return self._stable_token(json.loads(body))
        if path == "/wxa/business/getuserphonenumber":
            return self._phone(query.get("access_token"), json.loads(body)["code"])
        app, field = (MINI, "js_code") if path == "/sns/jscode2session" else (OFFICIAL, "code")
        if (query["appid"], query["secret"]) != app or query["grant_type"] != "authorization_code":
            return {"errcode": 40013, "errmsg": "invalid appid"}
        found = self.logins.pop(query[field], None)
        return found if found else {"errcode": 40163, "errmsg": "code been used, rid: 1"}

    def _stable_token(self, said: dict[str, Any]) -> dict[str, Any]:
        assert (said["appid"], said["secret"], said["grant_type"]) == (*MINI, "client_credential")
        self.token += 1
        return {"access_token": f"token-{self.token}", "expires_in": 7200}

    def _phone(self, token: str | None, code: str) -> dict[str, Any]:
        if token != f"token-{self.token}" or self.forgets_tokens:
            self.forgets_tokens = max(0, self.forgets_tokens - 1)
            return {"errcode": 42001, "errmsg": "access_token expired"}
        number = self.phones.pop(code, None)
        if number is None:
            return {"errcode": 40029, "errmsg": "invalid code"}
        info = {"phoneNumber": number, "purePhoneNumber": number, "countryCode": "86"}
        return {"errcode": 0, "phone_info": {**info, "watermark": {"timestamp": 1, "appid": self.watermark}}}

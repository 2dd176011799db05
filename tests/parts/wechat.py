"""WeChat's server, small: codes are good once, access tokens run out, errors come with status 200, messages need a tap."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import struct
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.parts.standin import Answer, Asked, StandIn, main, report

MINI, OFFICIAL = ("wx-mini", "mini-secret"), ("wx-official", "official-secret")
PUSH_TOKEN = "push-token-of-the-tests"
PUSH_KEY = base64.b64encode(bytes(range(32))).decode().rstrip("=")
BLOCK = 32  # WeChat pads to 32 bytes
SUBSCRIBE, ASSISTANT = "/cgi-bin/message/subscribe/send", "/cityservice/sendchannelmsg"


class WeChatServer(StandIn):
    """Knows the codes that a test gives it."""

    def __init__(self) -> None:
        super().__init__()
        self.logins: dict[str, dict[str, str]] = {}  # code → what is answered, once
        self.phones: dict[str, str] = {}  # code of the phone button → number, once
        self.watermark = MINI[0]
        self.token = 0  # the access token that is good now
        self.forgets_tokens = 0  # so many times a token that was just given is refused
        self.accepted: dict[str, int] = {}  # "openid template" → taps left
        self.checks: list[dict[str, Any]] = []  # what its content check was asked
        self.suggests = "pass"  # what that answers
        self.refuses = 0  # an errcode instead of taking a message
        self.statuses: list[int] = []  # how its pushes were answered

    def answer(self, asked: Asked) -> Answer:
        """As developers.weixin.qq.com describes."""
        return Answer(self._answer(asked.path, asked.query, asked.body))

    def _answer(self, path: str, query: Mapping[str, str], body: bytes) -> dict[str, Any]:
        if path == "/cgi-bin/stable_token":
            return self._stable_token(json.loads(body))
        if path in (SUBSCRIBE, ASSISTANT):
            return self._message(path, query.get("access_token", ""), json.loads(body))
        if path == "/wxa/msg_sec_check":
            return self._checked(query.get("access_token", ""), json.loads(body))
        if path == "/wxa/business/getuserphonenumber":
            return self._phone(query.get("access_token"), json.loads(body)["code"])
        app, field = (MINI, "js_code") if path == "/sns/jscode2session" else (OFFICIAL, "code")
        if (query["appid"], query["secret"]) != app or query["grant_type"] != "authorization_code":
            return {"errcode": 40013, "errmsg": "invalid appid"}
        found = self.logins.pop(query[field], None)
        return found if found else {"errcode": 40163, "errmsg": "code been used, rid: 1"}

    def _stable_token(self, said: dict[str, Any]) -> dict[str, Any]:
        app = (said["appid"], said["secret"])
        assert app in (MINI, OFFICIAL)
        assert said["grant_type"] == "client_credential"
        self.token += 1
        return {"access_token": f"token-{self.token}-of-{app[0]}", "expires_in": 7200}

    def _checked(self, token: str, said: dict[str, Any]) -> dict[str, Any]:
        """Version 2 of the content check; what it was asked is kept."""
        if not token.endswith(f"-of-{MINI[0]}"):
            return {"errcode": 40001, "errmsg": "invalid credential, rid: 1"}
        if said.keys() != {"version", "scene", "openid", "content"} or said["version"] != 2 or len(said["content"]) > 2500:
            return {"errcode": 40003, "errmsg": "invalid argument"}
        self.checks.append(said)
        return {"errcode": 0, "errmsg": "ok", "result": {"suggest": self.suggests, "label": 100}, "trace_id": "1"}

    def _phone(self, token: str | None, code: str) -> dict[str, Any]:
        if token != f"token-{self.token}-of-{MINI[0]}" or self.forgets_tokens:
            self.forgets_tokens = max(0, self.forgets_tokens - 1)
            return {"errcode": 42001, "errmsg": "access_token expired"}
        number = self.phones.pop(code, None)
        if number is None:
            return {"errcode": 40029, "errmsg": "invalid code"}
        info = {"phoneNumber": number, "purePhoneNumber": number, "countryCode": "86"}
        return {"errcode": 0, "phone_info": {**info, "watermark": {"timestamp": 1, "appid": self.watermark}}}

    def throttled(self) -> Answer:
        """The quota of a minute."""
        return Answer({"errcode": 45011, "errmsg": "api minute-quota reach limit"})

    def failed(self) -> Answer:
        """System busy."""
        return Answer({"errcode": -1, "errmsg": "system error"})

    def _message(self, path: str, token: str, said: dict[str, Any]) -> dict[str, Any]:
        app = MINI if path == SUBSCRIBE else OFFICIAL
        if not token.endswith(f"-of-{app[0]}") or self.forgets_tokens:
            self.forgets_tokens = max(0, self.forgets_tokens - 1)
            return {"errcode": 40001, "errmsg": "invalid credential, rid: 1"}
        if self.refuses:
            return {"errcode": self.refuses, "errmsg": "refused, rid: 1"}
        with self.lock:
            if path == SUBSCRIBE:
                tap = f"{said['touser']} {said['template_id']}"
                if not self.accepted.get(tap):
                    return {"errcode": 43101, "errmsg": "user refuse to accept the msg, rid: 1"}
                self.accepted[tap] -= 1
            self.ledger.append(said)
            number = 1_700_000_000_000_000_000 + len(self.ledger)
        if path == SUBSCRIBE:
            self.tell(lambda: self.push(self.callback, self.sent_event(said["touser"], str(number))))
        return {"errcode": 0, "errmsg": "ok", "msgid": number}

    def sent_event(self, open_id: str, msgid: str, code: int = 0) -> dict[str, Any]:
        """What became of a message, as pushed in JSON: one alone is no list."""
        inner = {"TemplateId": "T", "MsgID": msgid, "ErrorCode": str(code), "ErrorStatus": "success" if code == 0 else "fail"}
        return {**self._event(open_id, "subscribe_msg_sent_event"), "List": inner}

    def refused_event(self, open_id: str, *templates: str) -> dict[str, Any]:
        """They take no more of these."""
        inner = [{"TemplateId": each, "SubscribeStatusString": "reject"} for each in templates]
        return {**self._event(open_id, "subscribe_msg_change_event"), "List": inner}

    def pushed(self, said: dict[str, Any], app_id: str = MINI[0], *, xml: bool = False) -> tuple[dict[str, str], bytes]:
        """Query and body of a push in safe mode."""
        content = as_xml(said).encode() if xml else json.dumps(said).encode()
        closed = encrypted(content, app_id)
        query = {"timestamp": str(int(time.time())), "nonce": os.urandom(4).hex(), "encrypt_type": "aes"}
        query["signature"] = sha1(PUSH_TOKEN, query["timestamp"], query["nonce"])
        query["msg_signature"] = sha1(PUSH_TOKEN, query["timestamp"], query["nonce"], closed)
        outer = {"ToUserName": "gh_1", "Encrypt": closed}
        return query, as_xml(outer).encode() if xml else json.dumps(outer).encode()

    def push(self, callback: str, said: dict[str, Any], *, xml: bool = False) -> int:
        """Push to us; the status of our answer."""
        query, body = self.pushed(said, xml=xml)
        self.statuses.append(report(f"{callback}?{urlencode(query)}", body, {"Content-Type": "text/xml"}))
        return self.statuses[-1]

    def _event(self, open_id: str, event: str) -> dict[str, Any]:
        at = int(time.time())
        return {"ToUserName": "gh_1", "FromUserName": open_id, "CreateTime": at, "MsgType": "event", "Event": event}


def sha1(*parts: str) -> str:
    """WeChat's signature."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def encrypted(content: bytes, app_id: str) -> str:
    """As developers.weixin.qq.com describes safe mode."""
    key = base64.b64decode(PUSH_KEY + "=")
    plain = os.urandom(16) + struct.pack(">I", len(content)) + content + app_id.encode()
    filled = BLOCK - len(plain) % BLOCK
    closing = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(closing.update(plain + bytes([filled]) * filled) + closing.finalize()).decode()


def as_xml(said: Mapping[str, Any], tag: str = "xml") -> str:
    """An event's list stands in an element of its own; one alone is no list."""
    lists = {"subscribe_msg_sent_event": "SubscribeMsgSentEvent", "subscribe_msg_change_event": "SubscribeMsgChangeEvent"}
    inner = ""
    for name, value in said.items():
        each = value if isinstance(value, list) else [value]
        written = "".join(
            as_xml(one, name) if isinstance(one, Mapping) else f"<{name}><![CDATA[{one}]]></{name}>" for one in each
        )
        outer = lists.get(said.get("Event", "")) if name == "List" else None
        inner += f"<{outer}>{written}</{outer}>" if outer else written
    return f"<{tag}>{inner}</{tag}>"


if __name__ == "__main__":
    main(WeChatServer())

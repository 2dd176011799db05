"""A hospital's own message gateway, small: checks our signature, takes a message once, tells what became of it."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any

from tests.parts.standin import Answer, Asked, StandIn, main, report

SECRET = "a-secret-of-the-gateway-of-the-tests"
PATH = "/messages"
CLOCKS_APART_SECONDS = 300


class GatewayServer(StandIn):
    """`refuses` = (status, answer) instead of taking a message; `state` is what it says became of them."""

    def __init__(self) -> None:
        super().__init__()
        self.refuses: tuple[int, dict[str, Any]] | None = None
        self.state = "delivered"
        self.faults: list[str] = []

    def answer(self, asked: Asked) -> Answer:
        """POST /messages, GET /messages/{id}."""
        headers = {name.lower(): value for name, value in asked.headers.items()}
        at, path = headers.get("x-cloudfilm-timestamp", ""), asked.path.removeprefix(PATH)
        text = f"{at}\n{asked.method}\n{path}\n".encode() + asked.body
        right = hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()
        if right != headers.get("x-cloudfilm-signature") or abs(time.time() - int(at)) > CLOCKS_APART_SECONDS:
            self.faults.append("signature")
            return Answer({"code": "signature"}, 401)
        return self._take(json.loads(asked.body)) if asked.method == "POST" else self._tell(path.removeprefix("/"))

    def throttled(self) -> Answer:
        """As documented."""
        return Answer({"code": "busy"}, 429, {"Retry-After": "7"})

    def receipts(self, *items: dict[str, str]) -> tuple[bytes, dict[str, str]]:
        """Body and headers of a report to us."""
        body, at = json.dumps(items).encode(), str(int(time.time()))
        sign = hmac.new(SECRET.encode(), f"{at}\nPOST\n\n".encode() + body, hashlib.sha256).hexdigest()
        return body, {"X-Cloudfilm-Timestamp": at, "X-Cloudfilm-Signature": sign, "Content-Type": "application/json"}

    def push(self, callback: str, *items: dict[str, str]) -> int:
        """Report to us; the status of our answer."""
        return report(callback, *self.receipts(*items))

    def _take(self, said: dict[str, Any]) -> Answer:
        if self.refuses is not None:
            return Answer(self.refuses[1], self.refuses[0])
        with self.lock:
            number = next((place for place, row in enumerate(self.ledger) if row["id"] == said["id"]), None)
            if number is not None:
                return Answer({"id": f"G{number}"}, 409)
            self.ledger.append(said)
            taken = Answer({"id": f"G{len(self.ledger) - 1}"}, 202)
        self.tell(lambda: self.push(self.callback, {"id": said["id"], "state": self.state}))
        return taken

    def _tell(self, message: str) -> Answer:
        if any(row["id"] == message for row in self.ledger):
            return Answer({"state": self.state})
        return Answer({"code": "unknown"}, 404)


if __name__ == "__main__":
    main(GatewayServer())

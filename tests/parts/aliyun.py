"""Aliyun's SMS endpoint, small: checks the signature, keeps a ledger, tells of it by QuerySendDetails and by receipts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote
from zoneinfo import ZoneInfo

from tests.parts.standin import Answer, Asked, StandIn, main, report

KEY_ID, KEY_SECRET = "LTAI-of-the-tests", "secret-of-the-tests"
SIGN_NAME = "示范医院"
ZONE = ZoneInfo("Asia/Shanghai")
TIMESTAMP_GOOD_FOR = timedelta(minutes=31)
WAITING, FAILED, DELIVERED = 1, 2, 3
PERSONAL = {"PhoneNumbers", "PhoneNumber", "TemplateParam"}


class AliyunServer(StandIn):
    """`refuses` = a Code instead of OK; `shows_after` = seconds until QuerySendDetails shows a message.

    `state` is what becomes of messages.
    """

    def __init__(self) -> None:
        super().__init__()
        self.refuses = ""
        self.refusal_message = "触发分钟级流控Permits:1"
        self.shows_after = 0.0
        self.state = DELIVERED
        self.faults: list[str] = []  # what was wrong with requests
        self.receipt_statuses: list[int] = []
        self._nonces: set[str] = set()

    def answer(self, asked: Asked) -> Answer:
        """SendSms and QuerySendDetails, after the signature."""
        said = {**asked.query, **dict(parse_qsl(asked.body.decode(), keep_blank_values=True))}
        wrong = self._wrong(asked, said)
        if wrong is not None:
            return wrong
        return Answer(self._send(said) if said["Action"] == "SendSms" else self._details(said))

    def throttled(self) -> Answer:
        """Flow control of the gateway itself, for the whole account."""
        return Answer(
            {"Code": "Throttling.User", "Message": "Request was denied due to user flow control.", "RequestId": "R"}, 400
        )

    def failed(self) -> Answer:
        """As the gateway says when what is behind it is broken."""
        return Answer({"Code": "InternalError", "Message": "The request processing has failed.", "RequestId": "R"}, 500)

    def receipts(self, rows: list[dict[str, Any]]) -> bytes:
        """What SmsReport pushes: an array."""
        return json.dumps([self._receipt(row) for row in rows], ensure_ascii=False).encode()

    def push(self, rows: list[dict[str, Any]]) -> None:
        """Report these messages now."""
        status = report(self.callback, self.receipts(rows), {"Content-Type": "application/json"})
        self.receipt_statuses.append(status)

    def _wrong(self, asked: Asked, said: Mapping[str, str]) -> Answer | None:
        if PERSONAL & set(asked.query):
            self.faults.append("personal data in the query")
        if asked.method != "POST":
            self.faults.append("not POST")
        if said.get("AccessKeyId") != KEY_ID:
            return self._refusal(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        text = string_to_sign(asked.method, said)
        if not hmac.compare_digest(signature(text, KEY_SECRET), said.get("Signature", "")):
            message = f"Specified signature is not matched with our calculation. server string to sign is:{text}"
            return self._refusal(400, "SignatureDoesNotMatch", message)
        at = datetime.strptime(said["Timestamp"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        if abs(datetime.now(UTC) - at) > TIMESTAMP_GOOD_FOR:
            return self._refusal(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
        with self.lock:
            if said["SignatureNonce"] in self._nonces:
                return self._refusal(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
            self._nonces.add(said["SignatureNonce"])
        return None

    def _refusal(self, status: int, code: str, message: str) -> Answer:
        self.faults.append(code)
        return Answer({"Code": code, "Message": message, "RequestId": "R"}, status)

    def _send(self, said: Mapping[str, str]) -> dict[str, Any]:
        if self.refuses:
            return {"Code": self.refuses, "Message": self.refusal_message, "RequestId": "R"}
        now = time.time()
        with self.lock:
            row = {
                "at": now,
                "phone": said["PhoneNumbers"],
                "sign": said["SignName"],
                "template": said["TemplateCode"],
                "params": json.loads(said["TemplateParam"]),
                "out_id": said.get("OutId", ""),
                "biz_id": f"{int(now * 1000)}^{len(self.ledger)}",
                "state": self.state,
            }
            self.ledger.append(row)
        self.tell(lambda: self.push([row]))
        return {"Code": "OK", "Message": "OK", "BizId": row["biz_id"], "RequestId": "R"}

    def _details(self, said: Mapping[str, str]) -> dict[str, Any]:
        size, page, now = int(said["PageSize"]), int(said["CurrentPage"]), time.time()
        with self.lock:
            found = [
                row
                for row in self.ledger
                if row["phone"] == said["PhoneNumber"]
                and beijing(row["at"]).strftime("%Y%m%d") == said["SendDate"]
                and now >= row["at"] + self.shows_after
            ]
        shown = [_detail(row) for row in found[(page - 1) * size : page * size]]
        return {"Code": "OK", "TotalCount": str(len(found)), "SmsSendDetailDTOs": {"SmsSendDetailDTO": shown}, "RequestId": "R"}

    def _receipt(self, row: dict[str, Any]) -> dict[str, Any]:
        at = beijing(row["at"]).strftime("%Y-%m-%d %H:%M:%S")
        return {
            "phone_number": row["phone"],
            "send_time": at,
            "report_time": at,
            "success": row["state"] == DELIVERED,
            "err_code": "DELIVERED" if row["state"] == DELIVERED else "UNDELIVERABLE",
            "err_msg": "用户接收成功" if row["state"] == DELIVERED else "空号",
            "sms_size": "1",
            "biz_id": row["biz_id"],
            "out_id": row["out_id"],
        }


def _detail(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "PhoneNum": row["phone"],
        "SendStatus": row["state"],
        "ErrCode": "DELIVERED" if row["state"] == DELIVERED else "UNDELIVERABLE",
        "OutId": row["out_id"],
        "TemplateCode": row["template"],
        "Content": "…",
        "SendDate": beijing(row["at"]).strftime("%Y-%m-%d %H:%M:%S"),
    }


def string_to_sign(method: str, parameters: Mapping[str, str]) -> str:
    """Signature version 1.0 of the RPC style: everything but the signature, sorted, escaped twice."""
    canonical = "&".join(f"{_escaped(k)}={_escaped(v)}" for k, v in sorted(parameters.items()) if k != "Signature")
    return f"{method}&%2F&{_escaped(canonical)}"


def signature(text: str, secret: str) -> str:
    """HMAC-SHA1 in base64; the key has an ampersand at its end."""
    return base64.b64encode(hmac.digest(f"{secret}&".encode(), text.encode(), hashlib.sha1)).decode()


def beijing(seconds: float) -> datetime:
    """Of seconds since 1970."""
    return datetime.fromtimestamp(seconds, ZONE)


def _escaped(text: str) -> str:
    return quote(text, safe="~")


if __name__ == "__main__":
    main(AliyunServer())

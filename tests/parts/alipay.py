"""Alipay's gateway, small: checks our signature, signs its answers over their own characters, takes a code once."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qsl, urlencode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.parts.standin import Answer, Asked, StandIn, main, report

AES_KEY = base64.b64encode(bytes(range(16))).decode()
APP_ID = "2021000000000001"
SEND = "alipay.open.app.mini.templatemessage.send"
RESPONSE = "alipay_open_app_mini_templatemessage_send_response"


class AlipayServer(StandIn):
    """`forges` = it signs with another key than the one that we know."""

    def __init__(self) -> None:
        super().__init__()
        self.ours = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.forges = False
        self.refuses = ""  # a sub_code instead of taking a message
        self.logins: dict[str, dict[str, str]] = {}  # code → who, once

    @property
    def public_key(self) -> str:
        """As the console shows it: X.509 in base64."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return base64.b64encode(self._key.public_key().public_bytes(serialization.Encoding.DER, form)).decode()

    @property
    def our_private_key(self) -> str:
        """As the key tool gives it: PKCS #8 in base64."""
        form = (serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return base64.b64encode(self.ours.private_bytes(*form)).decode()

    def answer(self, asked: Asked) -> Answer:
        """alipay.system.oauth.token and alipay.open.app.mini.templatemessage.send."""
        return Answer(self._answer(dict(parse_qsl(asked.body.decode(), keep_blank_values=True))))

    def _answer(self, said: dict[str, str]) -> bytes:
        if not self._signed_by_us(said):
            return self._signed("error_response", {"code": "40002", "sub_code": "isv.invalid-signature"})
        assert (said["app_id"], said["sign_type"]) == (APP_ID, "RSA2")
        if said["method"] == SEND:
            return self._message(json.loads(said["biz_content"]))
        assert said["method"] == "alipay.system.oauth.token"
        found = self.logins.pop(said["code"], None)
        if found is None:
            return self._signed("error_response", {"code": "40002", "sub_code": "isv.code-invalid"})
        return self._signed("alipay_system_oauth_token_response", found)

    def phone(self, mobile: str) -> dict[str, str]:
        """What `my.getPhoneNumber` gives to the mini-program."""
        padder = padding.PKCS7(128).padder()
        plain = padder.update(json.dumps({"code": "10000", "msg": "Success", "mobile": mobile}).encode()) + padder.finalize()
        closing = Cipher(algorithms.AES(base64.b64decode(AES_KEY)), modes.CBC(bytes(16))).encryptor()
        response = base64.b64encode(closing.update(plain) + closing.finalize()).decode()
        return {"response": response, "sign": self._sign(f'"{response}"'), "sign_type": "RSA2", "encrypt_type": "AES"}

    def throttled(self) -> Answer:
        """Too many calls."""
        said = {"code": "40005", "msg": "Call Limited", "sub_code": "isv.app-call-limited"}
        return Answer(self._signed("error_response", said))

    def failed(self) -> Answer:
        """Service currently unavailable."""
        said = {"code": "20000", "msg": "Service Currently Unavailable", "sub_code": "isp.unknow-error"}
        return Answer(self._signed(RESPONSE, said))

    def pushed(self, parameters: dict[str, str], *, with_type: bool = False) -> bytes:
        """A form as Alipay posts it, signed over its own bytes; of older kinds with `sign_type`."""
        said = {"app_id": APP_ID, "charset": "utf-8", "sign_type": "RSA2", "version": "1.1", **parameters}
        signed = {name: value for name, value in said.items() if with_type or name != "sign_type"}
        text = "&".join(f"{name}={value}" for name, value in sorted(signed.items()))
        return urlencode({**said, "sign": self._sign(text)}).encode()

    def push(self, callback: str, parameters: dict[str, str]) -> int:
        """Push to us; the status of our answer."""
        return report(callback, self.pushed(parameters), {"Content-Type": "application/x-www-form-urlencoded"})

    def _message(self, said: dict[str, Any]) -> bytes:
        if self.refuses:
            return self._signed(RESPONSE, {"code": "40004", "msg": "Business Failed", "sub_code": self.refuses})
        with self.lock:
            self.ledger.append(said)
        return self._signed(RESPONSE, {"code": "10000", "msg": "Success"})

    def _signed_by_us(self, said: dict[str, Any]) -> bool:
        text = "&".join(f"{name}={value}" for name, value in sorted(said.items()) if value and name != "sign")
        try:
            self.ours.public_key().verify(base64.b64decode(said["sign"]), text.encode(), PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True

    def _signed(self, name: str, answer: dict[str, str]) -> bytes:
        raw = json.dumps(answer, separators=(" , ", " : "))  # blanks that another writer would not put there
        return f'{{"{name}":{raw},"sign":"{self._sign(raw)}"}}'.encode()

    def _sign(self, text: str) -> str:
        key = self._other if self.forges else self._key
        return base64.b64encode(key.sign(text.encode(), PKCS1v15(), hashes.SHA256())).decode()


if __name__ == "__main__":
    main(AlipayServer())

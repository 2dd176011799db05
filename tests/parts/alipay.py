"""Alipay's gateway, small: checks our signature, signs its answers over their own characters, takes a code once."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.parts.standin import Answer, Asked, StandIn

AES_KEY = base64.b64encode(bytes(range(16))).decode()
APP_ID = "2021000000000001"


class AlipayServer(StandIn):
    """`forges` = it signs with another key than the one that we know."""

    def __init__(self) -> None:
        super().__init__()
        self.ours = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.forges = False
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
        """alipay.system.oauth.token."""
        return Answer(self._answer(dict(parse_qsl(asked.body.decode(), keep_blank_values=True))))

    def _answer(self, said: dict[str, str]) -> bytes:
        if not self._signed_by_us(said):
            return self._signed("error_response", {"code": "40002", "sub_code": "isv.invalid-signature"})
        assert (said["app_id"], said["method"], said["sign_type"]) == (APP_ID, "alipay.system.oauth.token", "RSA2")
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

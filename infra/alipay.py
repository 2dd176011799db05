"""Alipay's gateway: who a login code stands for, and which phone a person let us know (opendocs.alipay.com)."""

from __future__ import annotations

import base64
import binascii
import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from core.errors import Misconfigured, Unauthenticated, Unavailable
from infra.elsewhere import asked, json_object

_log = logging.getLogger(__name__)
ZONE = ZoneInfo("Asia/Shanghai")  # of the timestamps of the gateway
BUSY = "20000"
DONE = "10000"
_BLOCK_BITS = 128
_ZERO_IV = bytes(16)  # as Alipay's own documents say


class Alipay:
    """Asks the gateway; every answer is checked against Alipay's public key before a word of it counts."""

    def __init__(
        self, client: httpx.AsyncClient, gateway_url: str, app_id: str, private_key: str, public_key: str, aes_key: str
    ) -> None:
        self._client = client
        self._gateway = gateway_url
        self.app_id = app_id
        self._private = _private(private_key) if private_key else None
        self._public = _public(public_key) if public_key else None
        self._aes_key = aes_key

    async def subject(self, auth_code: str, now: datetime) -> tuple[str, str]:
        """(kind, id) of who `my.getAuthCode` gave this code to; raises Unauthenticated for a bad or used one."""
        method = "alipay.system.oauth.token"
        said = await self._call(method, {"grant_type": "authorization_code", "code": auth_code}, now)
        for kind, name in (("openid", "open_id"), ("userid", "user_id")):
            if isinstance(said.get(name), str) and said[name]:
                return kind, said[name]
        raise Unavailable("Alipay names nobody")

    def phone(self, response: str, sign: str) -> str:
        """The number in what `my.getPhoneNumber` gave, as +86…; raises Unauthenticated unless Alipay signed exactly it."""
        self._verify(f'"{response}"', sign)  # with the quotes, since it is encrypted
        said = self._decrypted(response)
        if said.get("code") != DONE or not said.get("mobile"):
            raise Unauthenticated("Alipay did not give the phone")
        return f"+86{said['mobile']}"

    async def _call(self, method: str, parameters: Mapping[str, str], now: datetime) -> dict[str, Any]:
        content = await asked(self._client, "POST", self._gateway, data=self._signed(method, parameters, now))
        text = content.decode("utf-8", "replace")
        answer = json_object(content, "Alipay")
        if "error_response" in answer:
            raise _refusal(answer["error_response"])
        name = method.replace(".", "_") + "_response"
        if not isinstance(answer.get(name), dict):
            raise Unavailable("Alipay answers without the answer")
        signed = _raw(text, name)
        self._verify(signed, str(answer.get("sign", "")))
        said = json_object(signed.encode(), "Alipay")
        if said.get("code") not in (None, DONE):
            raise _refusal(said)
        return said

    def _signed(self, method: str, parameters: Mapping[str, str], now: datetime) -> dict[str, str]:
        if self._private is None or not self.app_id:
            raise Unavailable("Alipay is not set up; log in another way")
        request = {
            "app_id": self.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": now.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S"),
            "version": "1.0",
            **parameters,
        }
        signature = self._private.sign(signed_text(request).encode(), PKCS1v15(), hashes.SHA256())
        return {**request, "sign": base64.b64encode(signature).decode()}

    def _verify(self, text: str, sign: str) -> None:
        if self._public is None:
            raise Unavailable("Alipay is not set up; log in another way")
        try:
            self._public.verify(base64.b64decode(sign, validate=True), text.encode(), PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, binascii.Error, ValueError) as error:
            raise Unauthenticated("Alipay has not signed this") from error

    def _decrypted(self, response: str) -> dict[str, Any]:
        try:
            opened = Cipher(algorithms.AES(base64.b64decode(self._aes_key)), modes.CBC(_ZERO_IV)).decryptor()
            padded = opened.update(base64.b64decode(response, validate=True)) + opened.finalize()
            unpadder = padding.PKCS7(_BLOCK_BITS).unpadder()
            read = json.loads(unpadder.update(padded) + unpadder.finalize())
        except (binascii.Error, ValueError) as error:
            raise Unauthenticated("what Alipay gave cannot be opened") from error
        return read if isinstance(read, dict) else {}


def signed_text(parameters: Mapping[str, str]) -> str:
    """What the signature of a request covers: everything but itself and what is empty, sorted."""
    return "&".join(f"{name}={value}" for name, value in sorted(parameters.items()) if value and name != "sign")


def _raw(text: str, name: str) -> str:
    """The answer's own characters: its signature is over these, not over what another program would write."""
    start = text.index(":", text.index(f'"{name}"')) + 1
    start += len(text[start:]) - len(text[start:].lstrip())
    _, end = json.JSONDecoder().raw_decode(text, start)
    return text[start:end]


def _refusal(said: Any) -> Exception:
    code = str(said.get("code", "")) if isinstance(said, dict) else ""
    _log.warning("Alipay refused: code %s", code)
    if code == BUSY:
        return Unavailable("Alipay is busy")
    return Unauthenticated("Alipay does not take this code")


def _private(text: str) -> RSAPrivateKey:
    key = _load(lambda: serialization.load_der_private_key(_der(text), None), "CLOUDFILM_ALIPAY_PRIVATE_KEY")
    if not isinstance(key, RSAPrivateKey):
        raise Misconfigured("CLOUDFILM_ALIPAY_PRIVATE_KEY must be an RSA key")
    return key


def _public(text: str) -> RSAPublicKey:
    key = _load(lambda: serialization.load_der_public_key(_der(text)), "CLOUDFILM_ALIPAY_PUBLIC_KEY")
    if not isinstance(key, RSAPublicKey):
        raise Misconfigured("CLOUDFILM_ALIPAY_PUBLIC_KEY must be an RSA key")
    return key


def _load(read: Any, name: str) -> object:
    try:
        loaded: object = read()
    except (ValueError, TypeError, binascii.Error) as error:
        raise Misconfigured(f"{name} is not a key in base64 (PKCS #8, or X.509 for the public one)") from error
    return loaded


def _der(text: str) -> bytes:
    """Keys come from Alipay's console as one line of base64, or between PEM lines."""
    lines = [line for line in text.replace("\\n", "\n").splitlines() if not line.startswith("-----")]
    return base64.b64decode("".join(lines))

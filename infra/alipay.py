"""Alipay's gateway: logins, phones that persons let us know, messages (opendocs.alipay.com)."""

from __future__ import annotations

import base64
import binascii
import json
import logging
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote_to_bytes
from zoneinfo import ZoneInfo

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from core.errors import Misconfigured, Unauthenticated, Unavailable
from infra.elsewhere import TIMEOUT_SECONDS, CutOff, exchanged, json_object

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
        self._verify(f'"{response}"'.encode(), sign)  # with the quotes, since it is encrypted
        said = self._decrypted(response)
        if said.get("code") != DONE or not said.get("mobile"):
            raise Unauthenticated("Alipay did not give the phone")
        return f"+86{said['mobile']}"

    async def answered(
        self, method: str, parameters: Mapping[str, str], now: datetime, *, seconds: float = TIMEOUT_SECONDS
    ) -> dict[str, Any]:
        """What the gateway answers, signed; a refusal has `code` and `sub_code`.

        Raises Unreachable or CutOff as `exchanged`, Unauthenticated for an answer that Alipay did not sign.
        """
        request = self._signed(method, parameters, now)
        response = await exchanged(self._client, "POST", self._gateway, data=request, seconds=seconds)
        if response.status_code != 200:
            raise CutOff(f"Alipay answers with {response.status_code}")
        try:
            answer = json_object(response.content, "Alipay")
        except Unavailable as error:
            raise CutOff(str(error)) from error
        name = method.replace(".", "_") + "_response"
        if isinstance(answer.get("error_response"), dict):
            return dict(answer["error_response"])
        if not isinstance(answer.get(name), dict):
            raise CutOff("Alipay answers without the answer")
        signed = _raw(response.content.decode("utf-8", "replace"), name)
        self._verify(signed.encode(), str(answer.get("sign", "")))
        return json_object(signed.encode(), "Alipay")

    def pushed(self, body: bytes) -> dict[str, str]:
        """The parameters of a form that Alipay posts to us; raises Unauthenticated unless it signed exactly these bytes.

        Its messages leave `sign_type` out of what is signed, or, of older kinds, not; empty ones likewise.
        """
        pairs = sorted((unquote_to_bytes(name), unquote_to_bytes(value)) for name, value in _pairs(body))
        known = dict(pairs)
        if len(known) != len(pairs) or known.get(b"sign_type") != b"RSA2":
            raise Unauthenticated("not what Alipay sends")
        without = [(name, value) for name, value in pairs if name not in (b"sign", b"sign_type")]
        with_type = [(name, value) for name, value in pairs if name != b"sign"]
        sign = known.get(b"sign", b"").decode("ascii", "replace")
        readings = [each for signed in (without, with_type) for each in (signed, [pair for pair in signed if pair[1]])]
        if not any(self._is_signed(b"&".join(b"=".join(pair) for pair in each), sign) for each in readings):
            raise Unauthenticated("Alipay has not signed this")
        return {name.decode("utf-8", "replace"): value.decode("utf-8", "replace") for name, value in pairs}

    async def _call(self, method: str, parameters: Mapping[str, str], now: datetime) -> dict[str, Any]:
        said = await self.answered(method, parameters, now)
        if said.get("code") not in (None, DONE):
            raise _refusal(said)
        return said

    def _is_signed(self, content: bytes, sign: str) -> bool:
        try:
            self._verify(content, sign)
        except Unauthenticated:
            return False
        return True

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

    def _verify(self, content: bytes, sign: str) -> None:
        if self._public is None:
            raise Unavailable("Alipay is not set up; log in another way")
        try:
            self._public.verify(base64.b64decode(sign, validate=True), content, PKCS1v15(), hashes.SHA256())
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


def _pairs(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and values of a form, still escaped but for the blanks."""
    for pair in body.replace(b"+", b" ").split(b"&"):
        name, _, value = pair.partition(b"=")
        yield name, value


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

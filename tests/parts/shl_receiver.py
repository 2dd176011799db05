"""A receiver of SMART Health Links, written from the specification (HL7 SMART Health Cards and Links, STU 1) and RFC 7516.

It shares no code with the server and knows nothing of it: only what the link, the manifest and the files say.
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass, field
from typing import Any

import httpx
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

URL_CHARACTERS, LABEL_CHARACTERS, KEY_CHARACTERS = 128, 80, 43
CONTENT_TYPES = ("application/smart-health-card", "application/fhir+json", "application/smart-api-access")


class Refused(Exception):
    """The server did not hand out a manifest or a file."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(f"{answer.status_code} {answer.text[:200]}")
        self.status = answer.status_code
        self.said = answer.json() if "json" in answer.headers.get("content-type", "") else {}


@dataclass(frozen=True)
class File:
    """One decrypted file."""

    content_type: str
    content: bytes

    @property
    def document(self) -> dict[str, Any]:
        """As JSON."""
        found: dict[str, Any] = json.loads(self.content)
        return found


@dataclass
class Receiver:
    """Someone's health app, which was shown one link."""

    link: str
    client: httpx.Client
    recipient: str = "County Hospital, Dr Li"
    payload: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        scheme, _, encoded = self.link.partition("#")[2].partition("/") if "#" in self.link else self.link.partition("/")
        assert scheme == "shlink:", self.link[:20]
        self.payload = json.loads(_unpadded(encoded))
        assert self.payload.get("v", 1) == 1
        assert len(self.payload["url"]) <= URL_CHARACTERS
        assert len(self.payload["key"]) == KEY_CHARACTERS
        assert len(self.payload.get("label", "")) <= LABEL_CHARACTERS
        assert list(self.flags) == sorted(set(self.flags)), "flags stand in the order of the alphabet"

    @property
    def flags(self) -> str:
        """L: may be asked again; P: asks for a passcode; U: one file, without a manifest."""
        return str(self.payload.get("flag", ""))

    def manifest(self, passcode: str | None = None, **more: Any) -> dict[str, Any]:
        """Ask for the manifest; raises Refused."""
        asked = {"recipient": self.recipient, **({"passcode": passcode} if passcode is not None else {}), **more}
        answer = self.client.post(self.payload["url"], json=asked)
        if answer.status_code != 200:
            raise Refused(answer)
        assert answer.headers["content-type"].partition(";")[0] == "application/json"
        found: dict[str, Any] = answer.json()
        return found

    def files(self, manifest: dict[str, Any]) -> list[File]:
        """Every file of a manifest, fetched where it is not embedded, and decrypted; raises Refused."""
        return [self._file(entry) for entry in manifest["files"]]

    def _file(self, entry: dict[str, Any]) -> File:
        assert entry["contentType"] in CONTENT_TYPES
        assert ("location" in entry) or ("embedded" in entry)
        sealed = entry["embedded"] if "embedded" in entry else self.fetched(entry["location"])
        content_type, content = opened(sealed, _unpadded(self.payload["key"]))
        assert content_type.partition(";")[0] == entry["contentType"]
        return File(content_type, content)

    def fetched(self, location: str) -> str:
        """A file as it lies at its address, without any other proof; raises Refused."""
        answer = self.client.get(location)
        if answer.status_code != 200:
            raise Refused(answer)
        assert answer.headers["content-type"].partition(";")[0] == "application/jose"
        return answer.text


def opened(compact: str, key: bytes) -> tuple[str, bytes]:
    """(cty, content) of a JWE in compact form; raises InvalidTag when the key or a byte is wrong."""
    protected, encrypted_key, nonce, ciphertext, tag = compact.split(".")
    header = json.loads(_unpadded(protected))
    assert (header["alg"], header["enc"], encrypted_key) == ("dir", "A256GCM", "")
    assert header.get("zip", "DEF") == "DEF"
    sealed = _unpadded(ciphertext) + _unpadded(tag)
    content = AESGCM(key).decrypt(_unpadded(nonce), sealed, protected.encode("ascii"))
    return header["cty"], zlib.decompress(content, -15) if "zip" in header else content


def _unpadded(text: str) -> bytes:
    assert "=" not in text
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

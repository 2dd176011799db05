"""A hospital's system: stores by STOW-RS, remembers what was acknowledged, and asks for it again."""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.drill.instances import Sent

TIMEOUT_SECONDS = 60.0
_BOUNDARY = "drill-5b1d0e6f2c8a4937"
_TYPE = f'multipart/related; type="application/dicom"; boundary={_BOUNDARY}'
_STORED, _FAILED, _SOP_UID, _REASON = "00081199", "00081198", "00081155", "00081197"

NoAnswer = (OSError, http.client.HTTPException)  # the server died, or was not there


@dataclass(frozen=True, slots=True)
class Answer:
    """Of a store: which SOP instances are safe, which were refused and with which code of PS3.18 annex I.2."""

    status: int
    stored: frozenset[str]
    refused: dict[str, int]


class Client:
    """One connection at a time, for one thread."""

    def __init__(self, url: str, token: str) -> None:
        self._place = urlsplit(url).netloc
        self._headers = {"Authorization": f"Bearer {token}"}
        self._connection: http.client.HTTPConnection | None = None

    def store(self, batch: Sequence[Sent], method: str = "POST") -> Answer:
        """Send all in one request; raises one of NoAnswer when nobody can say what became of it."""
        head = f"--{_BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        body = b"".join(head + sent.file + b"\r\n" for sent in batch) + f"--{_BOUNDARY}--\r\n".encode()
        headers = {"Content-Type": _TYPE, "Accept": "application/dicom+json"}
        status, answer = self._ask(method, "/dicom-web/studies", body, headers)
        document = json.loads(answer) if status in (200, 202, 409) else {}
        failed = {_uid(item): int(item[_REASON]["Value"][0]) for item in _items(document, _FAILED)}
        return Answer(status, frozenset(_uid(item) for item in _items(document, _STORED)), failed)

    def get(self, path: str, accept: str) -> tuple[int, bytes]:
        """Status and body of a DICOMweb path; raises one of NoAnswer."""
        return self._ask("GET", f"/dicom-web{path}", None, {"Accept": accept})

    def original(self, sent: Sent) -> tuple[int, bytes]:
        """The file as it was sent."""
        return self.get(sent.path, sent.original_accept)

    def found(self, path: str) -> set[str]:
        """SOP Instance UIDs of a search or of metadata; empty when there is nothing."""
        status, body = self.get(path, "application/dicom+json")
        if status in (204, 404):
            return set()
        if status != 200:
            raise http.client.HTTPException(f"{status} for {path}")
        return {item["00080018"]["Value"][0] for item in json.loads(body)}

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._place, timeout=TIMEOUT_SECONDS)
        try:
            self._connection.request(method, path, body, {**self._headers, **headers})
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except NoAnswer:
            with suppress(OSError):
                self.close()
            raise


def _items(
    document: dict[str, dict[str, list[dict[str, dict[str, list[str]]]]]], tag: str
) -> list[dict[str, dict[str, list[str]]]]:
    return document.get(tag, {}).get("Value", [])


def _uid(item: dict[str, dict[str, list[str]]]) -> str:
    return item.get(_SOP_UID, {}).get("Value", [""])[0]

"""What is no HTTP request is refused in a word, and leaves nothing of itself in the log."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest

from tests.parts.site import Site

PRIVATE = b"wang-xiaodong"


@pytest.mark.parametrize(
    "line",
    [
        b"GET /stud\x00ies?PatientName=" + PRIVATE + b" HTTP/1.1",
        b"GET http://[::1/" + PRIVATE + b" HTTP/1.1",
        b"GET /\xff\xfe" + PRIVATE + b" HTTP/1.1",
        PRIVATE,
    ],
)
def test_an_unreadable_request_is_refused_and_not_logged(site: Site, line: bytes) -> None:
    address = urlsplit(site.installation.url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(line + b"\r\nHost: cloudfilm\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert PRIVATE.decode() not in site.installation.logged()

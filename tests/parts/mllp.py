"""A hospital system that speaks HL7 over MLLP."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

BEGIN, END = b"\x0b", b"\x1c\r"


class Sender:
    """One connection, message by message."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._heard = b""

    def send(self, message: bytes) -> str:
        """MSA-1 of the answer."""
        self._connection.sendall(BEGIN + message + END)
        return self.hear()

    def hear(self) -> str:
        """MSA-1 of the next answer; raises ConnectionError when there is none."""
        while END not in self._heard:
            piece = self._connection.recv(65536)
            if not piece:
                raise ConnectionError("closed without an answer")
            self._heard += piece
        answer, _, self._heard = self._heard.partition(END)
        return answer.partition(b"MSA|")[2][:2].decode()

    def send_raw(self, data: bytes) -> None:
        """Bytes as they are."""
        self._connection.sendall(data)


@contextmanager
def connected(port: int) -> Iterator[Sender]:
    """Connect, and close in the end."""
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        yield Sender(connection)

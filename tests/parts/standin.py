"""A small real HTTP server that stands in for a third party, and misbehaves on command."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

SLOW_SECONDS = 8.0  # longer than we wait for anybody


class StandIn:
    """`mood` is one of well, slow, broken (502), garbled (no JSON); `asked` counts what came."""

    def __init__(self) -> None:
        self.mood = "well"
        self.asked: list[str] = []
        self.url = ""

    def answer(self, path: str, query: dict[str, str], body: bytes) -> Any:
        """What a well-behaved one answers, as JSON."""
        raise NotImplementedError

    @contextmanager
    def running(self) -> Iterator[StandIn]:
        """Listen on a free port."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        standin = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._serve(b"")

            def do_POST(self) -> None:
                self._serve(self.rfile.read(int(self.headers.get("content-length", 0))))

            def _serve(self, body: bytes) -> None:
                parts = urlsplit(self.path)
                standin.asked.append(parts.path)
                if standin.mood == "slow":
                    time.sleep(SLOW_SECONDS)
                status, content = 200, b"<html>not JSON</html>"
                if standin.mood == "broken":
                    status = 502
                elif standin.mood != "garbled":
                    given = standin.answer(parts.path, dict(parse_qsl(parts.query)), body)
                    content = given if isinstance(given, bytes) else json.dumps(given).encode()
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)
                except ConnectionError:
                    return  # who asked has gone

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        return Handler

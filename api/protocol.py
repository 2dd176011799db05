"""One HTTP connection: Sanic's protocol with our access log, request ids that are ours, and an orderly goodbye."""

from __future__ import annotations

from itertools import count
from time import perf_counter
from typing import Any

from sanic import Request
from sanic.http import Http, Stage
from sanic.server.protocols.http_protocol import HttpProtocol

from core.uids import uuid7
from infra import logs, metrics

_PROCESS = uuid7()  # requests are told apart by process and number: a random number each would cost a system call each
_numbers = count(1)


class IdentifiedRequest(Request):
    """A request whose id we made: what a client sends as X-Request-ID could hold anything, and ids go to the log."""

    @property
    def id(self) -> str:
        """Ours, the same for the whole request."""
        if self._id is None:
            self._id = f"{_PROCESS}-{next(_numbers)}"
        return str(self._id)


class OneWrite(Http):
    """Sanic's HTTP/1.1 with our log, and a way to send an answer whose header is ready."""

    def create_empty_request(self) -> None:
        """Sanic answers what it could not read by a request of its own, without the URL: it may be unreadable or private."""
        self.url = None
        super().create_empty_request()

    def takes_whole(self) -> bool:
        """True when nothing of this request changes the header of a finished 200."""
        return self.stage is Stage.HANDLER and self.keep_alive and not self.head_only and not self.expecting_continue

    async def send_whole(self, wire: bytes) -> None:
        """Send header and body in one piece and end the answer."""
        self.response_size = len(wire)
        self.response_func = None  # type: ignore[assignment]  # Sanic itself ends an answer like this
        self.log_response()
        await self._send(wire)
        self.stage = Stage.IDLE

    def log_response(self) -> None:
        """Sanic calls it once a request, when the header of the answer goes out."""
        request, response = self.request, self.response
        seconds = perf_counter() - self.perft0 if self.perft0 is not None else 0.0
        route = request.route.path if request.route else ""
        metrics.count("http_requests", method=request.method, route=route, status=str(response.status))
        metrics.observe("http_seconds", seconds, method=request.method, route=route)
        logs.access(
            request.method,
            request.path,
            response.status,
            milliseconds=seconds * 1000,
            size=self.response_size,
            request=str(request.id),
        )


class Protocol(HttpProtocol):
    """What serves each connection of a server process."""

    HTTP_CLASS = OneWrite

    def _setup(self) -> None:
        super()._setup()  # type: ignore[no-untyped-call]
        self.access_log = True
        self.request_class = IdentifiedRequest
        self.request_handler = self._handle

    async def _handle(self, request: Request[Any, Any]) -> None:
        logs.request_id.set(str(request.id))
        await self.app.handle_request(request)

    def log_disconnect(self) -> None:
        """Every connection ends; that is not worth a line."""

    def say_goodbye(self) -> None:
        """Close now if nothing is going on, else after the running answer, whose header says so."""
        if self.http is not None:
            self.http.keep_alive = False
        self.close_if_idle()

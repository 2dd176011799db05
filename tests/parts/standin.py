"""A small real HTTP server that stands in for a third party, and misbehaves on command."""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from urllib.request import Request, urlopen

SLOW_SECONDS = 8.0  # longer than we wait for anybody
HANG_SECONDS = 60.0
REPORT_SECONDS = 30.0
LARGEST_REQUEST_BYTES = 1 << 20
CONTROL = "/-/"  # below it a drill asks and tells what a provider would never let it
# What it does with a request: `hang` and `cut` do the work first and then say nothing, or half of it.
MOODS = ("well", "slow", "broken", "garbled", "hang", "cut", "shut", "twice", "throttle", "fail")
WORKS = frozenset({"well", "slow", "hang", "cut", "twice"})  # moods in which the work asked for is done


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: JSON unless it is bytes already."""

    said: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        """The body."""
        return self.said if isinstance(self.said, bytes) else json.dumps(self.said).encode()


class StandIn(ABC):
    """`mood` is how it behaves, `moods` how it behaves at the next requests, one each; `asked` lists the paths that came."""

    def __init__(self) -> None:
        self.mood = "well"
        self.moods: deque[str] = deque()
        self.asked: list[str] = []
        self.ledger: list[dict[str, Any]] = []  # what it took on, in order
        self.met: Counter[str] = Counter()  # how often each mood met somebody
        self.url = ""
        self.lock = threading.Lock()
        self.callback = ""  # where it reports what became of messages
        self.reports = "never"  # or: promptly, early (before its reply), late, twice
        self.late_seconds = 2.0
        self._dice: tuple[random.Random, float] | None = None
        self._go_on = threading.Event()

    @abstractmethod
    def answer(self, asked: Asked) -> Answer:
        """What a well-behaved one does and answers."""

    def throttled(self) -> Answer:
        """How it says that this is too much."""
        return Answer({"error": "too many"}, 429, {"Retry-After": "7"})

    def failed(self) -> Answer:
        """How it says that something broke on its side."""
        return Answer({"error": "broken"}, 500)

    def misbehaves(self, seed: int, share: float) -> None:
        """From now on so many of the requests, from 0 to 1, meet some mood; the same seed, the same moods."""
        self._dice = (random.Random(seed), share)

    def let_go(self) -> None:
        """Those that hang hang up."""
        waiting, self._go_on = self._go_on, threading.Event()
        waiting.set()

    def tell(self, push: Callable[[], object]) -> None:
        """Report what became of a message that was just taken, when `reports` says; not while holding `lock`."""
        if self.reports == "early":
            push()
        delays = {"promptly": (0.1,), "late": (self.late_seconds,), "twice": (0.1, 0.2)}.get(self.reports, ())
        for seconds in delays:
            timer = threading.Timer(seconds, push)
            timer.daemon = True
            timer.start()

    @contextmanager
    def running(self, port: int = 0) -> Iterator[StandIn]:
        """Listen on that port, or a free one."""
        server = _Server(("127.0.0.1", port), _handler(self))
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            self.let_go()
            server.shutdown()
            server.server_close()
            thread.join()

    def behave(self, asked: Asked) -> tuple[str, Answer | None]:
        """The mood of this request and what is answered; None says that the connection ends without a word."""
        mood = self._mood()
        with self.lock:
            self.met[mood] += 1
        if mood == "slow":
            self._go_on.wait(SLOW_SECONDS)
        done = self.answer(asked) if mood in WORKS else None
        if mood == "hang":
            self._go_on.wait(HANG_SECONDS)
            return mood, None
        return mood, done or self._instead(mood)

    def control(self, asked: Asked) -> Answer:
        """`GET /-/ledger`; `POST /-/set` with the attributes to change, and `misbehaves` as [seed, share]."""
        if asked.path == CONTROL + "ledger":
            with self.lock:
                return Answer({"ledger": self.ledger, "asked": len(self.asked)})
        said = json.loads(asked.body)
        if "misbehaves" in said:
            self.misbehaves(*said.pop("misbehaves"))
        for name, value in said.items():
            setattr(self, name, deque(value) if name == "moods" else value)
        return Answer({})

    def _mood(self) -> str:
        with self.lock:
            if self.moods:
                return self.moods.popleft()
            if self._dice is not None and self._dice[0].random() < self._dice[1]:
                return self._dice[0].choice(MOODS[2:])
            return self.mood

    def _instead(self, mood: str) -> Answer | None:
        if mood == "shut":
            return None
        if mood == "throttle":
            return self.throttled()
        if mood == "fail":
            return self.failed()
        return Answer(b"<html>not JSON</html>", 502 if mood == "broken" else 200)


def report(url: str, content: bytes, headers: Mapping[str, str]) -> int:
    """Call back; the status of the answer, 0 when there is none."""
    with suppress(OSError):
        try:
            with urlopen(Request(url, content, dict(headers)), timeout=REPORT_SECONDS) as answer:
                return int(answer.status)
        except OSError as error:
            return int(getattr(error, "code", 0))
    return 0


def main(standin: StandIn) -> None:
    """Run beside whoever started it: prints its address, serves until its input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    with standin.running(parser.parse_args().port):
        print(standin.url, flush=True)
        with suppress(EOFError, KeyboardInterrupt):
            while True:
                input()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever hung up on us is no error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(standin: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = HANG_SECONDS
        disable_nagle_algorithm = True  # header and body go in two writes, which would wait 40 ms for each other

        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(min(int(self.headers.get("content-length", 0)), LARGEST_REQUEST_BYTES))
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            asked = Asked(self.command, parts.path, query, dict(self.headers), body)
            if parts.path.startswith(CONTROL):
                self._send("well", standin.control(asked))
                return
            with standin.lock:
                standin.asked.append(parts.path)
            self._send(*standin.behave(asked))

        def _send(self, mood: str, answer: Answer | None) -> None:
            self.close_connection = self.close_connection or mood not in ("well", "throttle", "twice")
            if answer is None:
                return
            with suppress(ConnectionError):  # who asked has gone
                for _ in range(2 if mood == "twice" else 1):
                    self.send_response(answer.status)
                    for name, value in answer.headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(answer.content)))
                    if self.close_connection:
                        self.send_header("Connection", "close")
                    self.end_headers()
                    self.wfile.write(answer.content[: len(answer.content) // 2] if mood == "cut" else answer.content)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    return Handler

"""Clients that never stop storing, whatever happens to the server, and send again what nobody answered."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.drill.books import Books
from tests.drill.client import Answer, Client, NoAnswer
from tests.drill.instances import Instances, Sent

BATCH_MOST = 6
RESEND_SHARE = 0.5  # of what was not answered; the rest stays unknown, to be found whole or absent
PAUSE_SECONDS = 0.1


class Senders:
    """Some threads of `Client`. While paused, nothing is on its way."""

    def __init__(self, url: str, token: str, books: Books, seed: int, threads: int = 2) -> None:
        self._url, self._token, self._books = url, token, books
        self.refusals: list[str] = []
        self._go, self._over = threading.Event(), threading.Event()
        self._idle = [threading.Event() for _ in range(threads)]
        self._threads = [
            threading.Thread(target=self._work, args=(seed * 10 + number, idle)) for number, idle in enumerate(self._idle)
        ]

    @contextmanager
    def running(self) -> Iterator[None]:
        """Send as long as the block runs."""
        self.resume()
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._go.set()
            for thread in self._threads:
                thread.join()

    def pause(self) -> None:
        """Return once every request that was on its way is answered or given up."""
        self._go.clear()
        for idle in self._idle:
            idle.wait()

    def resume(self) -> None:
        """Go on."""
        self._go.set()

    def _work(self, seed: int, idle: threading.Event) -> None:
        dice, instances = random.Random(seed), Instances(seed)
        client = Client(self._url, self._token)
        unanswered: list[Sent] = []
        while not self._over.is_set():
            if not self._go.is_set():
                idle.set()
                self._go.wait()
                idle.clear()
                continue
            again = bool(unanswered) and dice.random() < RESEND_SHARE
            batch = unanswered if again else [instances.next() for _ in range(dice.randint(1, BATCH_MOST))]
            unanswered = [] if self._sent(client, batch) else batch
        idle.set()
        client.close()

    def _sent(self, client: Client, batch: list[Sent]) -> bool:
        """True when there was an answer."""
        self._books.sending(batch)
        try:
            answer = client.store(batch)
        except NoAnswer:
            time.sleep(PAUSE_SECONDS)
            return False
        self._books.acknowledge(answer.stored)
        self._note_refusals(answer)
        return answer.status != 503

    def _note_refusals(self, answer: Answer) -> None:
        if answer.status not in (200, 202, 409, 503):
            self.refusals.append(f"status {answer.status}")
        self.refusals += [f"{uid}: {reason:#06x}" for uid, reason in answer.refused.items()]

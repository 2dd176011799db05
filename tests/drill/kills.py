"""SIGKILL at random moments of the ingest: to server processes, their limited children, the worker, the supervisor."""

from __future__ import annotations

import random
import time
from collections import Counter

from tests.drill import stores
from tests.drill.books import Books, Verdict
from tests.drill.client import Client
from tests.drill.instances import Sent
from tests.drill.ledger import Line
from tests.drill.senders import Senders
from tests.parts.installation import Installation

LONGEST_WAIT_SECONDS = 0.6  # of ingest before the next kill
SUPERVISOR_SHARE = 0.1
LIVES = 3  # the supervisor gives up on what dies five times within seconds each: so do we before
ALL_EVERY = 100  # kills after which everything that was ever acknowledged is read again
SAMPLE = 8  # older ones that are read after every kill
READY_SECONDS = 180.0
COMPLETE_SECONDS = 120.0  # for the third copies, after the last kill
PROCESSES = {"server-1", "server-2", "worker"}
QUORUM = 2  # copies that an acknowledged instance has whatever happened


def drill(installation: Installation, token: str, kills: int, seed: int) -> Line:
    """That many kills of an installation that runs, and runs again afterwards."""
    books, dice = Books(), random.Random(seed)
    senders = Senders(installation.url, token, books, seed)
    killer = Killer(installation, dice)
    client, verdict = Client(installation.url, token), Verdict()
    with senders.running():
        for number in range(1, kills + 1):
            time.sleep(dice.uniform(0.02, LONGEST_WAIT_SECONDS))
            killer.kill()
            senders.pause()
            killer.wait_until_back()
            client.close()
            verdict.add(books.check(client, _looked_at(books, dice, everything=number % ALL_EVERY == 0)))
            senders.resume()
        senders.pause()
    verdict.add(books.check(client, books.sent.values()))
    client.close()
    return _line(installation, books, verdict, killer, senders, seed)


class Killer:
    """Chooses who dies, so that the supervisor is not driven to give up."""

    def __init__(self, installation: Installation, dice: random.Random) -> None:
        self._installation, self._dice = installation, dice
        self._deaths: Counter[str] = Counter()
        self.victims: Counter[str] = Counter()

    def kill(self) -> None:
        """One SIGKILL."""
        alive = [name for name in self._names() if self._deaths[name] < LIVES]
        name = "supervisor"
        if alive and self._dice.random() > SUPERVISOR_SHARE:
            name = self._dice.choice(alive)
        if name == "supervisor":
            self._deaths.clear()
            self._installation.kill()
        else:
            self._deaths[name] += not name.startswith("child")
            self._installation.kill_one(name)
        self.victims[name.partition("-")[0]] += 1

    def wait_until_back(self) -> None:
        """Until it may serve, and whoever died lives again."""
        if not self._installation.runs():
            self._installation.start()
        end = time.monotonic() + READY_SECONDS
        while not (self._installation.is_ready() and set(self._names()) >= PROCESSES):
            if time.monotonic() > end:
                raise RuntimeError("the server does not come back")
            time.sleep(0.05)

    def _names(self) -> list[str]:
        return [name for name in sorted(self._installation.alive()) if name.startswith(("server-", "worker", "child-"))]


def _looked_at(books: Books, dice: random.Random, *, everything: bool) -> list[Sent]:
    """What was heard of since the last kill, and some older ones; or all of it."""
    fresh = books.fresh()
    if everything:
        return list(books.sent.values())
    older = dice.sample(sorted(books.sent), min(SAMPLE, len(books.sent)))
    return [*fresh, *(books.sent[uid] for uid in older if books.sent[uid] not in fresh)]


def _line(installation: Installation, books: Books, verdict: Verdict, killer: Killer, senders: Senders, seed: int) -> Line:
    folders = stores.of_home(installation.home)
    left = folders.wait_until_complete(books.acknowledged, COMPLETE_SECONDS)
    too_few = [each for each in left if folders.whole_copies(each) < QUORUM]
    killed = ", ".join(f"{count} {name}" for name, count in sorted(killer.victims.items()))
    notes = [f"seed {seed}; killed {killed}", f"{len(books.sent) - len(books.acknowledged)} sent and never acknowledged"]
    notes += [f"{len(left)} without a third copy"] if left else []
    notes += [f"refused {refusal}" for refusal in senders.refusals[:3]] + verdict.examples
    return Line(
        "kills",
        faults=killer.victims.total(),
        acknowledged=len(books.acknowledged),
        lost=verdict.lost + len(too_few),
        reads=verdict.reads,
        wrong=verdict.wrong,
        failed_reads=verdict.failed,
        note="; ".join(notes),
    )

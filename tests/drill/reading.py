"""Reading under load while something is broken: every answer is compared with what it must be."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.drill.client import Client, NoAnswer
from tests.drill.instances import Sent

EXPLICIT_FRAME = "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1"
ARCHIVED_FRAME = "application/octet-stream; transfer-syntax=*"
THREADS = 3
EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Expected:
    """One answer: what to ask for, and the hash of the only right body."""

    path: str
    accept: str
    sha256: str


@dataclass(slots=True)
class Reads:
    """What a load of reads gave."""

    count: int = 0
    wrong: int = 0
    failed: int = 0
    seconds: list[float] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)

    def note(self) -> str:
        """Latency in words."""
        if not self.seconds:
            return "no reads"
        times = sorted(self.seconds)
        p50, p99, most = (times[min(len(times) - 1, int(len(times) * share))] * 1000 for share in (0.5, 0.99, 1.0))
        return f"read ms: p50 {p50:.1f}, p99 {p99:.0f}, max {most:.0f}" + "".join(f"; {each}" for each in self.examples)


def expected(client: Client, instances: Sequence[Sent]) -> list[Expected]:
    """What must come, learned while all is well; the files themselves are known from before."""
    answers = []
    for sent in instances:
        answers.append(Expected(sent.path, sent.original_accept, sent.sha256))
        for path, accept in _ways(sent):
            status, body = client.get(path, accept)
            if status == 200:
                answers.append(Expected(path, accept, hashlib.sha256(body).hexdigest()))
    return answers


def _ways(sent: Sent) -> list[tuple[str, str]]:
    ways = [(f"{sent.path}/metadata", "application/dicom+json")]
    if sent.has_picture:
        ways += [(f"{sent.path}/frames/1", EXPLICIT_FRAME), (f"{sent.path}/frames/1", ARCHIVED_FRAME)]
        ways += [(f"{sent.path}/rendered?viewport=60,60", "image/jpeg"), (f"{sent.path}/thumbnail", "image/jpeg")]
    return ways


def read(client: Client, each: Expected, reads: Reads) -> None:
    """Ask once and compare."""
    begun = time.perf_counter()
    try:
        status, body = client.get(each.path, each.accept)
    except NoAnswer as error:
        status, body = 0, repr(error).encode()
    reads.seconds.append(time.perf_counter() - begun)
    reads.count += 1
    if status != 200:
        reads.failed += 1
        _remember(reads, f"{status} for {each.path} {each.accept}: {body[:120]!r}")
    elif hashlib.sha256(body).hexdigest() != each.sha256:
        reads.wrong += 1
        _remember(reads, f"wrong bytes for {each.path} {each.accept}")


def _remember(reads: Reads, example: str) -> None:
    if len(reads.examples) < EXAMPLES:
        reads.examples.append(example)


@contextmanager
def under_load(url: str, token: str, answers: Sequence[Expected], seed: int, threads: int = THREADS) -> Iterator[Reads]:
    """Read at random from some threads as long as the block runs. Its sum is complete after the block."""
    reads, over = [Reads() for _ in range(threads)], threading.Event()
    total = Reads()

    def work(number: int) -> None:
        client, dice = Client(url, token), random.Random(seed * 100 + number)
        while not over.is_set():
            read(client, dice.choice(answers), reads[number])
        client.close()

    running = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield total
    finally:
        over.set()
        for thread in running:
            thread.join()
        for each in reads:
            total.count, total.wrong, total.failed = (
                total.count + each.count,
                total.wrong + each.wrong,
                total.failed + each.failed,
            )
            total.seconds += each.seconds
            total.examples += each.examples

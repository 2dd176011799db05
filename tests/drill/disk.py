"""A full disk: two of the stores, then the whole data folder; clear refusals, nothing lost, and work again with room."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests.drill.books import Books
from tests.drill.client import Answer, Client, NoAnswer
from tests.drill.instances import Instances
from tests.drill.ledger import Line
from tests.drill.site import Site, site

SMALL, SMALLER, ROOMY = "5m", "3m", "64m"
HOME = "96m"
LEFT_BYTES = 3 << 20  # so that it becomes full in the middle of the work
BATCH = 5
BATCHES_MOST = 200
REFUSALS = 5  # in a row: it is full
CLEAR_STATUS = frozenset({409, 503, 507})  # PS3.18 table 10.5.3-1, RFC 9110, RFC 4918
OUT_OF_RESOURCES = range(0xA700, 0xA800)  # PS3.18 annex I.2
PATIENCE_SECONDS = 90.0  # a store that was full is asked again after a while


def drill(seed: int) -> list[Line]:
    """Two ledger lines."""
    return [_full_stores(seed), _full_home(seed + 1)]


def can_mount() -> bool:
    """True for root, of the machine or of a namespace of our own."""
    try:
        with tempfile.TemporaryDirectory() as folder, _mounted(Path(folder), SMALL):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


def become_root_of_a_namespace() -> None:
    """Start this program anew where it may mount; returns when that is not possible or not needed."""
    inside = ("unshare", "--user", "--map-root-user", "--mount")
    with suppress(OSError):
        if os.geteuid() != 0 and subprocess.run([*inside, "true"], capture_output=True, check=False).returncode == 0:
            os.execvp(inside[0], [*inside, sys.executable, "-m", "tests.drill", *sys.argv[1:]])


def _full_stores(seed: int) -> Line:
    """Store 2 is the first to be full: the third takes its place. Then two of three are full: no more is taken."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cloudfilm-drill-disk-")))
        places = [folder / str(position) for position in (1, 2, 3)]
        for place, size in ((places[1], SMALLER), (places[2], SMALL)):
            place.mkdir()
            stack.enter_context(_mounted(place, size))
        here = stack.enter_context(site(STORES=",".join(f"file://{place}" for place in places)))

        def make_room() -> None:
            for place in places[1:]:
                _remount(place, ROOMY)

        return _until_full(here, "two of three stores full", seed, make_room)


def _full_home(seed: int) -> Line:
    """Database, spool, logs and all stores on one disk that somebody else fills up."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cloudfilm-drill-disk-")))
        stack.enter_context(_mounted(home, HOME))
        here = stack.enter_context(site(home))
        filler = home / "filler"
        _fill_up(filler)
        return _until_full(here, "the whole data folder full", seed, filler.unlink)


def _until_full(here: Site, name: str, seed: int, make_room: Callable[[], None]) -> Line:
    books, makes = Books(), Instances(seed)
    client = here.client()
    unclear = _store_until_refused(client, books, makes)
    full = books.check(client, books.sent.values(), may_refuse=True)
    make_room()
    again = _store_when_possible(client, books, makes)
    left = here.stores.wait_until_complete(books.acknowledged, PATIENCE_SECONDS)
    after = books.check(client, books.sent.values())
    client.close()
    scrubbed = here.scrub()
    notes = [f"works again {again:.0f} s after there is room" if again is not None else "DOES NOT WORK AGAIN"]
    notes += [f"{len(left)} without a third copy"] if left else []
    notes += [f"unclear refusals: {unclear[:3]}"] if unclear else []
    notes += [f"{full.refused} reads refused meanwhile, as they cannot be recorded"] if full.refused else []
    return Line(
        name,
        faults=1,
        acknowledged=len(books.acknowledged),
        lost=full.lost + after.lost + scrubbed["lost"],
        reads=full.reads + after.reads,
        wrong=full.wrong + after.wrong,
        failed_reads=full.failed + after.failed + len(unclear) + (again is None),
        note="; ".join([*notes, *full.examples, *after.examples]),
    )


def _store_until_refused(client: Client, books: Books, makes: Instances) -> list[str]:
    """Store until nothing is taken any more; what was refused in other words than "no room"."""
    refused, unclear = 0, []
    for _ in range(BATCHES_MOST):
        answer = _store(client, books, makes)
        refused = 0 if answer is not None and answer.stored else refused + 1
        if answer is None or not _is_clear(answer):
            unclear.append("no answer" if answer is None else f"{answer.status} {answer.refused}")
        if refused == REFUSALS:
            return unclear
    raise RuntimeError("the disk does not get full")


def _store_when_possible(client: Client, books: Books, makes: Instances) -> float | None:
    """Seconds until a whole batch is taken again; None when it never is."""
    begun = time.monotonic()
    while time.monotonic() - begun < PATIENCE_SECONDS:
        answer = _store(client, books, makes)
        if answer is not None and answer.status == 200:
            return time.monotonic() - begun
        time.sleep(0.5)
    return None


def _store(client: Client, books: Books, makes: Instances) -> Answer | None:
    batch = [makes.next() for _ in range(BATCH)]
    books.sending(batch)
    try:
        answer = client.store(batch)
    except NoAnswer:
        return None
    books.acknowledge(answer.stored)
    return answer


def _is_clear(answer: Answer) -> bool:
    if answer.status in (200, 202) and not answer.refused:
        return True
    return answer.status in CLEAR_STATUS | {202} and all(code in OUT_OF_RESOURCES for code in answer.refused.values())


def _fill_up(path: Path) -> None:
    """Leave little room."""
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(65_536))
    os.truncate(path, path.stat().st_size - LEFT_BYTES)


@contextmanager
def _mounted(place: Path, size: str) -> Iterator[None]:
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "cloudfilm-drill", str(place)]
    subprocess.run(command, check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=False, capture_output=True)


def _remount(place: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(place)], check=True, capture_output=True)

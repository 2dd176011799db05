"""The third store is not there for a while, as with a broken line to another building; then its copies catch up."""

from __future__ import annotations

import time

from tests.drill.books import Books
from tests.drill.instances import Instances
from tests.drill.ledger import Line
from tests.drill.site import Site

BATCH = 5
CATCH_UP_SECONDS = 120.0


def drill(site: Site, seed: int, position: int = 3, batches: int = 10) -> Line:
    """Store while one of the stores cannot be reached, then wait for its copies."""
    books, makes, client = Books(), Instances(seed), site.client()
    folder = site.stores.folders[position - 1]
    hidden = folder.with_name(f"{folder.name}.away")
    folder.rename(hidden)
    folder.touch()  # a file where a folder should be: nothing can be read or written there
    refused = 0
    try:
        for _ in range(batches):
            batch = [makes.next() for _ in range(BATCH)]
            books.sending(batch)
            answer = client.store(batch)
            books.acknowledge(answer.stored)
            refused += len(batch) - len(answer.stored)
        without = books.check(client, books.sent.values())
    finally:
        folder.unlink()
        hidden.rename(folder)
    begun = time.monotonic()
    pending = len(site.stores.incomplete(books.acknowledged))
    left = site.stores.wait_until_complete(books.acknowledged, CATCH_UP_SECONDS)
    seconds = time.monotonic() - begun
    after = books.check(client, books.sent.values())
    client.close()
    notes = [f"{pending} copies caught up in {seconds:.0f} s" if not left else f"{len(left)} copies did not catch up"]
    notes += [f"{refused} refused meanwhile"] if refused else []
    return Line(
        f"store {position} away",
        faults=1,
        acknowledged=len(books.acknowledged),
        lost=without.lost + after.lost + len(left),
        reads=without.reads + after.reads,
        wrong=without.wrong + after.wrong,
        failed_reads=without.failed + after.failed + refused,
        healed=pending - len(left),
        note="; ".join([*notes, *without.examples, *after.examples]),
    )

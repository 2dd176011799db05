"""Copies that rot: flipped bits, deleted, truncated, swapped and aged files, in one and in two of the three stores."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.drill.instances import Instances, Sent, other_version
from tests.drill.ledger import Line
from tests.drill.reading import Expected, Reads, expected, read, under_load
from tests.drill.site import Site
from tests.drill.stores import Stored

PER_FAULT = 24  # objects damaged in one go; an even number
HEAL_SECONDS = 120.0
STORES = (1, 2, 3)


def drill(site: Site, seed: int, per_fault: int = PER_FAULT, load_seconds: float = 1.0) -> list[Line]:
    """A ledger line for each kind of damage, and two for the scrubs at the end. No object is damaged twice."""
    dice = random.Random(seed)
    makes = Instances(seed, picture_only=True)
    sent = [makes.next() for _ in range(len(FAULTS) * per_fault)]
    site.fill(sent)
    sent = _with_versions(site, sent)
    uids = {each.sop_uid for each in sent}
    site.stores.wait_until_complete(uids, HEAL_SECONDS)
    client = site.client()
    answers = expected(client, sent)
    client.close()
    whole = sorted((each for each in site.stores.objects().values() if each.version == 2), key=str)
    dice.shuffle(whole)
    portions = [whole[number * per_fault : (number + 1) * per_fault] for number in range(len(FAULTS))]
    damaged = [
        _damaged(site, chosen, answers, fault, dice, load_seconds) for fault, chosen in zip(FAULTS, portions, strict=True)
    ]
    return [*damaged, _scrubbed(site, uids, damaged), _scrubbed_again(site, uids)]


def _with_versions(site: Site, sent: Sequence[Sent]) -> list[Sent]:
    """Every instance gets a second version, so that every copy has an older one that might come back in its place."""
    newer = [other_version(each) for each in sent]
    client = site.client()
    for start in range(0, len(newer), 10):
        answer = client.store(newer[start : start + 10], "PUT")
        if answer.status != 200:
            raise RuntimeError(f"a healthy server answers {answer.status} to PUT: {answer.refused}")
    client.close()
    return newer


def _damaged(
    site: Site, chosen: Sequence[Stored], answers: list[Expected], fault: str, dice: random.Random, seconds: float
) -> Line:
    """Damage while it is read, then read everything once."""
    uids = {each.sop_uid for each in chosen}
    with under_load(site.installation.url, site.token, answers, seed=dice.randrange(1000)) as reads:
        faults = 0
        for one, other in zip(chosen[::2], chosen[1::2], strict=True):
            for position in dice.sample(STORES, dice.choice((1, 2))):
                FAULTS[fault](site.stores.path(one, position), site.stores.path(other, position), dice)
                faults += 2
            time.sleep(seconds / len(chosen))
    after = _read_all(site, [each for each in answers if any(uid in each.path for uid in uids)])
    return Line(
        f"copies {fault}",
        faults=faults,
        acknowledged=len(uids),
        reads=reads.count + after.count,
        wrong=reads.wrong + after.wrong,
        failed_reads=reads.failed + after.failed,
        healed=faults - _not_whole(site, uids),
        note="; ".join(["by reads", reads.note(), *after.examples]),
    )


def _read_all(site: Site, answers: list[Expected]) -> Reads:
    reads, client = Reads(), site.client()
    for answer in answers:
        read(client, answer, reads)
    client.close()
    return reads


def _not_whole(site: Site, uids: set[str]) -> int:
    return sum(3 - site.stores.whole_copies(each) for each in site.stores.incomplete(uids))


def _scrubbed(site: Site, uids: set[str], damaged: Sequence[Line]) -> Line:
    """The scrub mends what no read had come upon: a reader asks the next copy only when the first is bad."""
    found = site.scrub()
    left = _not_whole(site, uids)
    rest = sum(line.faults - line.healed for line in damaged)
    return Line("scrub of the rest", lost=found["lost"] + left, healed=rest - left, note=str(found))


def _scrubbed_again(site: Site, uids: set[str]) -> Line:
    """After that there is nothing to mend."""
    found = site.scrub()
    return Line("scrub afterwards", acknowledged=len(uids), lost=found["lost"] + found["bad"], note=str(found))


def _flip(one: Path, other: Path, dice: random.Random) -> None:
    for path in (one, other):
        with path.open("r+b") as file:
            place = dice.randrange(path.stat().st_size)
            file.seek(place)
            byte = file.read(1)[0]
            file.seek(place)
            file.write(bytes([byte ^ 1 << dice.randrange(8)]))


def _delete(one: Path, other: Path, _dice: random.Random) -> None:
    one.unlink()
    other.unlink()


def _truncate(one: Path, other: Path, dice: random.Random) -> None:
    for path in (one, other):
        os.truncate(path, dice.randrange(path.stat().st_size))


def _swap(one: Path, other: Path, _dice: random.Random) -> None:
    """Each gets the bytes of the other, which are as whole as they are wrong."""
    mine, theirs = one.read_bytes(), other.read_bytes()
    one.write_bytes(theirs)
    other.write_bytes(mine)


def _age(one: Path, other: Path, _dice: random.Random) -> None:
    """The first version's bytes under the second one's name, as an old backup would bring them."""
    for path in (one, other):
        (first,) = path.parent.glob(path.name.split(".v2.")[0] + ".v1.*.dcm")
        path.write_bytes(first.read_bytes())


Damage = Callable[[Path, Path, random.Random], None]

FAULTS: dict[str, Damage] = {"flipped": _flip, "deleted": _delete, "truncated": _truncate, "swapped": _swap, "aged": _age}

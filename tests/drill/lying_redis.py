"""Redis stopped, hung, flushed, full, and fed with wrong values, while pictures are read: slower at most, never wrong."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable

from redis.exceptions import RedisError

from tests.drill.instances import Instances
from tests.drill.ledger import Line
from tests.drill.reading import Expected, expected, under_load
from tests.drill.site import Site
from tests.parts.redis import RedisBeside

ROUND_SECONDS = 0.1
MEBIBYTE = 1 << 20


def drill(site: Site, beside: RedisBeside, seed: int, instances: int = 30, seconds: float = 4.0) -> list[Line]:
    """A ledger line for Redis in health, and one for each fault of it."""
    makes = Instances(seed, picture_only=True)
    sent = [makes.next() for _ in range(instances)]
    site.fill(sent)
    client = site.client()
    answers = expected(client, sent)
    client.close()
    dice = random.Random(seed)
    return [_under(site, beside, answers, name, fault, seconds, dice) for name, fault in FAULTS.items()]


def _under(
    site: Site, beside: RedisBeside, answers: list[Expected], name: str, fault: Fault, seconds: float, dice: random.Random
) -> Line:
    beside.recover()
    with under_load(site.installation.url, site.token, answers, seed=dice.randrange(1000)) as reads:
        time.sleep(seconds / 4)
        faults, end = 0, time.monotonic() + seconds / 2
        while time.monotonic() < end:
            faults += fault(beside, dice)
            time.sleep(ROUND_SECONDS)
        beside.recover()
        time.sleep(seconds / 4)
    return Line(name, faults=faults, reads=reads.count, wrong=reads.wrong, failed_reads=reads.failed, note=reads.note())


def _nothing(_beside: RedisBeside, _dice: random.Random) -> int:
    return 0


def _stopped(beside: RedisBeside, _dice: random.Random) -> int:
    return int(beside.kill())


def _hung(beside: RedisBeside, _dice: random.Random) -> int:
    return int(beside.signal(signal.SIGSTOP))


def _flushed(beside: RedisBeside, _dice: random.Random) -> int:
    beside.client.flushall()
    return 1


def _filled(beside: RedisBeside, dice: random.Random) -> int:
    """As full as it may be, and forbidden to throw anything away."""
    beside.client.config_set("maxmemory-policy", "noeviction")
    beside.client.config_set("maxmemory", beside.client.info("memory")["used_memory"])
    try:
        beside.client.set(f"filler{dice.random()}", bytes(MEBIBYTE))
    except RedisError:
        return 1
    return 0


def _swapped(beside: RedisBeside, _dice: random.Random) -> int:
    """Every value under the key of another."""
    values = beside.values()
    keys = sorted(values)
    return beside.put({key: values[other] for key, other in zip(keys, keys[1:] + keys[:1], strict=True)})


def _garbage(beside: RedisBeside, dice: random.Random) -> int:
    return beside.put({key: dice.randbytes(len(value)) for key, value in beside.values().items()})


def _flipped(beside: RedisBeside, dice: random.Random) -> int:
    return beside.put({key: _with_a_flipped_bit(value, dice) for key, value in beside.values().items()})


def _old_format(beside: RedisBeside, _dice: random.Random) -> int:
    """As an earlier version might have written them: another number in the header, or no header at all."""
    values = beside.values()
    older = {key: value[:4] + bytes([value[4] ^ 1]) + value[5:] for key, value in list(values.items())[::2] if len(value) > 5}
    bare = {key: value[32:] for key, value in list(values.items())[1::2]}
    return beside.put(older | bare)


def _cut(beside: RedisBeside, dice: random.Random) -> int:
    return beside.put({key: value[: dice.randrange(len(value) + 1)] for key, value in beside.values().items()})


def _other_types(beside: RedisBeside, _dice: random.Random) -> int:
    """Lists where strings were."""
    keys = sorted(beside.values())
    for key in keys:
        with beside.client.pipeline(transaction=True) as both:  # the server may write between two commands
            both.delete(key)
            both.lpush(key, b"not a picture")
            both.execute()
    return len(keys)


def _with_a_flipped_bit(value: bytes, dice: random.Random) -> bytes:
    changed = bytearray(value)
    changed[dice.randrange(len(value))] ^= 1 << dice.randrange(8)
    return bytes(changed)


Fault = Callable[[RedisBeside, random.Random], int]

FAULTS: dict[str, Fault] = {
    "Redis well": _nothing,
    "Redis stopped": _stopped,
    "Redis hung": _hung,
    "Redis flushed": _flushed,
    "Redis full": _filled,
    "Redis values swapped": _swapped,
    "Redis values garbage": _garbage,
    "Redis values flipped": _flipped,
    "Redis values cut": _cut,
    "Redis values of an old form": _old_format,
    "Redis values of another type": _other_types,
}

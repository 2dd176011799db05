"""The memory tier: never above its limit, and a long series does not empty it."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

from archive.memory import ENTRY_BYTES, Memory
from infra.stores.local import LocalStore

MIB = 2**20


def test_used_bytes_never_exceed_the_limit_whatever_is_put_asked_dropped_and_resized() -> None:
    dice = random.Random(7)
    memory = Memory(MIB)
    lying: dict[str, int] = {}
    for step in range(30_000):
        key = str(int(dice.paretovariate(0.7)) % 3000)
        if memory.get(key) is None:
            cost = dice.choice((10, 2000, 50_000, 200_000))
            lying[key] = cost
            kept = memory.put(key, cost, cost, prefetched=dice.random() < 0.2)
            assert kept == (cost + ENTRY_BYTES <= memory.limit_bytes / 8)
        if step % 500 == 0:
            memory.drop_prefix(str(dice.randint(0, 99)))
        if step % 5000 == 0:
            memory.resize(dice.choice((MIB // 2, MIB, 2 * MIB)))
        assert memory.used_bytes <= memory.limit_bytes
    entries = memory._entries
    assert memory.used_bytes == sum(entry.cost for entry in entries.values())
    assert memory._newcomer_bytes == sum(entry.cost for entry in memory._newcomers.values())
    assert set(memory._newcomers) | set(memory._residents) == set(entries)
    assert not set(memory._newcomers) & set(memory._residents)
    assert all(entry.value == lying[key] for key, entry in entries.items())
    memory.drop_prefix("")
    assert (len(memory), memory.used_bytes) == (0, 0)


def test_a_series_that_is_pulled_once_does_not_push_out_what_everybody_looks_at() -> None:
    memory = Memory(100 * 10_000)
    for key in range(50):
        memory.put(f"often {key}", key, 10_000 - ENTRY_BYTES)
        memory.get(f"often {key}")
    for key in range(1000):
        memory.put(f"once {key}", key, 10_000 - ENTRY_BYTES)
    assert sum(f"often {key}" in memory for key in range(50)) == 50


def test_what_comes_back_soon_after_it_left_unseen_stays() -> None:
    memory = Memory(100 * 10_000)
    for key in range(150):
        memory.put(str(key), key, 10_000 - ENTRY_BYTES)
    assert "0" not in memory
    memory.put("0", 0, 10_000 - ENTRY_BYTES)
    for key in range(200, 270):
        memory.put(str(key), key, 10_000 - ENTRY_BYTES)
    assert "0" in memory


PULL = """
import asyncio, sys
from pathlib import Path
import psutil
from archive.tiers import Tiers
from infra.malloc import use_one_arena
from infra.stores.local import LocalStore

KEYS, SIZE, LIMIT = 600, 400_000, 48 * 2**20

async def main():
    use_one_arena()
    store = LocalStore(Path(sys.argv[1]), 1)
    tiers = Tiers(LIMIT)
    async def client(first):
        for step in range(KEYS):
            n = (first + step) % KEYS
            data = await tiers.read(f"s/{n}", lambda: store.read(f"s/{n}"))
            assert len(data) == SIZE and data[:4] == n.to_bytes(4, "big")
            assert tiers.memory.used_bytes <= LIMIT
    before = psutil.Process().memory_info().rss
    peak = 0
    async def watch():
        nonlocal peak
        while True:
            peak = max(peak, psutil.Process().memory_info().rss)
            await asyncio.sleep(0.005)
    watcher = asyncio.create_task(watch())
    await asyncio.gather(*(client(37 * c) for c in range(16)))
    watcher.cancel()
    print(peak - before, tiers.memory.evicted)
    await tiers.close()
    await store.close()

asyncio.run(main())
"""


async def test_sixteen_who_pull_five_times_the_memory_leave_the_process_within_its_limit(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store", 1)
    for n in range(600):
        await store.put(f"s/{n}", n.to_bytes(4, "big") * 100_000)
    await store.close()
    # A process of its own: what pytest has freed before would hide what the tier takes.
    command = [sys.executable, "-c", PULL, str(tmp_path / "store")]
    answer = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    grown, evicted = map(int, answer.stdout.split())
    assert evicted > 400
    assert 40 * MIB < grown < (48 + 14) * MIB  # the tier; 16 values of 0.4 MB on their way; threads

"""Limited children: whatever a job does to its child, other jobs and the parent go on."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import NotFound, Unavailable, Unreadable
from infra.children import ROOT, Children

JOBS = "tests.infra.hostile_jobs"
PATIENCE_SECONDS = 60


@pytest.fixture
async def children() -> AsyncIterator[Children]:
    async with Children(2, memory_bytes=512 << 20, cpu_seconds=1, wall_seconds=PATIENCE_SECONDS) as pool:
        yield pool


def alive(pid: int) -> bool:
    """True while the process runs; a zombie that nobody has reaped is dead."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


async def call(pool: Children, job: str, **arguments: Any) -> Any:
    return await pool.call(f"{JOBS}:{job}", **arguments)


async def test_a_result_comes_back_as_plain_values(children: Children) -> None:
    answer = await call(children, "add", numbers=[1, 2, 3])
    assert answer["total"] == 6
    assert answer["pid"] in children.pids


async def test_two_jobs_run_at_once(children: Children) -> None:
    first, second = await asyncio.gather(call(children, "nap", seconds=0.2), call(children, "nap", seconds=0.2))
    assert first != second


async def test_a_busy_pool_grows_up_to_its_count_and_no_further() -> None:
    async with Children(3, ready=1) as pool:
        assert len(pool.pids) == 1
        assert (await call(pool, "add", numbers=[1]))["pid"] in pool.pids
        assert len(pool.pids) == 1
        while len(pool.pids) < 3:
            await asyncio.gather(*(call(pool, "nap", seconds=0.1) for _ in range(6)))
        await asyncio.gather(*(call(pool, "nap", seconds=0.1) for _ in range(6)))
        assert len(pool.pids) == 3


async def test_megabytes_travel_both_ways(children: Children) -> None:
    data = os.urandom(5 << 20)
    assert await call(children, "echo", data=data) == data


@pytest.mark.parametrize("job", ["killed", "crash", "leave", "loop", "eat_memory", "recurse", "endless_answer"])
async def test_a_deadly_job_is_unreadable_and_harms_no_other(children: Children, job: str) -> None:
    deadly = asyncio.create_task(call(children, job))
    others = [await call(children, "add", numbers=[number]) for number in range(20)]
    with pytest.raises(Unreadable):
        await deadly
    assert [other["total"] for other in others] == list(range(20))
    assert (await call(children, "add", numbers=[4]))["total"] == 4


async def test_a_job_that_hangs_is_unreadable_once_its_time_is_over() -> None:
    async with Children(1, wall_seconds=2) as pool:
        with pytest.raises(Unreadable, match="longer than 2 s"):
            await call(pool, "hang")
        while not pool.pids:
            await asyncio.sleep(0.01)
        assert (await call(pool, "add", numbers=[4]))["total"] == 4


async def test_a_dead_child_is_replaced(children: Children) -> None:
    before = set(children.pids)
    for _ in range(3):
        with pytest.raises(Unreadable, match="signal 9"):
            await call(children, "killed")
    while len(children.pids) < 2:
        await asyncio.sleep(0.01)
    answers = await asyncio.gather(*(call(children, "nap", seconds=0.1) for _ in range(6)))
    assert len(set(answers)) == 2
    assert not set(answers) & before


async def test_children_that_died_while_idle_spoil_no_job(children: Children) -> None:
    for pid in children.pids:
        os.kill(pid, signal.SIGKILL)
    while not all(child.is_dead for child in children._alive):  # until the loop has heard of it
        await asyncio.sleep(0.01)
    assert (await call(children, "add", numbers=[1, 2]))["total"] == 3


async def test_our_errors_come_back_as_themselves(children: Children) -> None:
    with pytest.raises(NotFound, match="no such study"):
        await call(children, "refuse")


async def test_a_foreign_error_says_nothing_of_the_data(children: Children, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Unreadable) as caught:
        await call(children, "fail", word="ZHANG^SAN")
    assert "ValueError" in str(caught.value)
    assert "ZHANG" not in str(caught.value) + capfd.readouterr().err


async def test_a_job_that_prints_does_not_garble_its_answer(children: Children) -> None:
    assert await call(children, "print_much") == 7


async def test_secrets_of_the_environment_stay_outside(children: Children, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDFILM_SECRET_TOKENS", "x")
    async with Children(1) as pool:
        assert not [name for name in await call(pool, "environment") if name.startswith("CLOUDFILM")]


async def test_a_cancelled_caller_leaves_the_child_usable(children: Children) -> None:
    pids = set(children.pids)
    tasks = [asyncio.create_task(call(children, "nap", seconds=0.3)) for _ in range(2)]
    await asyncio.sleep(0.1)
    for task in tasks:
        task.cancel()
    assert (await call(children, "add", numbers=[5]))["total"] == 5
    assert set(children.pids) == pids


async def test_a_child_retires_after_its_jobs(tmp_path: Path) -> None:
    async with Children(1, jobs_per_child=3, pid_folder=tmp_path) as pool:
        pids = [(await call(pool, "add", numbers=[]))["pid"] for _ in range(7)]
        assert [path.name for path in tmp_path.iterdir()] == [f"child-{pids[-1]}.pid"]
    assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [3, 3, 1]
    assert not list(tmp_path.iterdir())


async def test_closing_ends_every_child_and_refuses_new_jobs() -> None:
    pool = Children(2)
    async with pool:
        pids = pool.pids
    assert not any(alive(pid) for pid in pids)
    with pytest.raises(Unavailable):
        await call(pool, "add", numbers=[])


def test_children_die_with_a_parent_that_is_killed() -> None:
    program = (
        "import asyncio\n"
        "from infra.children import Children\n"
        "async def main():\n"
        "    async with Children(2) as pool:\n"
        "        print(*pool.pids, flush=True)\n"
        f"        await pool.call('{JOBS}:hang')\n"
        "asyncio.run(main())\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert [alive(pid) for pid in pids] == [True, True]
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while any(alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [alive(pid) for pid in pids] == [False, False]

"""The embedded Redis: alone on this machine, behind a password, keeping nothing, gone with its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest
import redis
from redis.exceptions import AuthenticationError, NoPermissionError

from infra import redis_server
from infra.redis_server import RedisServer

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    started = redis_server.start(tmp_path, maxmemory_bytes=64 * 2**20)
    yield started
    started.stop()


def test_it_answers_with_its_memory_limit_and_without_files(server: RedisServer, tmp_path: Path) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.set("a", "b")
        told = client.info()
    assert (told["maxmemory"], told["maxmemory_policy"]) == (64 * 2**20, "allkeys-lfu")
    assert server.pid_file.read_text() == f"{server.process.pid}\n"
    server.stop()
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["redis.log"]


def test_without_the_password_it_says_nothing(server: RedisServer) -> None:
    address = "redis://127.0.0.1:" + server.url.rpartition(":")[2]
    with redis.Redis.from_url(address) as client, pytest.raises(AuthenticationError):
        client.get("a")


@pytest.mark.parametrize("command", ["EVAL return(1) 0", "CONFIG GET dir", "KEYS *", "SAVE", "SHUTDOWN", "DEBUG SLEEP 1"])
def test_scripts_and_dangerous_commands_are_refused(server: RedisServer, command: str) -> None:
    with redis.Redis.from_url(server.url) as client, pytest.raises(NoPermissionError):
        client.execute_command(*command.split())


def test_the_password_is_in_no_list_of_processes_and_in_no_log(server: RedisServer, tmp_path: Path) -> None:
    password = server.url.partition("@")[0].rpartition(":")[2]
    assert len(password) == 48
    assert password not in " ".join(psutil.Process(server.process.pid).cmdline())
    assert password not in (tmp_path / "log" / "redis.log").read_text()


PARENT = """
import sys
from pathlib import Path
from infra import redis_server
server = redis_server.start(Path(sys.argv[1]), maxmemory_bytes=2**24)
print(server.process.pid, flush=True)
sys.stdin.read()
"""


def test_it_dies_with_its_parent_even_when_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        assert child.exe().endswith("redis-server")
        parent.kill()
    child.wait(PATIENCE_SECONDS)
    assert not child.is_running()


def test_a_second_start_ends_the_orphan_that_the_pid_file_names(server: RedisServer, tmp_path: Path) -> None:
    second = redis_server.start(tmp_path, maxmemory_bytes=2**24)
    assert server.process.wait(PATIENCE_SECONDS) == -signal.SIGKILL
    assert second.running()
    second.stop()


def test_a_pid_that_now_belongs_to_somebody_else_is_left_alone(server: RedisServer, tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:
        for pid in (stranger.pid, server.process.pid, os.getpid(), 2**22 + 1, "no number"):
            home = tmp_path / str(pid)
            (home / "run").mkdir(parents=True)
            (home / "run" / "redis.pid").write_text(f"{pid}\n")
            other = redis_server.start(home, maxmemory_bytes=2**24)
            other.stop()
            assert not (home / "run" / "redis.pid").exists()
        assert stranger.poll() is None
        assert server.running()  # another home's Redis
        stranger.kill()


def test_it_is_seen_when_it_ends(server: RedisServer) -> None:
    assert server.running()
    server.process.kill()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while server.running() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not server.running()

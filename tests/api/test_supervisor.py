"""The supervisor as a real process: starts, keeps alive, stops in order, leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest

from api import draining
from api.process import FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS, delay_seconds
from api.supervisor import SAME_WISH_SECONDS

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Running:
    process: subprocess.Popen[str]
    home: Path
    url: str

    def pid(self, name: str) -> int:
        return int((self.home / "run" / f"{name}.pid").read_text())

    def descendants(self) -> list[psutil.Process]:
        found: list[psutil.Process] = psutil.Process(self.process.pid).children(recursive=True)
        return found

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)


def start(home: Path, *, app: str = "create_app", **environ: str) -> subprocess.Popen[str]:
    settings = {"CLOUDFILM_HOME": str(home), "CLOUDFILM_DEMO": "1", "CLOUDFILM_PORT": "0", "CLOUDFILM_WORKERS": "1", **environ}
    command = [sys.executable, "-m", "tests.api.supervised", f"tests.api.slow_app:{app}"]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDFILM_")}
    return subprocess.Popen(command, cwd=ROOT, env=plain | settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextmanager
def running(home: Path, **environ: str) -> Iterator[Running]:
    process = start(home, **environ)
    assert process.stdout is not None
    try:
        word, _, port = process.stdout.readline().partition(" ")
        assert word == "ready", process.communicate()[1]
        yield Running(process, home, f"http://127.0.0.1:{port.strip()}")
    finally:
        process.kill()
        process.communicate()


def eventually(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


@contextmanager
def stopping(server: Running) -> Iterator[None]:
    """Told to stop, and seen to say that it is not ready: over a connection from before, as the doors close soon."""
    with httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as balancer:
        assert balancer.get("/readyz").status_code == 200
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: says_no(balancer, server.home))
        yield


def says_no(balancer: httpx.Client, home: Path) -> bool:
    """True once it is not ready, also when this machine was so busy that the doors are closed by now."""
    try:
        return balancer.get("/readyz").status_code == 503
    except httpx.TransportError:
        return draining.is_draining(home)


def read_pid(url: str) -> int | None:
    try:
        return int(httpx.get(f"{url}/pid", timeout=60).json()["pid"])
    except httpx.TransportError:
        return None


def test_it_serves_stops_with_exit_0_and_leaves_no_process_and_no_pid_file(tmp_path: Path) -> None:
    with running(tmp_path, CLOUDFILM_WORKERS="2") as server:
        assert read_pid(server.url) in (server.pid("server-1"), server.pid("server-2"))
        children = server.descendants()
        assert len(children) == 3  # two servers and Redis
        assert server.stop(signal.SIGINT) == 0
    assert not [child for child in children if child.is_running()]
    assert not list((tmp_path / "run").glob("*.pid"))


def test_a_running_request_ends_before_the_server_does_and_readyz_says_no_first(tmp_path: Path) -> None:
    with running(tmp_path) as server, httpx.stream("GET", f"{server.url}/slow", timeout=PATIENCE_SECONDS) as slow:
        chunks = slow.iter_text()
        assert next(chunks) == "begun "
        with stopping(server):
            (tmp_path / "go").touch()
        assert "".join(chunks) == "finished"
        assert server.process.wait(PATIENCE_SECONDS) == 0


def test_a_second_signal_stops_at_once_and_cuts_what_runs(tmp_path: Path) -> None:
    with running(tmp_path) as server, httpx.stream("GET", f"{server.url}/slow", timeout=PATIENCE_SECONDS) as slow:
        chunks = slow.iter_text()
        assert next(chunks) == "begun "
        with stopping(server):
            time.sleep(2 * SAME_WISH_SECONDS)
        assert server.stop() == 0
        with pytest.raises(httpx.RemoteProtocolError):
            "".join(chunks)


def test_a_killed_supervisor_leaves_no_process_and_the_next_start_works(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        children = server.descendants()
        server.process.kill()
        gone, alive = psutil.wait_procs(children, PATIENCE_SECONDS)
        assert len(gone) == 2
        assert not alive
    assert list((tmp_path / "run").glob("*.pid"))  # what a crash leaves
    with running(tmp_path) as again:
        assert httpx.get(f"{again.url}/readyz", timeout=60).status_code == 200


def test_dead_children_are_started_again(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        first, redis = server.pid("server-1"), server.pid("redis")
        os.kill(redis, signal.SIGKILL)
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{server.url}/die", timeout=60)
        eventually(lambda: read_pid(server.url) not in (None, first))
        eventually(lambda: server.pid("redis") != redis)
        assert server.stop() == 0


def test_what_dies_at_once_again_and_again_is_given_up_loudly(tmp_path: Path) -> None:
    process = start(tmp_path, app="create_broken_app")
    _, words = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert "server-1 died 5 times in a row" in words
    assert "broken on purpose" in words


def test_what_refuses_its_configuration_is_not_tried_again(tmp_path: Path) -> None:
    process = start(tmp_path, app="create_misconfigured_app")
    _, words = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert "server-1 refuses its configuration" in words
    assert words.count("misconfigured on purpose") == 1


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start(tmp_path, CLOUDFILM_PORT=str(port))
        _, words = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {port}" in words
    assert not list((tmp_path / "run").glob("*.pid"))


def test_a_second_server_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        second = start(tmp_path)
        _, words = second.communicate(timeout=PATIENCE_SECONDS)
        assert second.returncode == 1
        assert f"a server (pid {server.process.pid}) already runs" in words
        assert read_pid(server.url) == server.pid("server-1")


def test_the_access_log_knows_no_query_and_no_link_token(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        httpx.get(f"{server.url}/s/VERYSECRETTOKEN?PatientName=Wang", headers={"X-Request-ID": "13800138000"}, timeout=60)
        assert server.stop() == 0
    text = (tmp_path / "log" / "server-1.log").read_text()
    assert '"path":"/s/[redacted]","status":404' in text
    assert not [word for word in ("VERYSECRET", "Wang", "13800138000") if word in text]


def test_pauses_between_starts_double_up_to_a_limit() -> None:
    assert [delay_seconds(lives) for lives in (1, 2, 3)] == [FIRST_DELAY_SECONDS * factor for factor in (1, 2, 4)]
    assert delay_seconds(1000) == LONGEST_DELAY_SECONDS

"""Limited child processes for hostile bytes: a file that hangs, crashes or eats memory harms its own job and nothing else."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgpack  # type: ignore[import-untyped]

from core import errors
from core.errors import CloudfilmError, Unavailable, Unreadable
from infra.child import CODE, LENGTH, MESSAGE_CAP_BYTES

ROOT = Path(__file__).resolve().parent.parent
# A child gets no secrets: of the environment only this, and one thread a library, as the pool is our parallelism.
_ENVIRONMENT_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"), "1")
START_SECONDS = 60.0  # importing numpy, pydicom and the codecs on a busy machine
RESTART_SECONDS = 1.0  # between attempts, so that a failing start does not eat the machine
CLOSE_SECONDS = 2.0
PIPE_BUFFER_BYTES = 1 << 20


class Children:
    """A pool of up to `count` child processes; open it with `async with`, inside the event loop that uses it.

    `ready` of them (all, unless told) are started with it, each other one when a job finds all of them busy.
    memory_bytes: private memory of one child. cpu_seconds, wall_seconds: of one job. jobs_per_child: then a fresh one.
    pid_folder: where each leaves a `child-PID.pid` as long as it lives.
    """

    def __init__(
        self,
        count: int | None = None,
        *,
        ready: int | None = None,
        warm: Sequence[str] = (),
        memory_bytes: int = 3 << 30,
        cpu_seconds: int = 60,
        wall_seconds: float = 120.0,
        jobs_per_child: int = 5000,
        pid_folder: Path | None = None,
    ) -> None:
        self.count = count or len(os.sched_getaffinity(0))
        self._ready = min(ready or self.count, self.count)
        self._starting = 0
        self._warm = tuple(warm)
        self._memory_bytes = memory_bytes
        self._cpu_seconds = cpu_seconds
        self._wall_seconds = wall_seconds
        self._jobs_per_child = jobs_per_child
        self._pid_folder = pid_folder
        self._idle: asyncio.LifoQueue[_Child] = asyncio.LifoQueue()
        self._alive: set[_Child] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def __aenter__(self) -> Self:
        await asyncio.gather(*(self._add() for _ in range(self._ready)))
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        await self.close()

    async def call(self, function: str, /, **arguments: Any) -> Any:
        """The result of "package.module:function" in a child; arguments and result are what MessagePack can carry.

        Dataclasses arrive as dicts. Our own errors come back as themselves; raises Unreadable when the job killed its
        child, took too long or made a parser fail, and Unavailable when the pool is closed.
        """
        if self._closed:
            raise Unavailable("the limited children are closed")
        child = await self._free_child()
        # A caller that is cancelled must not leave a child with half a message: the job ends by itself, in time.
        return await asyncio.shield(self._spawn(self._work(child, function, arguments)))

    async def _free_child(self) -> _Child:
        if self._idle.empty():
            self._start_another()
        try:
            async with asyncio.timeout(self._wall_seconds):
                child = await self._idle.get()
                while child.is_dead:  # of something else, such as a machine short of memory: no job's fault
                    await self._take_back(child, retire=True)
                    child = await self._idle.get()
        except TimeoutError as error:
            raise Unavailable("all limited children are busy") from error
        if self._closed:
            raise Unavailable("the limited children are closed")
        return child

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the living children."""
        return tuple(child.process.pid for child in self._alive)

    async def close(self) -> None:
        """Lets running jobs end shortly, then ends all children and waits for them."""
        self._closed = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_SECONDS)
        await asyncio.gather(*(self._remove(child) for child in tuple(self._alive)))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Any) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever awaits it has it too; a caller that went away has no use for it

    async def _work(self, child: _Child, function: str, arguments: dict[str, Any]) -> Any:
        answer: dict[str, Any] = {"retire": True}
        try:
            answer = await child.ask(function, arguments, self._cpu_seconds, self._wall_seconds)
        finally:
            await self._take_back(child, retire=bool(answer.get("retire")))
        if "error" in answer:
            raise _error(answer["error"], answer["message"])
        return answer["result"]

    async def _take_back(self, child: _Child, *, retire: bool) -> None:
        if not retire and child.jobs < self._jobs_per_child and not self._closed:
            self._idle.put_nowait(child)
            return
        await self._remove(child)
        self._start_another()

    def _start_another(self) -> None:
        """One child more, unless there are `count`, with those that are being started."""
        if not self._closed and len(self._alive) + self._starting < self.count:
            self._starting += 1
            self._spawn(self._started())

    async def _started(self) -> None:
        try:
            while not self._closed:
                try:
                    return await self._add()
                except (Unavailable, OSError):  # a machine out of memory or processes; the pool must not shrink for ever
                    await asyncio.sleep(RESTART_SECONDS)
        finally:
            self._starting -= 1

    async def _add(self) -> None:
        child = await _Child.start(self._warm, self._memory_bytes, self._pid_folder)
        self._alive.add(child)
        if self._closed:
            await self._remove(child)
            return
        self._idle.put_nowait(child)

    async def _remove(self, child: _Child) -> None:
        self._alive.discard(child)
        await child.end()


class _Child:
    """One process and the two pipes to it."""

    def __init__(self, process: Process, pid_folder: Path | None) -> None:
        assert process.stdin and process.stdout
        self._pid_file = pid_folder / f"child-{process.pid}.pid" if pid_folder else None
        if self._pid_file:
            with suppress(OSError):  # of a full disk: it works without
                self._pid_file.write_text(f"{process.pid}\n")
        self.process = process
        self.jobs = 0
        self._input = process.stdin
        self._output = process.stdout

    @classmethod
    async def start(cls, warm: Sequence[str], memory_bytes: int, pid_folder: Path | None) -> Self:
        """A warm child, ready for its first job; raises Unavailable when it does not come up."""
        environment = {name: os.environ[name] for name in _ENVIRONMENT_KEPT if name in os.environ} | ONE_THREAD
        arguments = (str(ROOT), str(os.getpid()), str(memory_bytes), ",".join(warm))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CODE, *arguments, stdin=PIPE, stdout=PIPE, env=environment, cwd=ROOT, limit=PIPE_BUFFER_BYTES
        )
        child = cls(process, pid_folder)
        try:
            async with asyncio.timeout(START_SECONDS):
                await child._read()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.CancelledError) as error:
            await child.end()
            if isinstance(error, asyncio.CancelledError):
                raise
            raise Unavailable("a limited child did not start") from error
        return child

    @property
    def is_dead(self) -> bool:
        """True once it is known to have ended."""
        return self.process.returncode is not None or self._input.is_closing()

    async def ask(self, function: str, arguments: dict[str, Any], cpu_seconds: int, wall_seconds: float) -> dict[str, Any]:
        """One job; raises Unreadable when the child dies of it or does not answer in time."""
        self.jobs += 1
        packed = msgpack.packb({"function": function, "arguments": arguments, "cpu_seconds": cpu_seconds})
        try:
            async with asyncio.timeout(wall_seconds):
                self._input.write(LENGTH.pack(len(packed)) + packed)
                await self._input.drain()
                return await self._read()
        except TimeoutError as error:
            raise Unreadable(f"it took a limited child longer than {wall_seconds:g} s") from error
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise Unreadable(f"it ended a limited child ({await self._cause()})") from error

    async def end(self) -> None:
        """Kills the process, which keeps nothing, and waits for it."""
        with suppress(ProcessLookupError):
            self.process.kill()
        self._input.close()
        await self.process.wait()
        if self._pid_file:
            self._pid_file.unlink(missing_ok=True)

    async def _read(self) -> dict[str, Any]:
        (length,) = LENGTH.unpack(await self._output.readexactly(LENGTH.size))
        if length > MESSAGE_CAP_BYTES:
            raise Unreadable("the answer of a limited child is larger than we take")
        answer = msgpack.unpackb(await self._output.readexactly(length))
        if not isinstance(answer, dict) or not {"ready", "result", "error"} & answer.keys():
            raise Unreadable("the answer of a limited child makes no sense")
        return answer

    async def _cause(self) -> str:
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                code = await self.process.wait()
        except TimeoutError:
            return "it closed its pipe"
        return f"signal {-code}" if code < 0 else f"exit {code}"


def _error(name: str, message: str) -> CloudfilmError:
    """Our own error by its class name; anything else that a child may say is Unreadable."""
    kind = getattr(errors, name, None)
    if isinstance(kind, type) and issubclass(kind, CloudfilmError):
        return kind(str(message))
    return Unreadable(str(message))

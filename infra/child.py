"""What runs inside a limited child process: one job after the other, each under its own CPU limit."""

from __future__ import annotations

import ctypes
import errno
import importlib
import logging
import os
import resource
import signal
import struct
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from typing import Any, BinaryIO

import msgpack  # type: ignore[import-untyped]

from core.errors import CloudfilmError
from infra import garbage

PR_SET_PDEATHSIG = 1  # linux/prctl.h
LENGTH = struct.Struct("<I")  # before every message
MESSAGE_CAP_BYTES = 1 << 28  # metadata of a slide with 100 000 frames is 60 MB
MAPPED_CAP_BYTES = 1 << 36  # source and object of the largest slide
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})
CODE = "import sys; sys.path.insert(0, sys.argv[1]); from infra.child import main; main()"


def main() -> None:
    """Serves jobs from standard input until it closes; arguments: root, parent's pid, bytes of memory, modules to warm up."""
    _, _, parent_pid, memory_bytes, warm = sys.argv
    _die_with_parent(int(parent_pid))
    answers = _own_standard_output()
    _limit_memory(int(memory_bytes))
    _keep_quiet()
    with garbage.no_search():
        for module in filter(None, warm.split(",")):
            importlib.import_module(module)
    _send(answers, {"ready": os.getpid()})
    _serve(sys.stdin.buffer, answers)


def _die_with_parent(parent_pid: int) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:  # it died before we asked
        sys.exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which closes us in order


def _own_standard_output() -> BinaryIO:
    """The pipe to the parent, kept from libraries that print."""
    pipe = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return pipe


def _limit_memory(memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # RLIMIT_DATA counts private memory and not the files that a job maps, which may be larger than memory;
    # RLIMIT_AS is the outer fence for mappings of any kind.
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes + MAPPED_CAP_BYTES,) * 2)


def _keep_quiet() -> None:
    """Libraries quote values of the data set in their warnings: nothing of that may reach a log."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)


def _serve(jobs: BinaryIO, answers: BinaryIO) -> None:
    while True:
        prefix = jobs.read(LENGTH.size)
        if len(prefix) < LENGTH.size:
            return
        job = msgpack.unpackb(jobs.read(LENGTH.unpack(prefix)[0]))
        _limit_cpu(job["cpu_seconds"])
        _send(answers, _answer(job["function"], job["arguments"]))


def _limit_cpu(seconds: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + 1 + seconds, hard))


def _answer(function: str, arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"result": _find(function)(**arguments)}
    except CloudfilmError as error:
        return {"error": type(error).__name__, "message": str(error)}
    except MemoryError:
        return {"error": "Unreadable", "message": "the file needs more memory than a limited child may have", "retire": True}
    except OSError as error:
        if error.errno in NO_ROOM:  # the machine's fault, not the file's
            return {"error": "Unavailable", "message": "there is no room on the disk for arriving files"}
        _log_places(error)
        return {"error": "Unreadable", "message": f"a parser failed in a limited child ({type(error).__name__})"}
    except Exception as error:
        _log_places(error)
        return {"error": "Unreadable", "message": f"a parser failed in a limited child ({type(error).__name__})"}


def _find(function: str) -> Callable[..., Any]:
    module, _, name = function.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found


def _log_places(error: Exception) -> None:
    """Where it failed, without the message, which may quote the data set."""
    places = traceback.extract_tb(error.__traceback__)[-12:]
    where = " < ".join(f"{os.path.basename(place.filename)}:{place.lineno} {place.name}" for place in reversed(places))
    print(f"limited child: {type(error).__name__} at {where}", file=sys.stderr, flush=True)


def _send(answers: BinaryIO, message: dict[str, Any]) -> None:
    packed = msgpack.packb(message, default=_plain)
    if len(packed) > MESSAGE_CAP_BYTES:
        packed = msgpack.packb({"error": "Unreadable", "message": "the answer of a limited child would be larger than we take"})
    view = memoryview(LENGTH.pack(len(packed)) + packed)
    while view:
        view = view[answers.write(view) :]


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} cannot leave a child")

"""What happened, for the people who run it: JSON lines in log/*.log, readable lines on stderr, nobody's personal data."""

from __future__ import annotations

import atexit
import logging
import sys
from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType

from core.clock import now
from core.errors import Misconfigured
from infra.jsonlines import JsonLines
from infra.redaction import redact

ROOMS = ("api", "wado", "share", "notify", "identity", "records", "archive", "films", "infra", "core", "cloudfilm")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_PLAIN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}

request_id: ContextVar[str] = ContextVar("request_id", default="")
_log = logging.getLogger(__name__)
_file: JsonLines | None = None


def configure(process: str, folder: Path, level: str = "INFO", *, stderr_level: str | None = None) -> None:
    """Log this process to `folder`/`process`.log and to stderr; foreign packages only from WARNING on.

    Foreign packages are quiet because some write SQL values or whole URLs at lower levels.
    """
    global _file
    if level not in LEVELS:
        raise Misconfigured(f"CLOUDFILM_LOG_LEVEL must be one of {', '.join(LEVELS)}")
    close()
    _file = JsonLines(folder / f"{process}.log")
    handlers = [_FileHandler(process, _file), _StderrHandler(process, stderr_level or level)]
    logging.basicConfig(level=logging.WARNING, handlers=handlers, force=True)
    logging.captureWarnings(True)
    for room in ROOMS:
        logging.getLogger(room).setLevel(level)
    atexit.register(close)


def close() -> None:
    """Write everything out; later lines go to stderr alone."""
    global _file
    atexit.unregister(close)
    for handler in [h for h in logging.getLogger().handlers if isinstance(h, _FileHandler)]:
        logging.getLogger().removeHandler(handler)
    if _file is not None:
        _file.close()
        _file = None


def access(method: str, path: str, status: int, *, milliseconds: float, size: int | None, request: str) -> None:
    """One answered HTTP request, to the file alone. `path` comes without its query, which may say whom one looks for."""
    if _file is None:
        return
    line = {
        "at": now(),
        "kind": "access",
        "method": method,
        "path": redact(path),
        "status": status,
        "ms": round(milliseconds, 2),
        "bytes": size,
        "request": request,
    }
    _file.write(line)


def unforeseen(request: str | object, error: BaseException) -> None:
    """An error that nobody foresaw while answering a request: ours to mend."""
    _log.error("unforeseen %s", type(error).__name__, exc_info=error, extra={"request": str(request)})


class _FileHandler(logging.Handler):
    def __init__(self, process: str, file: JsonLines) -> None:
        super().__init__()
        self._process = process
        self._file = file

    def emit(self, record: logging.LogRecord) -> None:
        line: dict[str, object] = {
            "at": now(),
            "level": record.levelname,
            "process": self._process,
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if request := request_id.get():
            line["request"] = request
        line.update((name, _safe(value)) for name, value in record.__dict__.items() if name not in _PLAIN)
        if record.exc_info and record.exc_info[0] is not None:
            line["traceback"] = traceback_text(record.exc_info)
        self._file.write(line, at_once=record.levelno >= logging.WARNING)


class _StderrHandler(logging.Handler):
    def __init__(self, process: str, level: str) -> None:
        super().__init__(level)
        self._process = process

    def emit(self, record: logging.LogRecord) -> None:
        extras = [f"{name}={_safe(value)}" for name, value in record.__dict__.items() if name not in _PLAIN]
        words = " ".join([redact(record.getMessage()), *extras])
        lines = [f"{now():%H:%M:%S} {record.levelname:<7} {self._process} {record.name}: {words}"]
        if record.exc_info and record.exc_info[0] is not None:
            lines.append(traceback_text(record.exc_info))
        with suppress(OSError):  # where it leads may be full or gone, which must not stop the service
            print("\n".join(lines), file=sys.stderr, flush=True)


def traceback_text(
    exc_info: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
) -> str:
    """The traceback of an error, redacted."""
    return redact(logging.Formatter().formatException(exc_info))


def _safe(value: object) -> object:
    """Numbers and truth values as they are, everything else as redacted text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value))

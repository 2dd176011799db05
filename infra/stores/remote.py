"""A store in a cloud: a bucket of S3, Alibaba OSS, Tencent COS or Huawei OBS, spoken to through opendal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import opendal
from opendal import exceptions
from opendal.layers import RetryLayer, TimeoutLayer

from core.errors import Misconfigured, Unavailable
from infra.stores.store import Item, Missing, Place, require_key, require_prefix, require_range

CONTROL_SECONDS = 10.0  # one stat, delete or list
TRANSFER_SECONDS = 30.0  # one piece of a read or write
RETRIES = 2  # for errors that opendal calls temporary: a reset connection, 429, 503
FIRST_DELAY_SECONDS = 0.1
LAST_DELAY_SECONDS = 1.0
PARTS_AT_ONCE = 8
PIECE_BYTES = 8 * 1024 * 1024  # above the 5 MiB that S3 asks of every part but the last

_OPTIONS = {  # our name → what opendal calls it for this cloud
    "s3": {
        "access_key_id": "access_key_id",
        "secret_access_key": "secret_access_key",
        "endpoint": "endpoint",
        "region": "region",
    },
    "oss": {"access_key_id": "access_key_id", "secret_access_key": "access_key_secret", "endpoint": "endpoint"},
    "cos": {"access_key_id": "secret_id", "secret_access_key": "secret_key", "endpoint": "endpoint"},
    "obs": {"access_key_id": "access_key_id", "secret_access_key": "secret_access_key", "endpoint": "endpoint"},
}
_FIXED = {  # never keys that happen to lie about on this machine; S3 checks what arrives against our CRC
    "s3": {"disable_config_load": "true", "checksum_algorithm": "crc32c"},
    "oss": {},
    "cos": {"disable_config_load": "true"},
    "obs": {},
}
_REASONS = {
    exceptions.PermissionDenied: "refuses our keys",
    exceptions.ConfigInvalid: "has no such bucket, or its settings are wrong",
    exceptions.RateLimited: "asks us to slow down",
}
_FAILURES = (
    exceptions.Error,
    exceptions.Unexpected,
    exceptions.Unsupported,
    exceptions.ConfigInvalid,
    exceptions.PermissionDenied,
    exceptions.IsADirectory,
    exceptions.NotADirectory,
    exceptions.AlreadyExists,
    exceptions.ConditionNotMatch,
    exceptions.RateLimited,
    exceptions.RangeNotSatisfied,
    exceptions.Conflict,
)
_MAYBE_SHORT = (exceptions.RangeNotSatisfied, exceptions.Unexpected)


class RemoteStore:
    """Objects of one bucket below one prefix. Acknowledged means: the service said so, and then told the right size."""

    def __init__(self, scheme: str, bucket: str, prefix: str, position: int, credentials: Mapping[str, str]) -> None:
        self.position = position
        self._scheme = scheme
        self._bucket = bucket
        self._prefix = prefix
        self._endpoint = credentials.get("endpoint", "")
        self._operator = _operator(scheme, bucket, prefix, _options(scheme, position, credentials))
        self._parts = asyncio.Semaphore(PARTS_AT_ONCE)

    async def put_many(self, items: Sequence[Item]) -> None:
        """As Store.put_many; all are tried, then the first failure is raised."""
        for key, _ in items:
            require_key(key)
        outcomes = await asyncio.gather(*(self._put(key, source) for key, source in items), return_exceptions=True)
        for outcome in outcomes:
            if outcome is not None:
                raise outcome

    async def put(self, key: str, source: Path | bytes) -> None:
        """As Store.put."""
        await self.put_many([(key, source)])

    async def read(self, key: str, offset: int = 0, length: int | None = None) -> bytes:
        """As Store.read."""
        require_range(offset, length)
        with self._our_errors(require_key(key)):
            try:
                return await self._operator.read(key, offset=offset or None, size=length)
            except _MAYBE_SHORT:
                return await self._read_short(key, offset, length)

    async def size(self, key: str) -> int:
        """As Store.size."""
        with self._our_errors(require_key(key)):
            return (await self._operator.stat(key)).content_length

    async def delete(self, key: str) -> None:
        """As Store.delete."""
        with self._our_errors(require_key(key)):
            await self._operator.delete(key)

    async def walk(self, prefix: str = "") -> AsyncIterator[tuple[str, int]]:
        """As Store.walk; the service lists page by page."""
        with self._our_errors(require_prefix(prefix)):
            async for entry in await self._operator.list(prefix, recursive=True):
                if entry.metadata.mode.is_file():
                    yield entry.path, entry.metadata.content_length

    def place(self) -> Place:
        """As Store.place. Bucket names are the cloud's own, but for S3 every endpoint may be another cloud."""
        host = urlsplit(self._endpoint).netloc.lower() if self._scheme == "s3" else ""
        bucket = f"{self._scheme}:{host}/{self._bucket}" if host else f"{self._scheme}:{self._bucket}"
        text = f"bucket {self._bucket}, prefix {self._prefix or '(none)'}, at {self._endpoint or 'the default endpoint'}"
        return Place(self._scheme, frozenset({bucket}), self._prefix, text)

    async def close(self) -> None:
        """Nothing is held open between calls that would not close by itself."""

    async def _put(self, key: str, source: Path | bytes) -> None:
        async with self._parts:
            with self._our_errors(key):
                written = await self._write(key, source)
                found = (await self._operator.stat(key)).content_length
        if found != written:
            raise Unavailable(f"store {self.position} has {found} bytes of {key} after {written} were written")

    async def _write(self, key: str, source: Path | bytes) -> int:
        """Bytes written. A small object is one request, a large file goes up in parts."""
        if isinstance(source, bytes):
            await self._operator.write(key, source)
            return len(source)
        size = (await asyncio.to_thread(source.stat)).st_size
        if size <= PIECE_BYTES:
            return await self._write(key, await asyncio.to_thread(source.read_bytes))
        return await self._write_large(key, source)

    async def _write_large(self, key: str, source: Path) -> int:
        """Parts, then close. Left unclosed after a failure, so that the service never shows half an object."""
        target = await self._operator.open(key, "wb", chunk=PIECE_BYTES)
        written = 0
        with await asyncio.to_thread(source.open, "rb") as pieces:
            while piece := await asyncio.to_thread(pieces.read, PIECE_BYTES):
                await target.write(piece)
                written += len(piece)
        await target.close()
        return written

    async def _read_short(self, key: str, offset: int, length: int | None) -> bytes:
        """The range asked for went past the end, or the answer broke off: only the size tells which."""
        left = (await self._operator.stat(key)).content_length - offset
        if left <= 0:
            return b""
        return await self._operator.read(key, offset=offset, size=left if length is None else min(left, length))

    @contextmanager
    def _our_errors(self, key: str) -> Iterator[None]:
        try:
            yield
        except exceptions.NotFound as error:
            raise Missing(f"store {self.position} has no {key}") from error
        except _FAILURES as error:
            # The message of opendal is not passed on: it quotes addresses and headers.
            reason = _REASONS.get(type(error), "does not answer as it should")
            raise Unavailable(f"store {self.position} ({self._scheme}) {reason}") from error


def _options(scheme: str, position: int, credentials: Mapping[str, str]) -> dict[str, str]:
    names = _OPTIONS[scheme]
    needed = {"access_key_id", "secret_access_key"} if scheme == "s3" else set(names)
    missing = sorted(name for name in needed if not credentials.get(name))
    if missing:
        raise Misconfigured(f"store {position} ({scheme}) needs {_variables(position, missing)}")
    unknown = sorted(set(credentials) - set(names))
    if unknown:
        raise Misconfigured(f"store {position} ({scheme}) has no setting {_variables(position, unknown)}")
    options = {names[name]: value for name, value in credentials.items() if value}
    if scheme == "s3":
        options.setdefault("region", "us-east-1")  # what S3-compatible services without regions expect
    return options


def _variables(position: int, names: Sequence[str]) -> str:
    return ", ".join(f"CLOUDFILM_STORE_{position}_{name.upper()}" for name in names)


def _operator(scheme: str, bucket: str, prefix: str, options: Mapping[str, str]) -> opendal.AsyncOperator:
    try:
        operator = opendal.AsyncOperator(scheme, bucket=bucket, root=f"/{prefix}", **_FIXED[scheme], **options)
    except _FAILURES as error:
        raise Misconfigured(f"a {scheme} store cannot be opened with these settings") from error
    timed = operator.layer(TimeoutLayer(timeout=CONTROL_SECONDS, io_timeout=TRANSFER_SECONDS))
    return timed.layer(RetryLayer(max_times=RETRIES, min_delay=FIRST_DELAY_SECONDS, max_delay=LAST_DELAY_SECONDS, jitter=True))

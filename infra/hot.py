"""Copies of pictures in Redis, for quickness alone: whatever Redis does, the answer is right or it is "not here"."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import ParamSpec, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from core.errors import Misconfigured
from infra.breaker import Breaker
from infra.seal import Seal

TIMEOUT_SECONDS = 0.05  # a read from disk takes about as long: waiting longer would make the cache the slow part
CONNECTIONS = 8  # a worker is one thread: more would only make each answer later
WRITERS = 2
WAITING_BYTES = 64 * 1024 * 1024  # values on their way to Redis; more are dropped
VALUE_MAX_BYTES = 2 * 1024 * 1024  # so that all connections at once still answer in time; larger ones are read from a store
THREAD_BYTES = 1024 * 1024  # above this, hashing would hold up the event loop for over half a millisecond
KEYS_AT_ONCE = 8
SCANNED_AT_ONCE = 1000
READ_BYTES = 256 * 1024

_NAMESPACE = "cloudfilm:hot:"

_log = logging.getLogger("cloudfilm.hot")

P = ParamSpec("P")
T = TypeVar("T")


class HotTier:
    """No method ever raises for Redis' sake: a failure is a miss. `counts` and `on_count` tell what happened.

    hit, miss, wrong (a value that is not ours for this key; deleted), failure (Redis did not answer in time), skipped (the
    breaker is open), busy (all connections in use), refused (Redis said no, as when it is full), put, put_dropped (too many
    waiting, or it failed), too_large.
    """

    def __init__(
        self,
        url: str,
        secret: bytes,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        on_count: Callable[[str], None] | None = None,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.breaker = Breaker()
        self._on_count = on_count
        self._timeout_seconds = timeout_seconds
        self._redis = _client(url, timeout_seconds)
        self._seal = Seal(secret)
        self._connections = asyncio.Semaphore(CONNECTIONS)
        self._waiting: asyncio.Queue[tuple[str, bytes, int]] = asyncio.Queue()
        self._waiting_bytes = 0
        self._writers = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def get(self, key: str) -> bytes | None:
        """The value, or None."""
        found = await self._ask(lambda: self._redis.get(_NAMESPACE + key))
        return await self._checked(key, found[0]) if found else None

    async def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Those that are here, in a few round trips."""
        values: dict[str, bytes] = {}
        for start in range(0, len(keys), KEYS_AT_ONCE):
            values |= await self._get_some(keys[start : start + KEYS_AT_ONCE])
        return values

    def put(self, key: str, value: bytes, ttl_seconds: int) -> None:
        """Send the value on its way and go on at once; it may never arrive."""
        if len(value) > VALUE_MAX_BYTES:
            self._count("too_large")
        elif not self.breaker.closed or self._waiting_bytes + len(value) > WAITING_BYTES:
            self._count("put_dropped")
        else:
            self._waiting_bytes += len(value)
            self._waiting.put_nowait((key, value, ttl_seconds))
            self._start_writers()

    async def drop(self, key: str) -> None:
        """Remove one value, if Redis answers; otherwise its time to live does."""
        await self._ask(lambda: self._redis.unlink(_NAMESPACE + key))

    async def drop_prefix(self, prefix: str) -> None:
        """Remove every value whose key begins so; walks over all keys, so it is for rare occasions."""
        pattern = _literal(_NAMESPACE + prefix) + "*"
        cursor = 0
        while found := await self._ask(lambda: self._redis.scan(cursor, match=pattern, count=SCANNED_AT_ONCE)):  # noqa: B023
            cursor, names = found[0]
            if names:
                await self._ask(lambda: self._redis.unlink(*names))  # noqa: B023
            if cursor == 0:
                return

    async def settled(self) -> None:
        """Wait until all that was put has been sent or given up."""
        await self._waiting.join()

    async def close(self) -> None:
        """Stop the writers and close the connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._redis.aclose()

    async def _get_some(self, keys: Sequence[str]) -> dict[str, bytes]:
        found = await self._ask(lambda: self._redis.mget([_NAMESPACE + key for key in keys]))
        if not found:
            return {}
        checked = [(key, await self._checked(key, value)) for key, value in zip(keys, found[0], strict=False)]
        return {key: value for key, value in checked if value is not None}

    async def _checked(self, key: str, value: object) -> bytes | None:
        if value is None:
            self._count("miss")
            return None
        size = len(value) if isinstance(value, bytes) else 0
        payload = await _computed(size, self._seal.open, key, value)
        if payload is None:
            self._count("wrong")
            await self.drop(key)
            return None
        self._count("hit")
        return payload

    async def _ask(self, command: Callable[[], Awaitable[T]]) -> tuple[T] | None:
        """The answer in a tuple of one, or None when there is none."""
        if not self.breaker.closed:
            self._count("skipped")
            self._maybe_probe()
            return None
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await self._connections.acquire()
        except TimeoutError:
            self._count("busy")
            return None
        try:
            return await self._answer(command)
        finally:
            self._connections.release()

    async def _answer(self, command: Callable[[], Awaitable[T]]) -> tuple[T] | None:
        try:
            # Connecting, sending and reading each have the same limit; together they may take twice as long, not four times.
            async with asyncio.timeout(2 * self._timeout_seconds):
                answer = await command()
        except ResponseError:
            self.breaker.succeeded()
            self._count("refused")
            return None
        except (RedisError, OSError):
            self._failed()
            return None
        except Exception:  # a fault of ours or of the client library: shown in the log, but the picture must come all the same
            _log.exception("unforeseen failure at the hot tier")
            self._failed()
            return None
        self.breaker.succeeded()
        return (answer,)

    def _failed(self) -> None:
        self.breaker.failed(time.monotonic())
        self._count("failure")

    def _maybe_probe(self) -> None:
        """Let one task of its own try again, so that no reader ever waits for a Redis that is away."""
        if self.breaker.may_probe(time.monotonic()):
            self._start(self._probe())

    async def _probe(self) -> None:
        async with self._connections:
            await self._answer(self._redis.ping)

    def _start_writers(self) -> None:
        if self._writers < WRITERS:
            self._writers += 1
            self._start(self._write())

    async def _write(self) -> None:
        while True:
            key, value, ttl_seconds = await self._waiting.get()
            try:
                self._count("put" if await self._sent(key, value, ttl_seconds) else "put_dropped")
            finally:
                self._waiting_bytes -= len(value)
                self._waiting.task_done()

    async def _sent(self, key: str, value: bytes, ttl_seconds: int) -> bool:
        if not self.breaker.closed:
            return False
        sealed = await _computed(len(value), self._seal.close, key, value)
        return await self._ask(lambda: self._redis.set(_NAMESPACE + key, sealed, ex=ttl_seconds)) is not None

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _count(self, what: str) -> None:
        self.counts[what] += 1
        if self._on_count is not None:
            self._on_count(what)


async def _computed(size: int, compute: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Hash at once, or in a thread when there is much to hash."""
    if size > THREAD_BYTES:
        return await asyncio.to_thread(compute, *args, **kwargs)
    return compute(*args, **kwargs)


def _client(url: str, timeout_seconds: float) -> Redis:
    try:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=timeout_seconds,
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds,
            socket_read_size=READ_BYTES,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            driver_info=None,  # else two more commands at every connect
        )
    except ValueError as error:
        raise Misconfigured("CLOUDFILM_REDIS_URL is not redis://…, rediss://… or unix://…") from error
    return Redis.from_pool(pool)


def _literal(text: str) -> str:
    """`text` with the wildcards of Redis' MATCH escaped."""
    return re.sub(r"([*?\[\]\\^-])", r"\\\1", text)

"""Calling a third party over HTTPS: patient for seconds, and whatever goes wrong there becomes Unavailable here."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import orjson

from core.errors import Unavailable

TIMEOUT_SECONDS = 5.0
LARGEST_ANSWER_BYTES = 1 << 20
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class Unreachable(Unavailable):
    """The request did not arrive, for certain."""


class CutOff(Unavailable):
    """The request may have arrived; its answer did not."""


def open_client() -> httpx.AsyncClient:
    """A client that follows no redirects: secrets go to the address in the settings only.

    Each call has a connection of its own: on a kept one an answer that is sent twice would be taken for that of the next
    call, which may be about somebody else.
    """
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.AsyncClient(timeout=TIMEOUT_SECONDS, limits=limits, follow_redirects=False, trust_env=False)


async def exchanged(
    client: httpx.AsyncClient, method: str, url: str, *, seconds: float = TIMEOUT_SECONDS, **request: Any
) -> httpx.Response:
    """Any answer, whole, within so many seconds, however it trickles. Raises Unreachable or CutOff, which name the host."""
    host = httpx.URL(url).host
    patience = httpx.Timeout(seconds, connect=seconds / 2, pool=seconds / 2)
    try:
        async with asyncio.timeout(seconds), client.stream(method, url, timeout=patience, **request) as answer:
            return await _whole(answer)
    except _NEVER_LEFT as error:
        raise Unreachable(f"{host} cannot be reached") from error
    except (httpx.HTTPError, TimeoutError) as error:
        raise CutOff(f"{host} does not answer") from error


async def asked(client: httpx.AsyncClient, method: str, url: str, **request: Any) -> bytes:
    """The body of a 200 answer; raises Unavailable, which names the host and nothing that was sent."""
    answer = await exchanged(client, method, url, **request)
    if answer.status_code != 200:
        raise Unavailable(f"{httpx.URL(url).host} answers with {answer.status_code}")
    return answer.content


def json_object(content: bytes, host: str) -> dict[str, Any]:
    """The JSON object of an answer; raises Unavailable when it is none."""
    try:
        read = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise Unavailable(f"{host} answers with something else than JSON") from error
    if not isinstance(read, dict):
        raise Unavailable(f"{host} answers with something else than an object")
    return read


async def _whole(answer: httpx.Response) -> httpx.Response:
    """The answer with its body, which must not be huge."""
    content = bytearray()
    async for piece in answer.aiter_bytes():
        content += piece
        if len(content) > LARGEST_ANSWER_BYTES:
            raise httpx.ReadError("more than anybody needs to say")
    headers = {name: value for name, value in answer.headers.items() if name in ("content-type", "retry-after")}
    return httpx.Response(answer.status_code, headers=headers, content=bytes(content))

"""Calling a third party over HTTPS: patient for seconds, and whatever goes wrong there becomes Unavailable here."""

from __future__ import annotations

from typing import Any

import httpx
import orjson

from core.errors import Unavailable

TIMEOUT_SECONDS = 5.0
LARGEST_ANSWER_BYTES = 1 << 20


def open_client() -> httpx.AsyncClient:
    """A client that follows no redirects: secrets go to the address in the settings only."""
    return httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False)


async def asked(client: httpx.AsyncClient, method: str, url: str, **request: Any) -> bytes:
    """The body of a 200 answer; raises Unavailable, which names the host and nothing that was sent."""
    host = httpx.URL(url).host
    try:
        answer = await client.request(method, url, **request)
    except httpx.HTTPError as error:
        raise Unavailable(f"{host} does not answer") from error
    if answer.status_code != 200 or len(answer.content) > LARGEST_ANSWER_BYTES:
        raise Unavailable(f"{host} answers with {answer.status_code}")
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

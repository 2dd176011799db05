"""What channels have in common: a request that never arrived is ChannelDown, one that perhaps did is Unknown."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import orjson

from infra.elsewhere import CutOff, Unreachable, exchanged
from notify.channels import ChannelDown, Unknown


async def exchange(client: httpx.AsyncClient, method: str, url: str, seconds: float, **request: Any) -> httpx.Response:
    """The answer, whatever its status."""
    try:
        return await exchanged(client, method, url, seconds=seconds, **request)
    except Unreachable as error:
        raise ChannelDown(str(error)) from error
    except CutOff as error:
        raise Unknown(str(error)) from error


def said(answer: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer; an empty one when it holds none."""
    try:
        read = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return {}
    return read if isinstance(read, dict) else {}


def word(value: object) -> str:
    """A provider's code or number, short enough to be kept; empty for what is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value)[:64]


def page(path: str, url: str | None) -> str:
    """Page of a mini-program that opens a link of ours, in the form in which a scanned link reaches it."""
    return f"{path}?q={quote(url, safe='')}" if url else path

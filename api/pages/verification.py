"""Files by which WeChat and Alipay check that an address is ours, served where their rules for links look: beside /s/."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from sanic import HTTPResponse

from core.errors import NotFound

FOLDER = "verification"  # in the data folder
MOST_BYTES = 4096
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}\.txt", re.ASCII)


def is_one(name: str) -> bool:
    """True for a name that such a file may have; no token looks like it."""
    return _NAME.fullmatch(name) is not None


async def file(home: Path, name: str) -> HTTPResponse:
    """The file of that name; raises NotFound."""
    content = await asyncio.to_thread(_read, home / FOLDER / name)
    return HTTPResponse(content, headers={"X-Content-Type-Options": "nosniff"}, content_type="text/plain; charset=utf-8")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise NotFound("no such file") from error
    if len(content) > MOST_BYTES:
        raise NotFound("no such file")
    return content

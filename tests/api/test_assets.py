"""Built pages are sent as they were built last, also while the server runs on."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sanic import Request

from api.pages.assets import Built
from core.errors import NotFound, Unavailable


def build(share: Path, **files: str) -> None:
    """As infra/deploy/phone.sh does it: beside, then in one step in the place of the last one."""
    made, target, old = share / ".made", share / "pages", share / "old"
    made.mkdir()
    for name, content in files.items():
        (made / f"{name}.html").write_text(content)
    if target.exists():
        target.rename(old)
    made.rename(target)
    if old.exists():
        for file in old.iterdir():
            file.unlink()
        old.rmdir()


async def sent(pages: Built, name: str) -> str:
    request = cast(Request, SimpleNamespace(headers=dict[str, Any]()))
    body = (await pages.send(request, f"{name}.html")).body
    assert body is not None
    return body.decode()


async def test_a_new_build_is_served_without_a_restart(tmp_path: Path) -> None:
    pages = Built(tmp_path / "pages")
    with pytest.raises(Unavailable):
        await sent(pages, "index")
    build(tmp_path, index="first", gone="here")
    assert (await sent(pages, "index"), await sent(pages, "gone")) == ("first", "here")
    build(tmp_path, index="second", added="too")
    assert (await sent(pages, "index"), await sent(pages, "added")) == ("second", "too")
    with pytest.raises(NotFound):
        await sent(pages, "gone")


async def test_a_name_never_leads_out_of_the_folder(tmp_path: Path) -> None:
    build(tmp_path, index="page")
    (tmp_path / "secret.html").write_text("no")
    with pytest.raises(NotFound):
        await sent(Built(tmp_path / "pages"), "../secret")

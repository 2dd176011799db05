"""What was built for WeChat and Alipay carries nothing it must not; how it runs is in test_mini_pages.py."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.phone.conftest import MINI_PROGRAMS, built

LARGEST_BYTES = 2 * 1024 * 1024  # of a main package, on both platforms
OUR_SERVER = "http://127.0.0.1:8000"
NEVER_ASKED = {
    "https://taro.com",  # to which the framework's URL class reads relative addresses
    "https://reactjs.org/docs/error-decoder.html",  # words in an error
}
ASKS_FOR_MORE = {"permission", "requiredPrivateInfos", "requiredBackgroundModes", "plugins"}
_ADDRESS = re.compile(r"(?:https?|wss?)://[A-Za-z0-9._:/-]+")
_SECRET = re.compile(r"secret|private.?key|BEGIN [A-Z ]*KEY|access_?key|app_?secret", re.IGNORECASE)


@pytest.fixture(params=MINI_PROGRAMS)
def target(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def texts(folder: Path) -> dict[str, str]:
    """Every file of it that is text, without the notes on licences."""
    names = [path for path in folder.rglob("*") if path.is_file() and not path.name.endswith((".txt", ".png"))]
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in names}


def test_package_is_within_what_the_platforms_take(target: str) -> None:
    assert sum(path.stat().st_size for path in built(target).rglob("*") if path.is_file()) < LARGEST_BYTES


def test_every_page_is_there_and_privacy_is_declared(target: str) -> None:
    folder = built(target)
    declared = json.loads((folder / "app.json").read_text())
    assert len(declared["pages"]) >= 6
    assert all((folder / f"{page}.js").exists() for page in declared["pages"])
    assert declared["__usePrivacyCheck__"] is True
    assert not ASKS_FOR_MORE & set(declared), "no place, no album, no camera, nothing in the background"


def test_it_names_no_secret_and_no_server_but_ours(target: str) -> None:
    for name, text in texts(built(target)).items():
        assert set(_ADDRESS.findall(text)) <= {OUR_SERVER, *NEVER_ASKED}, name
        assert not _SECRET.search(text.replace("__SECRET_INTERNALS_DO_NOT_USE_OR_YOU_WILL_BE_FIRED", "")), name

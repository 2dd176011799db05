"""One running server for all that is examined from outside."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.parts.installation import Installation
from tests.parts.site import Site, known_files

VIEWER = "https://viewer.example.org"


@pytest.fixture(scope="session")
def examined(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two processes, two hospitals; `demo` holds a file of every kind, `demo2` nothing; a viewer lives at another origin."""
    with Installation(tmp_path_factory.mktemp("examined") / "home", CORS_ORIGINS=VIEWER) as installation:
        for code in ("demo", "demo2"):
            assert installation.command("hospital", code, "--name", code).returncode == 0
        site = Site(installation, known_files())
        assert site.store(*site.files.values()).status_code == 200
        pids = installation.alive()
        yield site
        assert installation.alive().items() >= pids.items()  # whatever was asked, nothing had to be started anew

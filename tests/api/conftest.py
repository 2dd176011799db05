"""One running server for all tests of this room that only read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.parts.site import Site, running_site


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A real server process with known files; tests that change something store files of their own."""
    with running_site(tmp_path_factory.mktemp("site")) as running:
        yield running

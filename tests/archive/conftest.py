"""An ingest, and objects with three good copies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from archive.ingest import Ingest
from archive.inspection import ObjectRef
from archive.replicas import Replicas
from infra.settings import Settings
from records.models import Hospital
from tests.archive.arriving import ingesting
from tests.archive.stored import ALL_GOOD, keep_promises, picture, put, states


@pytest.fixture
async def ingest(database: Settings, hospital: Hospital) -> AsyncIterator[Ingest]:
    async with ingesting(database) as ingest:
        yield ingest


@pytest.fixture
async def objects(replicas: Replicas, hospital: Hospital, tmp_path: Path) -> list[ObjectRef]:
    """Two objects with three good copies each."""
    refs = await put(replicas, tmp_path / "in", picture(1), picture(2))
    assert await keep_promises(replicas) == 1, "of one commit together"
    assert [await states(ref) for ref in refs] == [ALL_GOOD, ALL_GOOD]
    return refs

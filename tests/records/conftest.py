"""A reader over the three stores of a test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from archive.read import Reader
from archive.replicas import Replicas
from archive.tiers import Tiers
from infra.epoch import archive_epoch, arrivals_epoch
from infra.settings import Settings


@pytest.fixture
async def reader(database: Settings, replicas: Replicas) -> AsyncIterator[Reader]:
    tiers = Tiers(32 << 20)
    epochs = archive_epoch(database.home), arrivals_epoch(database.home)
    yield Reader(tiers, replicas, *epochs)
    await tiers.close()
    for epoch in epochs:
        epoch.close()

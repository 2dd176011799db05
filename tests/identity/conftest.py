"""What these tests share: a sealer, an epoch, and an instant to count from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from infra.epoch import Epoch, sessions_epoch
from infra.sealing import Sealer
from infra.settings import Settings

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


@pytest.fixture
def sealer(settings: Settings) -> Sealer:
    """With the keys of the demo folder."""
    return Sealer(settings.keys)


@pytest.fixture
def epoch(settings: Settings) -> Iterator[Epoch]:
    """The number by which all processes learn of a revocation."""
    opened = sessions_epoch(settings.home)
    yield opened
    opened.close()

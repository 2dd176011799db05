"""Where the images lie: three stores that hold the same bytes under the same names."""

from __future__ import annotations

from infra.stores.opening import open_store
from infra.stores.separation import require_separate
from infra.stores.store import Item, Missing, Place, Store

__all__ = ["Item", "Missing", "Place", "Store", "open_store", "require_separate"]

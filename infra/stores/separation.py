"""Three copies count as three only when no single disk, server or bucket holds two of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from core.errors import Misconfigured
from infra.stores.store import Store


def require_separate(stores: Sequence[Store]) -> None:
    """Pass, or raise Misconfigured naming the first two stores that would be lost together."""
    for one, other in combinations(stores, 2):
        shared = one.place().media & other.place().media
        if shared:
            raise Misconfigured(
                f"stores {one.position} and {other.position} share {', '.join(sorted(shared))}; "
                "give every store of CLOUDFILM_STORES a disk, server or bucket of its own"
            )

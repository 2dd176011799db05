"""What is asked for most stays in the memory of this process, within a fixed number of bytes.

Two queues, first in first out (S3-FIFO, Yang et al., SOSP 2023): newcomers stand in the small one and leave it unseen unless
somebody asks for them again; so one long series that is pulled once does not push out what everybody looks at.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

NEWCOMERS_SHARE = 0.2  # of the bytes, kept for those that nobody has asked for twice yet
LARGEST_SHARE = 0.125  # of the bytes: a value above it is handed out but not kept
ENTRY_BYTES = 480  # entry, slots of the dictionaries and a key of 160 characters, measured with tracemalloc
USES_MAX = 3  # rounds that a value stays without being asked for, however often it was
CHANCES_AT_ONCE = 1000  # values spared in one call, so that no request pays for the housekeeping of all
GHOSTS_MAX = 20_000  # names of those that left unseen; one that comes back goes straight to the residents


class Entry:
    """One value. `prefetched` until somebody asks for it."""

    __slots__ = ("cost", "prefetched", "resident", "uses", "value")

    def __init__(self, value: object, cost: int, *, prefetched: bool) -> None:
        self.value = value
        self.cost = cost
        self.uses = 0
        self.prefetched = prefetched
        self.resident = False


class Memory:
    """For one thread. `used_bytes` never exceeds `limit_bytes`."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = 0
        self.hits = 0
        self.evicted = 0
        self.wasted = 0  # prefetched, and thrown out before anybody asked
        self._entries: Final[dict[str, Entry]] = {}
        self._newcomers: Final[OrderedDict[str, Entry]] = OrderedDict()
        self._residents: Final[OrderedDict[str, Entry]] = OrderedDict()
        self._newcomer_bytes = 0
        self._ghosts: Final[OrderedDict[str, None]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: str) -> bool:
        """Whether it is here; this does not count as asking for it."""
        return key in self._entries

    def get(self, key: str) -> object | None:
        """The value, or None. This is the way of most requests: one look-up and one mark, no order is changed."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.uses < USES_MAX:
            entry.uses += 1
        self.hits += 1
        return entry.value

    def put(self, key: str, value: object, cost: int, *, prefetched: bool = False) -> bool:
        """Keep the value in place of an older one; False when it is too large to be kept."""
        self.drop(key)
        entry = Entry(value, cost + ENTRY_BYTES, prefetched=prefetched)
        if entry.cost > self.limit_bytes * LARGEST_SHARE:
            return False
        self._make_room(entry.cost)
        self._entries[key] = entry
        self.used_bytes += entry.cost
        self._stand(key, entry, resident=self._seen_before(key))
        return True

    def drop(self, key: str) -> None:
        """Forget one value."""
        if key in self._entries:
            self._leave(key, self._entries[key])

    def drop_prefix(self, prefix: str) -> list[str]:
        """Forget all values whose key begins so; gives their keys."""
        keys = [key for key in self._entries if key.startswith(prefix)]
        for key in keys:
            self.drop(key)
        return keys

    def resize(self, limit_bytes: int) -> None:
        """Keep no more than this from now on."""
        self.limit_bytes = limit_bytes
        self._make_room(0)

    def _seen_before(self, key: str) -> bool:
        """True when it left not long ago; its name is no longer needed."""
        if key not in self._ghosts:
            return False
        del self._ghosts[key]
        return True

    def _make_room(self, cost: int) -> None:
        chances = CHANCES_AT_ONCE
        while self._entries and self.used_bytes + cost > self.limit_bytes:
            if self._newcomer_bytes > self.limit_bytes * NEWCOMERS_SHARE or not self._residents:
                chances -= self._send_newcomer(spare=chances > 0)
            else:
                chances -= self._send_resident(spare=chances > 0)

    def _send_newcomer(self, *, spare: bool) -> bool:
        """The oldest newcomer becomes a resident when it was asked for again (True), else it goes and leaves its name."""
        key, entry = next(iter(self._newcomers.items()))
        if spare and entry.uses > entry.prefetched:  # of a prefetched value the first request is no second one
            self._newcomer_bytes -= entry.cost
            del self._newcomers[key]
            self._stand(key, entry, resident=True)
            entry.prefetched = False
            return True
        self._evict(key, entry)
        self._ghosts[key] = None
        if len(self._ghosts) > GHOSTS_MAX:
            self._ghosts.popitem(last=False)
        return False

    def _send_resident(self, *, spare: bool) -> bool:
        """The oldest resident goes to the end of the queue as often as it was asked for (True), then out."""
        key, entry = next(iter(self._residents.items()))
        if spare and entry.uses:
            entry.uses -= 1
            entry.prefetched = False
            self._residents.move_to_end(key)
            return True
        self._evict(key, entry)
        return False

    def _stand(self, key: str, entry: Entry, *, resident: bool) -> None:
        entry.resident = resident
        if resident:
            entry.uses = 0
            self._residents[key] = entry
        else:
            self._newcomers[key] = entry
            self._newcomer_bytes += entry.cost

    def _evict(self, key: str, entry: Entry) -> None:
        self.evicted += 1
        if entry.prefetched and not entry.uses:
            self.wasted += 1
        self._leave(key, entry)

    def _leave(self, key: str, entry: Entry) -> None:
        del self._entries[key]
        self.used_bytes -= entry.cost
        if entry.resident:
            del self._residents[key]
        else:
            del self._newcomers[key]
            self._newcomer_bytes -= entry.cost

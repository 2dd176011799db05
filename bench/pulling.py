"""Many clients fetch a whole series at once: how quickly it goes, and what memory the server takes for it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from bench.load import connect
from bench.parties import Party
from bench.study import Series

CLIENTS = 16
INSTANCES = 'multipart/related; type="application/dicom"; transfer-syntax=*'
_BUFFER_BYTES = 1 << 20
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Pulled:
    """`memory_*` is PSS of all processes of the server, MiB."""

    seconds: float
    megabytes_per_second: float
    memory_before_mib: float
    memory_peak_mib: float
    failed: int


def pull(party: Party, series: Series, clients: int = CLIENTS) -> Pulled:
    """Each client fetches all instances of the series as archived, over a connection of its own."""
    received: list[int] = []
    failed: list[int] = []
    threads = [threading.Thread(target=_fetch, args=(party, series, received, failed)) for _ in range(clients)]
    before = peak = party.memory_mib()
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        peak = max(peak, party.memory_mib())
        time.sleep(_LOOK_SECONDS)
    seconds = time.perf_counter() - begun
    return Pulled(seconds, sum(received) / 1e6 / seconds, before, peak, len(failed))


def _fetch(party: Party, series: Series, received: list[int], failed: list[int]) -> None:
    connection = connect(party.root)
    connection.request("GET", urlsplit(party.root).path + series.path, headers=party.accepting(INSTANCES))
    answer = connection.getresponse()
    buffer, length = bytearray(_BUFFER_BYTES), 0
    while count := answer.readinto(buffer):
        length += count
    received.append(length)
    if answer.status != 200:
        failed.append(answer.status)
    connection.close()

"""The order of a whole run, and how each job becomes a line of the table."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench import film, load, storing
from bench.interleaved import interleaved
from bench.jobs import JOBS, Job, Paths
from bench.parties import Party
from bench.pulling import CLIENTS, pull
from bench.results import Row, median
from bench.study import Series

WARM_SECONDS = 2
WARM_TRIES = 6
WARM_ROUNDS = 10  # over all instances, so that every process of the server has met each of them
FILMS = 7  # opened in one run; the median counts
STORE_CONNECTIONS = (1, 4, 16)
STORE_REQUIRED = 0.7
FILM_REQUIRED = 40.0

_copies = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured, against whom, how long and how often."""

    ours: Party
    peer: Party | None
    study: dict[str, Series]
    seconds: int
    runs: int
    tries: int  # of a run that strangers disturb
    wanted: Callable[[str], bool]
    stored_instances: int
    settle: Callable[[], None]  # until ours has done what it does after a store

    def rows(self) -> Iterator[Row]:
        """Every line as soon as it is measured. Storing comes last: servers go on working after it."""
        for job in JOBS:
            if self.wanted(job.name):
                for connections in job.connections:
                    yield self._asked(job, connections)
        if self.wanted("film"):
            yield self._film()
        if self.wanted("pull"):
            yield from self._pulled()
        if self.wanted("stow"):
            for connections in STORE_CONNECTIONS:
                yield self._stored(connections)

    def _asked(self, job: Job, connections: int) -> Row:
        row = Row(job.name, job.title, "/s", connections, job.required if connections == 16 else None)
        p50: dict[str, list[float]] = {}

        def measure(party: Party) -> tuple[float, int]:
            made = job.peer_paths if party is self.peer and job.peer_paths else job.paths
            headers = {**party.accepting(job.accept), **job.more_headers}
            if party.name not in p50:
                self._warm(party, made, headers)
            got = load.run(party.root, made(self.study), headers, connections=connections, seconds=self.seconds)
            p50.setdefault(party.name, []).append(got.p50_ms)
            row.notes[f"{party.name} kB an answer"] = round(got.bytes_per_answer / 1000, 1)
            return got.per_second, got.failed

        interleaved(row, self.ours, self.peer, measure, self.runs, self.tries)
        row.notes |= {f"{name} p50 ms": round(median(values), 3) for name, values in p50.items()}
        return row

    def _warm(self, party: Party, made: Paths, headers: dict[str, str]) -> None:
        """Ask until it is hot: what is measured is not the first reading from the disk."""
        asked = 0
        for _ in range(WARM_TRIES):
            asked += load.run(party.root, made(self.study), headers, connections=16, seconds=WARM_SECONDS).requests
            if party is self.peer or asked >= WARM_ROUNDS * len(self.study["ct"].files):
                return

    def _film(self) -> Row:
        row = Row("film", "open a film: 3 QIDO + first picture", "ms", 1, FILM_REQUIRED)

        def measure(party: Party) -> tuple[float, int]:
            return median([film.opened_ms(party, self.study["ct"]) for _ in range(FILMS)]), 0

        interleaved(row, self.ours, self.peer, measure, self.runs, self.tries)
        return row

    def _pulled(self) -> Iterator[Row]:
        speed = Row("pull", f"{CLIENTS} clients pull the whole series of 300: instances", "/s", CLIENTS)
        memory = Row("pull-memory", "memory (PSS) of the server at its peak meanwhile", "MiB", CLIENTS)

        def measure(party: Party) -> tuple[float, int]:
            got = pull(party, self.study["ct"])
            (memory.ours if party is self.ours else memory.peers).append(got.memory_peak_mib)
            memory.notes.setdefault(f"{party.name} before, MiB", round(got.memory_before_mib, 1))
            speed.notes[f"{party.name} MB/s"] = round(got.megabytes_per_second)
            return CLIENTS * len(self.study["ct"].files) / got.seconds, got.failed

        interleaved(speed, self.ours, self.peer, measure, self.runs, self.tries)
        yield from (speed, memory)

    def _stored(self, connections: int) -> Row:
        row = Row(f"stow-{connections}", f"STOW of CT, {storing.BATCH} a request", "/s", connections, STORE_REQUIRED)
        cpu: dict[str, list[float]] = {}

        def measure(party: Party) -> tuple[float, int]:
            files = self.study["ct"].fresh(self.stored_instances, next(_copies))
            got = storing.store(party, files, connections)
            cpu.setdefault(party.name, []).append(got.cpu_ms)
            if party is self.ours:
                self.settle()
            return got.per_second, got.failed

        interleaved(row, self.ours, self.peer, measure, self.runs, self.tries)
        row.notes |= {f"{name} CPU ms an instance": round(median(values), 2) for name, values in cpu.items()}
        return row

"""Numbers for the people who watch the machines: every metric in one table, summed over all processes of this server."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TypeVar, cast

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

_PROCESS = os.getpid()
# The supervisor sets it before a child starts: prometheus_client looks at it once, when it is imported.
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FILE_BYTES = 1 << 20  # of one kind of metric in one process; all our lines take a quarter of it
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """One line of the table."""

    meaning: str
    labels: tuple[str, ...] = ()


COUNTERS = {
    "http_requests": Metric("HTTP requests answered", ("method", "route", "status")),
    "http_refusals": Metric("requests refused by access rules", ("why",)),
    "ingest_instances": Metric("instances that arrived", ("outcome",)),
    "ingest_bytes": Metric("bytes of files that arrived and were stored"),
    "copy_reads": Metric("reads of copies", ("store", "outcome")),
    "copy_repairs": Metric("copies written anew from a good one", ("store", "outcome")),
    "frame_reads": Metric("frames served, by the tier that had them", ("tier",)),
    "hot": Metric("what happened at the Redis tier", ("what",)),
    "outbox_jobs": Metric("pieces of promised work tried", ("topic", "outcome")),
    "notices": Metric("what became of notices when they were sent or asked for", ("channel", "outcome")),
    "callbacks": Metric("calls of message providers: taken, again, refused, malformed, late, failed", ("channel", "outcome")),
    "hl7_messages": Metric("HL7 messages answered, by AA, AE or AR", ("code",)),
    "forgotten": Metric("waiting lines and kept HL7 messages removed after their term", ("what",)),
    "scrub_copies": Metric("copies looked at by the scrub", ("outcome",)),
}
HISTOGRAMS = {
    "http_seconds": Metric("time from the request's header to the answer's header, s", ("method", "route")),
    "ingest_seconds": Metric("time to take one request's instances durably, s"),
    "store_seconds": Metric("time of one store operation, s", ("store", "operation")),
    "outbox_seconds": Metric("time of one piece of promised work, s", ("topic",)),
    "notice_seconds": Metric("time to hand one notice to its provider, s", ("channel",)),
}
GAUGES = {
    "outbox_waiting": Metric("pieces of promised work not yet done"),
    "outbox_dead": Metric("pieces of promised work given up: a person must look"),
    "audit_chains_not_as_noted": Metric("audit chains that differ from the heads noted in the stores: run audit verify"),
    "notices_waiting": Metric("notices that are due and not yet sent"),
    "notices_for_a_person": Metric("notices that failed or of which nobody can say whether they were sent"),
    "notices_stopped": Metric("hospitals whose notices a burst has stopped"),
    "copies_not_good": Metric("copies that are missing, damaged or not yet written"),
}

T = TypeVar("T", Counter, Histogram)


class _Allocated(MmapedDict):
    """A file of numbers whose room is taken at once: a page for which a full disk has no room kills who touches it (SIGBUS)."""

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        if not read_mode:
            with open(filename, "ab") as file:
                os.posix_fallocate(file.fileno(), 0, FILE_BYTES)
        super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]


if FOLDER_VARIABLE in os.environ:
    values.MmapedDict = _Allocated  # type: ignore[attr-defined]
    # Our processes never fork: asking the system at every count which process this is would be in vain.
    values.ValueClass = values.MultiProcessValue(lambda: _PROCESS)  # type: ignore[no-untyped-call]

_registry = CollectorRegistry()
_lines: dict[tuple[object, ...], Counter | Histogram] = {}
_counters = {name: Counter(f"cloudfilm_{name}", m.meaning, m.labels, registry=_registry) for name, m in COUNTERS.items()}
_histograms = {
    name: Histogram(f"cloudfilm_{name}", m.meaning, m.labels, registry=_registry, buckets=SECONDS)
    for name, m in HISTOGRAMS.items()
}
_gauges = {
    name: Gauge(f"cloudfilm_{name}", m.meaning, m.labels, registry=_registry, multiprocess_mode="mostrecent")
    for name, m in GAUGES.items()
}


def count(name: str, amount: float = 1, **labels: str) -> None:
    """Add to a counter of the table."""
    _labelled(_counters[name], name, labels).inc(amount)


def observe(name: str, seconds: float, **labels: str) -> None:
    """Add one duration to a histogram of the table."""
    _labelled(_histograms[name], name, labels).observe(seconds)


def _labelled(metric: T, name: str, labels: dict[str, str]) -> T:
    """The line of a metric; prometheus_client takes a lock and some time to find it, at each request."""
    if not labels:
        return metric
    key = (name, *labels.items())
    known = _lines.get(key)
    if known is None:
        known = _lines[key] = metric.labels(**labels)
    return cast(T, known)


def set_level(name: str, value: float) -> None:
    """Say how much there is now."""
    _gauges[name].set(value)


def count_hot(what: str) -> None:
    """One event at the Redis tier."""
    count("hot", what=what)


def exposition() -> bytes:
    """All metrics of all processes in the text format that Prometheus reads."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        return generate_latest(_registry)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
    return generate_latest(registry)

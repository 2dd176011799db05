"""The jobs that are only asking: which paths, in which form, and how many times faster than the peer we want to be."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.study import Series

JSON = "application/dicom+json"
JPEG = "image/jpeg"
AS_ARCHIVED = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
EXPLICIT_LE = 'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1'
NEW_WINDOWS = 60_000  # more than any server answers in one run
CT_WINDOWS = ((20, 60), (300, 500))  # centre and width, at least and at most
DX_WINDOWS = ((2200, 2400), (2800, 3200))
VIEWPORT = "viewport=256,256"
SCREEN = "viewport=1080,1080"

Paths = Callable[[dict[str, Series]], list[str]]


@dataclass(frozen=True, slots=True)
class Job:
    """One line of the table."""

    name: str
    title: str
    required: float | None
    accept: str
    paths: Paths
    connections: tuple[int, ...] = (16, 1)
    peer_paths: Paths | None = None  # where the peer needs another URL for the same thing
    more_headers: dict[str, str] = field(default_factory=dict)


def _shuffled(paths: Sequence[str]) -> list[str]:
    return random.sample(list(paths), len(paths))


def _each(kind: str, ending: str) -> Paths:
    return lambda study: _shuffled([path + ending for path in study[kind].instances])


def _never_asked(kind: str, windows: tuple[tuple[int, int], tuple[int, int]], more: str = "") -> Paths:
    """New windows at every call: no cache can know the answer."""

    def paths(study: dict[str, Series]) -> list[str]:
        centre, width = windows
        return [
            f"{path}/rendered?window={_value(centre)},{_value(width)},linear{more}"
            for path in random.choices(study[kind].instances, k=NEW_WINDOWS)
        ]

    return paths


def _value(span: tuple[int, int]) -> str:
    return f"{random.randint(*span)}.{random.randint(0, 999):03d}"


JOBS = (
    Job("frame", "CT frame as archived", 12, AS_ARCHIVED, _each("ct", "/frames/1")),
    Job("frame-explicit", "CT frame as Explicit VR LE, hot", 4, EXPLICIT_LE, _each("ct", "/frames/1")),
    Job("rendered-new", "rendered CT, window never asked before, hot", 3, JPEG, _never_asked("ct", CT_WINDOWS)),
    Job("rendered", "rendered CT, asked before", 30, JPEG, _each("ct", "/rendered")),
    Job(
        "thumbnail",
        "thumbnail (peer: viewport 256)",
        10,
        JPEG,
        _each("ct", "/thumbnail"),
        peer_paths=_each("ct", f"/rendered?{VIEWPORT}"),
    ),
    Job("viewport", "rendered CT, viewport 256", 10, JPEG, _each("ct", f"/rendered?{VIEWPORT}")),
    Job("dx-new", "rendered DX 2500×3000, viewport 1080, never asked", 2, JPEG, _never_asked("dx", DX_WINDOWS, f"&{SCREEN}")),
    Job("dx", "rendered DX 2500×3000, viewport 1080, asked before", 20, JPEG, _each("dx", f"/rendered?{SCREEN}")),
    Job("metadata", "series metadata of 300", 10, JSON, lambda study: [f"{study['ct'].path}/metadata"]),
    Job(
        "metadata-gzip",
        "series metadata of 300, gzip accepted",
        None,
        JSON,
        lambda study: [f"{study['ct'].path}/metadata"],
        more_headers={"Accept-Encoding": "gzip"},
    ),
    Job("qido-study", "QIDO one study", 3, JSON, lambda study: [f"/studies?PatientID={study['ct'].patient_id}"]),
    Job("qido-instances", "QIDO 300 instances", 50, JSON, lambda study: [f"{study['ct'].path}/instances"]),
    Job(
        "cine-frame",
        "US cine frame as archived",
        None,
        AS_ARCHIVED,
        lambda study: _shuffled([f"{study['us'].instances[0]}/frames/{n}" for n in range(1, 61)]),
        (16,),
    ),
)

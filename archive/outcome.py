"""What became of a file that was to be stored, for the answer, the operator and the audit trail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from infra.audit import Entry


class Status(StrEnum):
    """What became of one file."""

    STORED = "stored"
    SAME = "same"  # the same bytes were here already; its copies were looked at and healed
    REPLACED = "replaced"  # a new version; the old one is kept
    REFUSED = "refused"


class Refusal(StrEnum):
    """Why a file was refused; api/dicomweb/store.py knows the standard's number of each."""

    UNREADABLE = "unreadable"
    DIFFERENT = "another instance with this UID is stored"
    OTHER_STUDY = "not of the study that was asked for"
    UNAVAILABLE = "no room or no store right now"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file, in words for an operator and UIDs for the answer."""

    name: str
    status: Status
    reason: str = ""
    refusal: Refusal | None = None
    study_uid: str = ""
    series_uid: str = ""
    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    verdict: str = ""


def entries(entry: Entry, at: datetime, outcomes: Iterable[Outcome], stores: Mapping[str, frozenset[int]]) -> list[Entry]:
    """Like `entry`, one a study for what was stored, and one for each refused file.

    `stores`: SOP Instance UID → where it was written.
    """
    studies: dict[str, list[Outcome]] = {}
    refused = []
    for each in outcomes:
        if each.status is Status.REFUSED:
            detail = {"instance": each.sop_instance_uid, "why": str(each.refusal)}
            refused.append(replace(entry, at=at, outcome="refused", study_uid=each.study_uid, detail=detail))
        else:
            studies.setdefault(each.study_uid, []).append(each)
    stored = [replace(entry, at=at, study_uid=uid, detail=_detail(many, stores)) for uid, many in studies.items()]
    return stored + refused


def _detail(outcomes: Sequence[Outcome], stores: Mapping[str, frozenset[int]]) -> dict[str, object]:
    counts = {str(kind): sum(each.status is kind for each in outcomes) for kind in Status if kind is not Status.REFUSED}
    written = [stores[each.sop_instance_uid] for each in outcomes if each.sop_instance_uid in stores]
    everywhere = sorted(frozenset.intersection(*written)) if written else []
    return {**counts, "series": sorted({each.series_uid for each in outcomes}), "stores": everywhere}

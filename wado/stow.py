"""What became of the instances that were sent to be stored (PS3.18 section 10.5.3 and annex I)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from core.errors import (
    CloudfilmError,
    Conflict,
    Forbidden,
    Malformed,
    RetryLater,
    TooLarge,
    Unreadable,
    UnsupportedMediaType,
)

COMMENT_MOST_CHARACTERS = 64  # of VR LO


class FailureReason(IntEnum):
    """Why an instance was not stored, (0008,1197): PS3.18 table I.2-2 and PS3.7 annex C."""

    PROCESSING_FAILURE = 0x0110
    DUPLICATE_INSTANCE = 0x0111
    SOP_CLASS_NOT_SUPPORTED = 0x0122
    NOT_AUTHORIZED = 0x0124
    OUT_OF_RESOURCES = 0xA700
    DATA_SET_DOES_NOT_MATCH = 0xA900  # its SOP class, or the study that the URL names
    CANNOT_UNDERSTAND = 0xC000
    TRANSFER_SYNTAX_NOT_SUPPORTED = 0xC122


class WarningReason(IntEnum):
    """What is to be said of an instance that was stored, (0008,1196): PS3.18 table I.2-1."""

    COERCION_OF_DATA_ELEMENTS = 0xB000
    ELEMENTS_DISCARDED = 0xB006
    DATA_SET_DOES_NOT_MATCH_SOP_CLASS = 0xB007


@dataclass(frozen=True, slots=True)
class Stored:
    """An instance that is safe now."""

    study_uid: str
    series_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    warning: WarningReason | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A part that was not stored; without a SOP Instance UID it counts among the other failures."""

    reason: FailureReason
    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    comment: str = ""  # in words, (0000,0902); no personal data


# The first class that fits decides.
_REASONS: tuple[tuple[type[CloudfilmError], FailureReason], ...] = (
    (Unreadable, FailureReason.CANNOT_UNDERSTAND),
    (Malformed, FailureReason.CANNOT_UNDERSTAND),
    (UnsupportedMediaType, FailureReason.CANNOT_UNDERSTAND),
    (Conflict, FailureReason.DUPLICATE_INSTANCE),
    (Forbidden, FailureReason.NOT_AUTHORIZED),
    (TooLarge, FailureReason.OUT_OF_RESOURCES),
    (RetryLater, FailureReason.OUT_OF_RESOURCES),
)


def reason_of(error: CloudfilmError) -> FailureReason:
    """The failure reason that says what our error means."""
    return next(
        (reason for kind, reason in _REASONS if isinstance(error, kind)),
        FailureReason.PROCESSING_FAILURE,
    )


def status_code(stored: Sequence[Stored], failed: Sequence[Failed]) -> int:
    """200 all stored, 202 stored but something is to be said, 409 none stored (PS3.18 table 10.5.3-1)."""
    if not stored:
        return 409
    if failed or any(each.warning is not None for each in stored):
        return 202
    return 200


def store_response(stored: Sequence[Stored], failed: Sequence[Failed], base_url: str) -> dict[str, Any]:
    """The Store Instances Response Module as DICOM JSON; `base_url` is the public URL of the DICOMweb root.

    Sequences without items are left out: clients take an empty FailedSOPSequence for a failure.
    """
    base_url = base_url.rstrip("/")
    known = [each for each in failed if each.sop_instance_uid]
    others = [each for each in failed if not each.sop_instance_uid]
    studies = {each.study_uid for each in stored}
    study_url = f"{base_url}/studies/{studies.pop()}" if len(studies) == 1 else None
    sequences = {
        "00081198": [_reference(each.sop_class_uid, each.sop_instance_uid) | _reason(each) for each in known],
        "00081199": [_stored(each, base_url) for each in stored],
        "0008119A": [_reason(each) for each in others],
    }
    return {"00081190": _element("UR", study_url)} | {
        tag: {"vr": "SQ", "Value": items} for tag, items in sequences.items() if items
    }


def _stored(each: Stored, base_url: str) -> dict[str, Any]:
    url = f"{base_url}/studies/{each.study_uid}/series/{each.series_uid}/instances/{each.sop_instance_uid}"
    item = _reference(each.sop_class_uid, each.sop_instance_uid) | {"00081190": _element("UR", url)}
    if each.warning is None:
        return item
    return item | {"00081196": _element("US", int(each.warning))}


def _reference(sop_class_uid: str, sop_instance_uid: str) -> dict[str, Any]:
    return {
        "00081150": _element("UI", sop_class_uid or None),
        "00081155": _element("UI", sop_instance_uid),
    }


def _reason(each: Failed) -> dict[str, Any]:
    reason = {"00081197": _element("US", int(each.reason))}
    return reason | {"00000902": _element("LO", each.comment[:COMMENT_MOST_CHARACTERS])} if each.comment else reason


def _element(vr: str, value: str | int | None) -> dict[str, Any]:
    return {"vr": vr} if value is None else {"vr": vr, "Value": [value]}

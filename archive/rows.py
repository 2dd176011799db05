"""What the tables hold of one prepared file; every text cut and cleaned so that no file, however hostile, stops an insert."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from archive import retention
from archive.attributes import Values
from archive.models import CopyState, Form, Series, Study
from archive.prepare import Prepared
from core.names import fold_name
from core.uids import row_id
from infra.database import fitting

STORES = (1, 2, 3)
VISIT_KIND = "outpatient"  # until the hospital says otherwise

Row = dict[str, Any]  # column → value


def study(hospital: str, prepared: Prepared, now: datetime) -> Study:
    """A new study with nothing in it yet."""
    values = prepared.study
    return Study(
        id=row_id(),
        hospital_id=hospital,
        study_instance_uid=str(values["StudyInstanceUID"]),
        keep_until=retention.keep_until(VISIT_KIND, None, _text(values, "StudyDate", 8), now),
        **study_values(prepared),
    )


def study_values(prepared: Prepared) -> Row:
    """What a file says of its study."""
    values = prepared.study
    name, referring = _text(values, "PatientName", 400), _text(values, "ReferringPhysicianName", 400)
    return {
        "patient_id": _text(values, "PatientID", 64),
        "patient_name": name,
        "patient_name_folded": fold_name(name)[:400],
        "patient_birth_date": _text(values, "PatientBirthDate", 8),
        "patient_sex": _text(values, "PatientSex", 16),
        "study_date": _text(values, "StudyDate", 8),
        "study_time": _text(values, "StudyTime", 16),
        "accession_number": _text(values, "AccessionNumber", 64),
        "study_id": _text(values, "StudyID", 64),
        "study_description": _text(values, "StudyDescription", 256),
        "referring_physician_name": referring,
        "referring_physician_name_folded": fold_name(referring)[:400],
        "attributes": prepared.study_row,
    }


def series(study_id: int, prepared: Prepared) -> Series:
    """A new series with nothing in it yet."""
    return Series(
        id=row_id(),
        study_id=study_id,
        series_instance_uid=str(prepared.series["SeriesInstanceUID"]),
        **series_values(prepared),
    )


def series_values(prepared: Prepared) -> Row:
    """What a file says of its series."""
    values = prepared.series
    return {
        "modality": _text(values, "Modality", 16),
        "series_number": values["SeriesNumber"],
        "series_description": _text(values, "SeriesDescription", 256),
        "body_part_examined": _text(values, "BodyPartExamined", 32),
        "performed_procedure_step_start_date": _text(values, "PerformedProcedureStepStartDate", 8),
        "performed_procedure_step_start_time": _text(values, "PerformedProcedureStepStartTime", 16),
        "attributes": prepared.series_row,
    }


def instance(hospital: str, series_id: int, prepared: Prepared) -> Row:
    """A new instance in its first version."""
    return {
        "id": row_id(),
        "hospital_id": hospital,
        "series_id": series_id,
        "sop_instance_uid": str(prepared.instance["SOPInstanceUID"]),
        "version": 1,
        **instance_values(prepared),
    }


def instance_values(prepared: Prepared) -> Row:
    """What a file says of its instance."""
    return {
        "sop_class_uid": _text(prepared.instance, "SOPClassUID", 64),
        "instance_number": prepared.instance["InstanceNumber"],
        "number_of_frames": prepared.number_of_frames,
        "attributes": prepared.instance_row,
    }


def stored_object(instance_id: int, version: int, key: str, prepared: Prepared, now: datetime) -> Row:
    """One version of an instance as it lies in the stores."""
    return {
        "id": row_id(),
        "instance_id": instance_id,
        "version": version,
        "key": key,
        "form": Form(prepared.form).value,
        "verdict": fitting(prepared.verdict, 200),
        "size": prepared.size,
        "sha256": prepared.sha256,
        "part10_size": prepared.part10_size,
        "original_size": prepared.original_size,
        "original_sha256": prepared.original_sha256,
        "original_crc32": prepared.original_crc32,
        "original_transfer_syntax_uid": fitting(prepared.original_transfer_syntax_uid, 64),
        "transfer_syntax_uid": fitting(prepared.transfer_syntax_uid, 64),
        "decodable": prepared.decodable,
        "extents": prepared.extents,
        "description": prepared.description,
        "metadata": prepared.metadata,
        "received_at": now,
    }


def copies(object_id: int | str, written: frozenset[int], now: datetime) -> list[Row]:
    """One row a store; what is not written yet is promised."""
    good, pending = CopyState.GOOD.value, CopyState.PENDING.value
    return [
        {
            "id": row_id(),
            "object_id": object_id,
            "store": store,
            "state": good if store in written else pending,
            "checked_at": now if store in written else None,
        }
        for store in STORES
    ]


def thumbnail(object_id: int, prepared: Prepared) -> Row | None:
    """The picture made when the file was examined, if it shows anything."""
    return {"object_id": object_id, "jpeg": prepared.thumbnail} if prepared.thumbnail else None


def _text(values: Values, keyword: str, most_characters: int) -> str:
    return fitting(str(values[keyword]), most_characters)

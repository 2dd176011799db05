"""Opening a film as a viewer does: a new connection, three searches from the patient to the slices, the first picture."""

from __future__ import annotations

import json
import time

from bench.jobs import JPEG, JSON
from bench.load import connect, get
from bench.parties import Party
from bench.study import Series


def opened_ms(party: Party, series: Series) -> float:
    """Milliseconds from nothing to the picture of the middle slice."""
    begun = time.perf_counter()
    connection = connect(party.root)

    def ask(path: str, media_type: str) -> bytes:
        status, body = get(party.root + path, party.accepting(media_type), connection)
        if status != 200:
            raise RuntimeError(f"{party.name} answers {status} to {path}")
        return body

    study_uid = _value(json.loads(ask(f"/studies?PatientID={series.patient_id}", JSON))[0], "0020000D")
    series_uid = _value(json.loads(ask(f"/studies/{study_uid}/series", JSON))[0], "0020000E")
    instances = json.loads(ask(f"/studies/{study_uid}/series/{series_uid}/instances", JSON))
    middle = _value(instances[len(instances) // 2], "00080018")
    ask(f"/studies/{study_uid}/series/{series_uid}/instances/{middle}/rendered", JPEG)
    connection.close()
    return (time.perf_counter() - begun) * 1000


def _value(data_set: dict[str, dict[str, list[str]]], tag: str) -> str:
    return data_set[tag]["Value"][0]

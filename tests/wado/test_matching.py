import pytest

from archive.models import Instance, Series, Study
from wado.matching import COLUMNS, match, split
from wado.query import Level, parse_query

DATASET = {
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Wang^XiaoDong", "Ideographic": "王^小东"}]},
    "00100020": {"vr": "LO", "Value": ["4711"]},
    "00080020": {"vr": "DA", "Value": ["20200615"]},
    "00080061": {"vr": "CS", "Value": ["CT", "MR"]},
    "00080050": {"vr": "SH"},
    "00080090": {"vr": "PN", "Value": [None]},
    "00200011": {"vr": "IS", "Value": [3]},
    "00400275": {
        "vr": "SQ",
        "Value": [
            {"00400009": {"vr": "SH", "Value": ["SPS1"]}},
            {"00400009": {"vr": "SH", "Value": ["SPS2"]}},
        ],
    },
    "00101010": {"vr": "AS", "Value": ["045Y"]},
}


@pytest.mark.parametrize(
    ("name", "value", "matches"),
    [
        ("PatientName", "王小东", True),
        ("PatientName", "wang*", True),
        ("PatientName", "li*", False),
        ("PatientID", "4711", True),
        ("PatientID", "471", False),
        ("PatientID", "471?", True),
        ("StudyDate", "20200101-20201231", True),
        ("ModalitiesInStudy", "MR", True),
        ("ModalitiesInStudy", "US,MR", True),
        ("ModalitiesInStudy", "US", False),
        ("SeriesNumber", "3", True),
        ("SeriesNumber", "03", True),
        ("SeriesNumber", "4", False),
        ("AccessionNumber", "", True),
        ("AccessionNumber", "A1", False),
        ("ReferringPhysicianName", "li*", False),
        ("RequestAttributesSequence.ScheduledProcedureStepID", "SPS2", True),
        ("RequestAttributesSequence.ScheduledProcedureStepID", "SPS3", False),
        ("RequestAttributesSequence.RequestedProcedureID", "", True),
        ("RequestAttributesSequence.RequestedProcedureID", "RP1", False),
        ("PatientAge", "045Y", True),
        ("StudyInstanceUID", "1.2.3", False),
    ],
)
def test_a_dataset_is_matched_by_its_values(name: str, value: str, matches: bool) -> None:
    (asked,) = parse_query(Level.INSTANCE, [(name, value)]).filters
    assert match(DATASET, asked) is matches


def test_empty_value_matching_finds_what_has_no_value() -> None:
    pairs = [("AccessionNumber", '""'), ("PatientID", '""'), ("StudyID", '""'), ("emptyvaluematching", "true")]
    accession, patient, study = parse_query(Level.STUDY, pairs).filters
    assert (match(DATASET, accession), match(DATASET, patient), match(DATASET, study)) == (True, False, True)


def test_the_database_takes_what_has_a_column_and_leaves_the_rest() -> None:
    pairs = [
        ("PatientName", "王*"),
        ("StudyDate", ""),
        ("PatientAge", "045Y"),
        ("00400275.00400009", "SPS1"),
        ("Modality", "CT"),
    ]
    inside, rest = split(parse_query(Level.SERIES, pairs))
    assert [(each.column.name, each.column.level) for each in inside] == [
        ("patient_name_folded", Level.STUDY),
        ("modality", Level.SERIES),
    ]
    assert [each.path for each in rest] == [("00101010",), ("00400275", "00400009")]


def test_every_column_of_the_allow_list_is_a_column_of_the_archive() -> None:
    models = {Level.STUDY: Study, Level.SERIES: Series, Level.INSTANCE: Instance}
    for column in COLUMNS.values():
        assert column.name in models[column.level]._meta.fields_map

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Malformed
from wado.conditions import Between, Either, Empty, Name, Number, OneOf, Pattern, Universal
from wado.query import Filter, Level, Query, parse_query


def only(name: str, value: str, level: Level = Level.INSTANCE, **settings: str) -> Filter:
    (found,) = parse_query(level, [(name, value), *settings.items()]).filters
    return found


def test_no_parameter_asks_for_everything() -> None:
    assert parse_query(Level.STUDY, []) == Query(Level.STUDY)


@pytest.mark.parametrize("name", ["PatientID", "patientid", "PATIENTID", "00100020"])
def test_an_attribute_has_a_keyword_in_any_case_or_a_tag(name: str) -> None:
    assert only(name, "4711") == Filter(("00100020",), "LO", OneOf(("4711",)))


@pytest.mark.parametrize(
    "name",
    [
        "RequestAttributesSequence.ScheduledProcedureStepID",
        "00400275.00400009",
        "requestattributessequence.00400009",
    ],
)
def test_a_dotted_name_goes_into_sequences(name: str) -> None:
    assert only(name, "SPS1") == Filter(("00400275", "00400009"), "SH", OneOf(("SPS1",)))


@pytest.mark.parametrize(
    ("name", "value", "condition"),
    [
        ("PatientID", "", Universal()),
        ("PatientID", "*", Universal()),
        ("PatientName", "**", Universal()),
        ("StudyDate", "", Universal()),
        ("StudyInstanceUID", "", Universal()),
        ("PatientID", " 4711 ", OneOf(("4711",))),
        ("PatientID", "47*", Pattern("47*")),
        ("StudyDescription", "?horax*", Pattern("?horax*")),
        ("StudyDescription", r"CT Thorax\CT*", Either((OneOf(("CT Thorax",)), Pattern("CT*")))),
        ("StudyInstanceUID", "1.2.3", OneOf(("1.2.3",))),
        ("StudyInstanceUID", "1.2.3,1.2.4", OneOf(("1.2.3", "1.2.4"))),
        ("StudyInstanceUID", r"1.2.3\1.2.4\1.2.3", OneOf(("1.2.3", "1.2.4"))),
        ("StudyInstanceUID", "1.2.3%2C1.2.4", OneOf(("1.2.3", "1.2.4"))),
        ("ModalitiesInStudy", r"CT\MR", OneOf(("CT", "MR"))),
        ("ModalitiesInStudy", "CT,MR", OneOf(("CT", "MR"))),
        ("StudyDate", "20201231", Between("20201231", "20201231")),
        ("StudyDate", "20200101-20201231", Between("20200101", "20201231")),
        ("StudyDate", "20200101-", Between("20200101", "")),
        ("StudyDate", "-20201231", Between("", "20201231")),
        ("StudyTime", "10-1145", Between("10", "114559.999999")),
        ("StudyTime", "103015", Between("103015", "103015.999999")),
        ("StudyTime", "103015.5", Between("103015.5", "103015.599999")),
        ("AcquisitionDateTime", "2020-202106", Between("2020", "20210631235959.999999")),
        ("AcquisitionDateTime", "20200101120000+0800-", Between("20200101120000", "")),
        ("SeriesNumber", "3", Number(3.0)),
        ("SeriesNumber", r"3\4", Either((Number(3.0), Number(4.0)))),
        ("Rows", "512", Number(512.0)),
        ("PatientName", "WANG^Xiao*", Name(("wang^xiao*",))),
        ("PatientName", "Wang=王小东", Name(("wang", "王小东"))),
        ("PatientName", "ＷＡＮＧ^", Name(("wang",))),
    ],
)
def test_a_value_becomes_the_condition_its_kind_asks_for(name: str, value: str, condition: object) -> None:
    assert only(name, value).condition == condition


def test_fuzzy_matching_looks_for_words() -> None:
    found = only("PatientName", "Xiao wang*", fuzzymatching="true")
    assert found.condition == Name(("xiao wang*",), ("xiao", "wang"))
    assert only("PatientID", "4711", fuzzymatching="true").condition == OneOf(("4711",))


def test_empty_value_matching_is_asked_for_explicitly() -> None:
    assert only("AccessionNumber", '""', emptyvaluematching="true").condition == Empty()
    assert only("AccessionNumber", '""').condition == OneOf(('""',))


def test_a_uid_may_be_given_again_and_again() -> None:
    query = parse_query(Level.STUDY, [("StudyInstanceUID", "1.2"), ("0020000D", "1.3")])
    assert [each.condition for each in query.filters] == [OneOf(("1.2", "1.3"))]


def test_fields_to_include_come_repeated_in_lists_and_as_all() -> None:
    pairs = [("includefield", "00081030,PatientAge"), ("includefield", "studydescription"), ("includefield", "all")]
    query = parse_query(Level.STUDY, pairs)
    assert (query.include, query.include_all) == (("00081030", "00101010"), True)
    nested = parse_query(Level.INSTANCE, [("includefield", "RequestAttributesSequence.ScheduledProcedureStepID,00091001,")])
    assert nested.include == ("00400275", "00091001")


def test_what_ohif_sends_for_its_study_list_is_understood() -> None:
    query = parse_query(
        Level.STUDY,
        [
            ("limit", "101"),
            ("offset", "0"),
            ("fuzzymatching", "false"),
            ("includefield", "00081030,00080060"),
            ("PatientName", "*wang*"),
            ("00100020", "*47*"),
            ("StudyDate", "20200101-20201231"),
            ("ModalitiesInStudy", "CT,MR"),
        ],
    )
    assert (query.limit, query.offset, query.fuzzy, query.include) == (101, 0, False, ("00081030", "00080060"))
    assert len(query.filters) == 4


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NoSuchKeyword", "1"),
        ("00189999", "1"),
        ("0010002", "1"),
        ("PatientID.PatientName", "1"),
        ("RequestAttributesSequence.", "1"),
        ("PixelData", "1"),
        ("RequestAttributesSequence", "1"),
        ("StudyInstanceUID", "1.2.*"),
        ("StudyInstanceUID", "abc"),
        ("StudyInstanceUID", ","),
        ("StudyDate", "2020"),
        ("StudyDate", "2020-01-01"),
        ("StudyDate", "-"),
        ("StudyDate", "20201231-20200101"),
        ("StudyDate", "2020010120200102"),
        ("StudyTime", "1030x"),
        ("SeriesNumber", "one"),
        ("SeriesNumber", "nan"),
        ("PatientID", "x" * 5000),
        ("limit", "-1"),
        ("limit", "ten"),
        ("limit", ""),
        ("offset", "-5"),
        ("offset", "1.5"),
        ("limit", "٣"),
        ("fuzzymatching", "maybe"),
        ("emptyvaluematching", "1"),
        ("includefield", "NoSuchKeyword"),
    ],
)
def test_what_cannot_be_asked_is_malformed(name: str, value: str) -> None:
    with pytest.raises(Malformed):
        parse_query(Level.INSTANCE, [(name, value)])


@pytest.mark.parametrize("name", ["_", "", "token", "x-trace", "foo.bar"])
def test_a_parameter_that_cannot_be_an_attribute_is_ignored_and_said(name: str) -> None:
    query = parse_query(Level.INSTANCE, [(name, "1"), ("patientid", "7")])
    assert query.ignored
    assert [each.path for each in query.filters] == [("00100020",)]
    assert not parse_query(Level.INSTANCE, [("PatientID", "7"), ("limit", "1")]).ignored


def test_a_study_is_not_asked_for_what_only_its_series_have() -> None:
    with pytest.raises(Malformed, match="Modality belongs to the series level, not to the study level"):
        parse_query(Level.STUDY, [("Modality", "CT")])
    with pytest.raises(Malformed, match="SOPClassUID belongs to the instance level"):
        parse_query(Level.SERIES, [("SOPClassUID", "1.2")])
    assert only("Modality", "CT", Level.SERIES).condition == OneOf(("CT",))


@pytest.mark.parametrize("name", ["PatientID", "limit"])
def test_what_is_given_twice_is_malformed(name: str) -> None:
    with pytest.raises(Malformed, match="twice"):
        parse_query(Level.STUDY, [(name, "1"), (name, "1")])


@given(
    st.text(min_size=4, max_size=20), st.sampled_from(["PatientName", "StudyDate", "StudyInstanceUID", "SeriesNumber", "limit"])
)
def test_a_refusal_never_repeats_the_value(value: str, name: str) -> None:
    try:
        parse_query(Level.INSTANCE, [(name, value)])
    except Malformed as error:
        assert value not in str(error) or value.lower() in "number range whole"


def test_too_many_filters_are_refused() -> None:
    with pytest.raises(Malformed):
        parse_query(Level.STUDY, [(f"0009{number:04X}", "x") for number in range(0x1000, 0x1050)])

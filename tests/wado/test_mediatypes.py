from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Malformed
from wado.mediatypes import (
    MEDIA_TYPE_OF,
    TRANSFER_SYNTAXES,
    parse_accept,
    parse_accept_parameter,
    parse_media_type,
)


@pytest.mark.parametrize(
    "accept",
    [
        'multipart/related; type="application/octet-stream"; transfer-syntax=*',
        "multipart/related; type=application/octet-stream; transfer-syntax=*",
        "multipart/related;type=application/octet-stream;transfer-syntax=*",
        'Multipart/Related ; Type = "Application/Octet-Stream" ; Transfer-Syntax = "*"',
        'multipart/related; type="application/octet-stream"; transfer-syntax=*; boundary=**',
        "multipart/related; type=application/octet-stream; transfer-syntax=*;",
    ],
)
def test_quoted_and_unquoted_parameters_mean_the_same(accept: str) -> None:
    (media_range,) = parse_accept(accept)
    assert (media_range.multipart, media_range.part) == (
        True,
        "application/octet-stream",
    )
    assert media_range.transfer_syntax == "*"


def test_a_list_keeps_its_order_and_weights() -> None:
    ranges = parse_accept('application/dicom+json;q=0.5,, multipart/related; type="a/b, c"; q=1.000 ,*/*;q=.1')
    assert [media_range.quality for media_range in ranges] == [0.5, 1.0, 0.1]
    assert ranges[1].part == "a/b, c"


@pytest.mark.parametrize("accept", ["", " , ,"])
def test_an_empty_list_is_a_list(accept: str) -> None:
    assert parse_accept(accept) == ()


@pytest.mark.parametrize(
    "accept",
    [
        "application",
        "dicom json",
        "/dicom",
        "application/dicom; q=2",
        "application/dicom; q=-1",
        "application/dicom; q=high",
        "application/dicom; transfer-syntax=jpeg",
        "application/dicom; transfer-syntax=",
        "application/dicom; transfer-syntax=1.2.840.10008.1.2.1; transfer-syntax=1.2.840.10008.1.2.5",
        "application/dicom; transfer-syntax=1.2.840.10008.1.2.1, 1.2.840.10008.1.2.5",
        'multipart/related; type="application/dicom',
        'multipart/related; type="application/dicom"x',
        "application/dicom application/zip",
        "a/b," * 65,
        "a/" + "b" * 9000,
        "应用/dicom",
    ],
)
def test_nonsense_is_malformed(accept: str) -> None:
    with pytest.raises(Malformed):
        parse_accept(accept)


@given(st.text('ab/*;,=" q.01\\+', max_size=40))
def test_any_text_is_understood_or_malformed(text: str) -> None:
    with suppress(Malformed):
        assert all(0 <= media_range.quality <= 1 for media_range in parse_accept(text))


def test_the_default_accept_of_java_is_understood() -> None:
    ranges = parse_accept("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2")
    assert [media_range.name for media_range in ranges[-2:]] == ["*/*", "*/*"]


def test_a_plus_that_the_url_turned_into_a_space_is_put_back() -> None:
    assert parse_accept_parameter("application/dicom json")[0].name == "application/dicom+json"
    assert parse_accept_parameter('multipart/related; type="application/dicom xml"')[0].part == "application/dicom+xml"


@pytest.mark.parametrize("value", ["*/*", "image/*", 'multipart/related; type="*/*"'])
def test_the_query_parameter_takes_no_wildcards(value: str) -> None:
    with pytest.raises(Malformed):
        parse_accept_parameter(value)


def test_a_content_type_is_exactly_one_media_type() -> None:
    assert parse_media_type("image/jpeg").name == "image/jpeg"
    with pytest.raises(Malformed):
        parse_media_type("image/jpeg, image/png")


def test_each_compressed_transfer_syntax_has_one_media_type() -> None:
    assert len(MEDIA_TYPE_OF) == sum(map(len, TRANSFER_SYNTAXES.values()))
    for last in ("201", "202", "203"):
        assert MEDIA_TYPE_OF[f"1.2.840.10008.1.2.4.{last}"] == "image/jphc"


def test_escaped_quotes_are_undone() -> None:
    assert parse_media_type(r'a/b; c="d\"e\\"').parameters == {"c": 'd"e\\'}

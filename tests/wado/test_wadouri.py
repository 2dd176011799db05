import pytest

from core.errors import Malformed, NotAcceptable
from films.image import Window
from wado.negotiation import Choice
from wado.wadouri import Region, UriRequest, choose, parse_uri_request

UIDS = {"requestType": "WADO", "studyUID": "1.2.3", "seriesUID": "1.2.4", "objectUID": "1.2.5"}
EXPLICIT, IMPLICIT, J2K = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.90"
PICTURES = ("image/jpeg", "image/png", "image/gif")


def parsed(**parameters: str) -> UriRequest:
    return parse_uri_request((UIDS | parameters).items())


def test_three_uids_are_enough() -> None:
    assert parsed() == UriRequest("1.2.3", "1.2.4", "1.2.5")


def test_what_the_npm_client_sends_is_understood() -> None:
    request = parsed(contentType="application/dicom", transferSyntax="*")
    assert choose(request, "*/*", PICTURES) == Choice("application/dicom", False, "*")
    picture = parsed(contentType="image/jpeg", transferSyntax="*")
    assert choose(picture, "*/*", PICTURES) == Choice("image/jpeg", False)


def test_all_that_shapes_a_picture_is_read() -> None:
    request = parsed(
        contentType="image/png",
        rows="256",
        columns="512",
        region="0,0.25,0.5%2C1",
        windowCenter="40",
        windowWidth="400",
        frameNumber="3",
        imageQuality="80",
        annotation="patient",
        charset="utf-8",
        unheardOf="1",
    )
    assert request == UriRequest(
        *("1.2.3", "1.2.4", "1.2.5", ("image/png",)),
        rows=256,
        columns=512,
        region=Region(0, 0.25, 0.5, 1),
        window=Window(40, 400),
        frame_number=3,
        image_quality=80,
        annotation=frozenset({"patient"}),
    )


@pytest.mark.parametrize(
    "parameters",
    [
        {"requestType": "wado"},
        {"requestType": ""},
        {"studyUID": ""},
        {"objectUID": "abc"},
        {"anonymize": "yes"},
        {"presentationUID": "1.2"},
        {"presentationSeriesUID": "1.2"},
        {"contentType": "image/*"},
        {"contentType": "jpeg"},
        {"contentType": "application/dicom,image/jpeg"},
        {"contentType": "application/dicom; transfer-syntax=*"},
        {"contentType": "application/dicom", "frameNumber": "1"},
        {"contentType": "application/dicom", "windowCenter": "1", "windowWidth": "2"},
        {"contentType": "image/jpeg", "transferSyntax": J2K},
        {"transferSyntax": J2K},
        {"contentType": "application/dicom", "transferSyntax": "jpeg"},
        {"rows": "0"},
        {"rows": "-1"},
        {"columns": "9000"},
        {"rows": "8000", "columns": "8000"},
        {"region": "0,0,1"},
        {"region": "0.5,0,0.5,1"},
        {"region": "0,0,1.1,1"},
        {"region": "-0.1,0,1,1"},
        {"windowCenter": "40"},
        {"windowWidth": "400"},
        {"windowCenter": "40", "windowWidth": "0"},
        {"frameNumber": "0"},
        {"frameNumber": "one"},
        {"imageQuality": "0"},
    ],
)
def test_what_cannot_be_asked_is_malformed(parameters: dict[str, str]) -> None:
    with pytest.raises(Malformed):
        parsed(**parameters)


def test_a_parameter_given_twice_is_malformed() -> None:
    with pytest.raises(Malformed):
        parse_uri_request([*UIDS.items(), ("rows", "1"), ("rows", "2")])


def test_implicit_vr_is_not_acceptable() -> None:
    with pytest.raises(NotAcceptable):
        parsed(contentType="application/dicom", transferSyntax=IMPLICIT)


def test_a_picture_is_the_default_of_an_image_and_the_object_of_others() -> None:
    assert choose(parsed(), None, PICTURES) == Choice("image/jpeg", False)
    assert choose(parsed(), "*/*", ()) == Choice("application/dicom", False, EXPLICIT)
    assert choose(parsed(), "image/png", PICTURES) == Choice("image/png", False)
    assert choose(parsed(), "application/dicom", PICTURES) == Choice("application/dicom", False, EXPLICIT)


def test_the_first_content_type_that_we_have_is_given() -> None:
    assert choose(parsed(contentType="image/jp2, image/png"), "*/*", PICTURES).media_type == "image/png"
    assert choose(parsed(contentType="image/png;q=0.5,image/gif"), "image/*", PICTURES).media_type == "image/gif"
    dicom = parsed(contentType="application/dicom", transferSyntax=J2K)
    assert choose(dicom, "*/*", PICTURES) == Choice("application/dicom", False, J2K)


@pytest.mark.parametrize(
    ("content_type", "accept"),
    [("image/jp2", "*/*"), ("image/png", "image/jpeg"), ("image/png", "image/png;q=0"), ("text/html", "*/*")],
)
def test_what_we_have_not_or_the_header_excludes_is_not_acceptable(content_type: str, accept: str) -> None:
    with pytest.raises(NotAcceptable):
        choose(parsed(contentType=content_type), accept, PICTURES)

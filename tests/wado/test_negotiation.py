import pytest

from core.errors import Malformed, NotAcceptable
from wado.negotiation import Category, Choice, negotiate, pick

EXPLICIT = "1.2.840.10008.1.2.1"
JPEG, JPEG_LOSSLESS = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.70"
JPEG_LS, J2K = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90"
HTJ2K, HTJ2K_RPCL, HTJ2K_LOSSY = (f"1.2.840.10008.1.2.4.20{last}" for last in "123")
MPEG4 = "1.2.840.10008.1.2.4.102"
ARCHIVED = (HTJ2K_RPCL, EXPLICIT)  # what an instance of ours can be given in
INSTANCES, METADATA, STORED = Category.INSTANCES, Category.METADATA, Category.STORED
FRAMES, BULKDATA, RENDERED = Category.FRAMES, Category.BULKDATA, Category.RENDERED


def chosen(category: Category, accept: str | None, available: tuple[str, ...] = ARCHIVED) -> tuple[str, bool, str | None]:
    choices = negotiate(category, accept)
    choice = pick(choices, available) if category in (INSTANCES, FRAMES, BULKDATA) else choices[0]
    return choice.media_type, choice.multipart, choice.transfer_syntax


Sent = tuple[Category, str | None, tuple[str, bool, str | None]]
RAW_OR_JPEG_LS = (
    f'multipart/related; type="image/jls"; transfer-syntax={JPEG_LS}, '
    f'multipart/related; type="application/octet-stream"; transfer-syntax={EXPLICIT}'
)

# The header forms that public clients send, word for word.
PYTHON_CLIENT: list[Sent] = [
    (
        METADATA,
        "application/dicom+json, application/json",
        ("application/dicom+json", False, None),
    ),
    (
        INSTANCES,
        'multipart/related; type="application/dicom"',
        ("application/dicom", True, EXPLICIT),
    ),
    (
        INSTANCES,
        'multipart/related; type="application/dicom"; transfer-syntax=*',
        ("application/dicom", True, HTJ2K_RPCL),
    ),
    (
        INSTANCES,
        f'multipart/related; type="application/dicom"; transfer-syntax={EXPLICIT}',
        ("application/dicom", True, EXPLICIT),
    ),
    (
        FRAMES,
        'multipart/related; type="*/*"',
        ("application/octet-stream", True, EXPLICIT),
    ),
    (
        FRAMES,
        'multipart/related; type="application/octet-stream"',
        ("application/octet-stream", True, EXPLICIT),
    ),
    (
        FRAMES,
        f'multipart/related; type="application/octet-stream"; transfer-syntax={EXPLICIT}',
        ("application/octet-stream", True, EXPLICIT),
    ),
    (
        BULKDATA,
        'multipart/related; type="*/*"',
        ("application/octet-stream", True, EXPLICIT),
    ),
    (RENDERED, "image/jpeg", ("image/jpeg", False, None)),
    (RENDERED, "image/png", ("image/png", False, None)),
    (RENDERED, "image/", ("image/jpeg", False, None)),
    (RENDERED, "image/*", ("image/jpeg", False, None)),
    (STORED, "*/*", ("application/dicom+json", False, None)),
]
NPM_CLIENT_AND_VIEWERS: list[Sent] = [
    (METADATA, "application/dicom+json", ("application/dicom+json", False, None)),
    (METADATA, "*/*", ("application/dicom+json", False, None)),
    # Cornerstone, unquoted
    (
        FRAMES,
        "multipart/related; type=application/octet-stream; transfer-syntax=*",
        ("application/octet-stream", True, HTJ2K_RPCL),
    ),
    (
        FRAMES,
        'multipart/related; type="application/octet-stream"; transfer-syntax=*',
        ("application/octet-stream", True, HTJ2K_RPCL),
    ),
    # a viewer that takes stored or raw (npm client with several media types)
    (
        FRAMES,
        RAW_OR_JPEG_LS,
        ("application/octet-stream", True, EXPLICIT),
    ),
    (
        FRAMES,
        f'multipart/related; type="image/jhc"; transfer-syntax={HTJ2K_RPCL}',
        ("image/jhc", True, HTJ2K_RPCL),
    ),
    (
        FRAMES,
        'multipart/related; type="image/jphc"; transfer-syntax=*',
        ("image/jphc", True, HTJ2K_RPCL),
    ),
    (
        FRAMES,
        'multipart/related; type="image/*"; transfer-syntax=*',
        ("image/jphc", True, HTJ2K_RPCL),
    ),
    # OHIF microscopy, and anything that says it takes anything
    (FRAMES, "*/*", ("application/octet-stream", True, EXPLICIT)),
    (INSTANCES, "*/*", ("application/dicom", True, EXPLICIT)),
    (INSTANCES, None, ("application/dicom", True, EXPLICIT)),
    (INSTANCES, "", ("application/dicom", True, EXPLICIT)),
    (
        INSTANCES,
        "application/dicom; transfer-syntax=*",
        ("application/dicom", False, HTJ2K_RPCL),
    ),
    (INSTANCES, "application/dicom", ("application/dicom", False, EXPLICIT)),
    (INSTANCES, "application/zip", ("application/zip", False, EXPLICIT)),
    (
        INSTANCES,
        "application/zip;transfer-syntax=*",
        ("application/zip", False, HTJ2K_RPCL),
    ),
    # OHIF issue 3726: a mixed list on /series
    (
        METADATA,
        "application/dicom+json, multipart/related; type=application/octet-stream",
        ("application/dicom+json", False, None),
    ),
    # single part frame
    (
        FRAMES,
        "application/octet-stream; transfer-syntax=*",
        ("application/octet-stream", False, HTJ2K_RPCL),
    ),
    (FRAMES, "image/jphc", ("image/jphc", False, HTJ2K_RPCL)),
    # a browser's address bar and its <img>
    (
        RENDERED,
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
        ("image/jpeg", False, None),
    ),
    (
        RENDERED,
        "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
        ("image/png", False, None),
    ),
    (
        METADATA,
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        ("application/dicom+json", False, None),
    ),
    (
        METADATA,
        'multipart/related; type="application/dicom+xml"',
        ("application/dicom+xml", True, None),
    ),
    (
        METADATA,
        "multipart/related; type=application/dicom+xml; q=0.5, application/json",
        ("application/json", False, None),
    ),
    (STORED, "application/dicom+xml", ("application/dicom+xml", False, None)),
]


@pytest.mark.parametrize(("category", "accept", "expected"), PYTHON_CLIENT + NPM_CLIENT_AND_VIEWERS)
def test_what_public_clients_send_is_answered(category: Category, accept: str | None, expected: tuple[str, bool, str]) -> None:
    assert chosen(category, accept) == expected


@pytest.mark.parametrize(
    ("category", "accept"),
    [
        (INSTANCES, "application/dicom; transfer-syntax=1.2.840.10008.1.2"),
        (
            INSTANCES,
            'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.2',
        ),
        (
            FRAMES,
            "multipart/related; type=application/octet-stream; transfer-syntax=1.2.840.10008.1.2",
        ),
        (INSTANCES, "application/x-tar"),
        (INSTANCES, "image/png"),
        (INSTANCES, "application/dicom; q=0"),
        (METADATA, "text/csv"),
        (METADATA, "application/dicom+json; charset=gb18030"),
        (METADATA, 'multipart/related; type="application/dicom+json"'),
        (RENDERED, "application/dicom"),
        (RENDERED, "image/webp"),
        (FRAMES, "image/png"),
        (INSTANCES, "*/*;q=0"),
    ],
)
def test_what_we_cannot_make_is_not_acceptable(category: Category, accept: str) -> None:
    with pytest.raises(NotAcceptable):
        negotiate(category, accept)


@pytest.mark.parametrize(
    ("category", "accept"),
    [
        (INSTANCES, "application/dicom, image/jpeg"),
        (INSTANCES, 'multipart/related; type="application/dicom", image/png'),
        (METADATA, "application/dicom+json, image/png"),
        (RENDERED, "image/jpeg, application/dicom"),
        (FRAMES, "application/octet-stream, image/png"),
        (INSTANCES, "nonsense"),
    ],
)
def test_mixing_dicom_and_rendered_types_is_malformed(category: Category, accept: str) -> None:
    with pytest.raises(Malformed):
        negotiate(category, accept)


def test_a_type_refused_by_weight_zero_does_not_count_as_mixed() -> None:
    assert chosen(INSTANCES, "application/dicom, image/png;q=0")[0] == "application/dicom"


@pytest.mark.parametrize(
    ("accept", "available"),
    [
        (f"application/dicom; transfer-syntax={J2K}", ARCHIVED),
        (f"application/dicom; transfer-syntax={HTJ2K}", (HTJ2K_LOSSY, EXPLICIT)),
        (f"application/dicom; transfer-syntax={EXPLICIT}", (MPEG4,)),
    ],
)
def test_a_transfer_syntax_that_the_object_has_not_is_not_acceptable(accept: str, available: tuple[str, ...]) -> None:
    with pytest.raises(NotAcceptable):
        pick(negotiate(INSTANCES, accept), available)


def test_a_media_type_that_is_not_the_codec_of_the_frame_is_not_acceptable() -> None:
    with pytest.raises(NotAcceptable):
        pick(
            negotiate(FRAMES, 'multipart/related; type="image/jpeg"; transfer-syntax=*'),
            ARCHIVED,
        )
    with pytest.raises(NotAcceptable):
        pick(
            negotiate(
                FRAMES,
                f'multipart/related; type="image/jpeg"; transfer-syntax={HTJ2K_RPCL}',
            ),
            ARCHIVED,
        )


def test_the_second_best_is_taken_where_the_best_cannot_be_made() -> None:
    accept = f"application/dicom; transfer-syntax={J2K}, application/dicom; transfer-syntax={EXPLICIT}; q=0.5"
    assert chosen(INSTANCES, accept)[2] == EXPLICIT
    assert chosen(INSTANCES, accept, (J2K, EXPLICIT))[2] == J2K


def test_weights_decide_before_order() -> None:
    accept = "image/gif;q=0.2, image/png;q=0.9, image/jpeg;q=0.5"
    assert [choice.media_type for choice in negotiate(RENDERED, accept)] == [
        "image/png",
        "image/jpeg",
        "image/gif",
    ]


def test_a_wildcard_does_not_bring_back_what_was_refused() -> None:
    choices = negotiate(RENDERED, "image/*, image/jpeg;q=0")
    assert [choice.media_type for choice in choices] == ["image/png", "image/gif"]


def test_lossless_htj2k_of_any_progression_meets_who_asks_for_lossless_htj2k() -> None:
    assert chosen(INSTANCES, f"application/dicom; transfer-syntax={HTJ2K}")[2] == HTJ2K_RPCL
    assert chosen(FRAMES, f"image/jphc; transfer-syntax={HTJ2K_LOSSY}")[2] == HTJ2K_RPCL


def test_a_codec_without_transfer_syntax_means_the_one_archived() -> None:
    assert chosen(FRAMES, "image/jpeg", (JPEG, EXPLICIT))[2] == JPEG
    assert chosen(FRAMES, "image/jpeg", (JPEG_LOSSLESS, EXPLICIT))[2] == JPEG_LOSSLESS


def test_who_names_no_transfer_syntax_gets_a_video_as_stored() -> None:
    assert chosen(INSTANCES, 'multipart/related; type="application/dicom"', (MPEG4,))[2] == MPEG4
    assert chosen(FRAMES, "*/*", (MPEG4,)) == ("video/mp4", True, MPEG4)


def test_many_instances_do_not_fit_into_a_single_part() -> None:
    with pytest.raises(NotAcceptable):
        negotiate(INSTANCES, "application/dicom", single=False)
    assert negotiate(INSTANCES, "application/*", single=False)[0].media_type == "application/zip"
    assert negotiate(METADATA, "application/dicom+json", single=False)[0].media_type == "application/dicom+json"
    assert negotiate(INSTANCES, "*/*", single=False)[0] == Choice("application/dicom", True, EXPLICIT)
    assert negotiate(RENDERED, "*/*", single=False)[0] == Choice("image/jpeg", True)


def test_an_implicit_object_is_never_given_as_archived() -> None:
    with pytest.raises(NotAcceptable):
        pick(
            negotiate(INSTANCES, "application/dicom; transfer-syntax=*"),
            ("1.2.840.10008.1.2",),
        )


def test_the_accept_parameter_overrides_the_header() -> None:
    browser = "image/avif,image/webp,image/apng,image/*,*/*;q=0.8"
    assert negotiate(RENDERED, browser, "image/png")[0].media_type == "image/png"
    assert negotiate(RENDERED, "image/jpeg", "") == negotiate(RENDERED, "image/jpeg")
    assert negotiate(METADATA, "*/*", 'multipart/related; type="application/dicom xml"')[0].multipart
    assert negotiate(INSTANCES, None, "application/zip")[0].media_type == "application/zip"
    with pytest.raises(NotAcceptable):
        negotiate(RENDERED, "image/jpeg", "image/png")
    with pytest.raises(Malformed):
        negotiate(INSTANCES, "*/*", "application/dicom,image/png")


def test_an_object_may_offer_types_of_its_own() -> None:
    assert chosen(BULKDATA, "*/*")[0] == "application/octet-stream"
    (choice,) = negotiate(BULKDATA, "application/pdf", offers=("application/pdf",))[:1]
    assert (choice.multipart, choice.content_type) == (False, "application/pdf")
    assert negotiate(RENDERED, "*/*", offers=("application/pdf",))[0].media_type == "application/pdf"
    with pytest.raises(NotAcceptable):
        negotiate(RENDERED, "image/jpeg", offers=("application/pdf",))


def test_each_part_names_its_transfer_syntax() -> None:
    choice = pick(
        negotiate(
            FRAMES,
            "multipart/related; type=application/octet-stream; transfer-syntax=*",
        ),
        ARCHIVED,
    )
    assert choice.content_type == f"application/octet-stream; transfer-syntax={HTJ2K_RPCL}"
    assert negotiate(METADATA, "*/*")[0].content_type == "application/dicom+json"
    assert negotiate(RENDERED, "image/jpeg")[0].content_type == "image/jpeg"

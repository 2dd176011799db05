import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Malformed
from films.image import Window
from wado.renderparams import RenderParameters, Viewport, parse_render_parameters


def parsed(**parameters: str) -> RenderParameters:
    return parse_render_parameters(parameters.items())


def test_nothing_asked_leaves_everything_to_us() -> None:
    assert parsed() == RenderParameters()
    assert parsed(accept="image/png", somethingelse="1") == RenderParameters()


@pytest.mark.parametrize(
    ("value", "window"),
    [
        ("40,400", Window(40, 400)),
        ("40,400,linear", Window(40, 400, "LINEAR")),
        ("40%2C400%2clinear", Window(40, 400, "LINEAR")),
        (" -600.5 , 1.5e3 , Linear-Exact ", Window(-600.5, 1500, "LINEAR_EXACT")),
        ("40,1", Window(40, 1)),
        ("40,0.5,linear-exact", Window(40, 0.5, "LINEAR_EXACT")),
        ("40,0.001,sigmoid", Window(40, 0.001, "SIGMOID")),
        ("+40,.5e1", Window(40, 5)),
    ],
)
def test_a_window_is_center_width_and_function(value: str, window: Window) -> None:
    assert parsed(window=value).window == window


@pytest.mark.parametrize(
    "value",
    [
        *("", "40", "40,", ",400", "40,400,", "40,400,cubic", "40,400,linear,1", "40,0", "40,0.5", "40,-1"),
        *("40,0,sigmoid", "40,-1,linear-exact", "a,b", "nan,400", "inf,400", "40,inf", "40,1e10", "40,1e999"),
        *("0x10,5", "1_0,5", "٤,5", "40;400"),
    ],
)
def test_a_window_that_cannot_be_is_malformed(value: str) -> None:
    with pytest.raises(Malformed):
        parsed(window=value)


@pytest.mark.parametrize(
    ("value", "viewport"),
    [
        ("512,256", Viewport(512, 256)),
        ("512%2C256", Viewport(512, 256)),
        ("512.0,256.0", Viewport(512, 256)),
        ("512,", Viewport(512, None)),
        (",256", Viewport(None, 256)),
        ("512,256,,,,", Viewport(512, 256)),
        ("512,256,10,20", Viewport(512, 256, 10, 20)),
        ("512,256,10,20,100,50", Viewport(512, 256, 10, 20, 100, 50)),
        ("512,256,,,-100,50.5", Viewport(512, 256, 0, 0, -100, 50.5)),
        ("512,256,,,,-50", Viewport(512, 256, 0, 0, None, -50)),
        (",,10,20,100,50", Viewport(None, None, 10, 20, 100, 50)),
    ],
)
def test_a_viewport_is_a_box_and_a_region(value: str, viewport: Viewport) -> None:
    assert parsed(viewport=value).viewport == viewport


def test_a_viewport_knows_whether_it_shows_all() -> None:
    assert Viewport(1, 1).whole and not Viewport(1, 1, width=-5).whole


@pytest.mark.parametrize(
    "value",
    [
        *("", ",", "512", "0,0", "0,256", "512,0", "-512,256", "512.5,256", "1,2,3,4,5,6,7", "512,256,-1,0"),
        *("512,256,0,-1", "512,256,0,0,0,5", "512,256,0,0,5,0", "8193,10", "8192,8192", "99999999999,1"),
        *("a,b", "512,256,x", "nan,1", "٥,5", ",,,,,"),
    ],
)
def test_a_viewport_that_cannot_be_is_malformed(value: str) -> None:
    with pytest.raises(Malformed):
        parsed(viewport=value)


@given(st.text("0123456789,.-+eE%2Cn ", max_size=30))
def test_any_text_is_understood_or_malformed(text: str) -> None:
    for name in ("window", "viewport", "quality"):
        try:
            parsed(**{name: text})
        except Malformed:
            continue


@pytest.mark.parametrize("value", ["1", "100", "85"])
def test_quality_is_1_to_100(value: str) -> None:
    assert parsed(quality=value).quality == int(value)


@pytest.mark.parametrize("value", ["", "0", "101", "-1", "50.5", "high"])
def test_another_quality_is_malformed(value: str) -> None:
    with pytest.raises(Malformed):
        parsed(quality=value)


def test_annotation_and_icc_profile_are_checked() -> None:
    found = parsed(annotation="patient, technique", iccprofile="sRGB")
    assert (found.annotation, found.icc_profile) == (frozenset({"patient", "technique"}), "srgb")
    for wrong in ({"annotation": "doctor"}, {"iccprofile": "cmyk"}):
        with pytest.raises(Malformed):
            parsed(**wrong)


def test_a_parameter_given_twice_is_malformed() -> None:
    with pytest.raises(Malformed):
        parse_render_parameters([("window", "40,400"), ("window", "40,400")])

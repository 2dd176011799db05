"""What a doctor set in a presentation state: window, turn and marks; and how a picture is turned and marked."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from archive.dicomjson import to_json
from films.image import Window
from films.marks import marked
from films.orientation import Edges
from films.presentation import MOST_MARKS, MOST_POINTS, Mark, Presentation, presentation
from films.turn import UPRIGHT, Turn
from tests.archive.samples import written

TURNS = [Turn(degrees, mirrored) for degrees in (0, 90, 180, 270) for mirrored in (False, True)]
SIDE = 120


def item(**attributes: object) -> Dataset:
    made = Dataset()
    made.update({pydicom.tag.Tag(name): _element(name, value) for name, value in attributes.items()})
    return made


def _element(name: str, value: object) -> pydicom.DataElement:
    tag = pydicom.tag.Tag(name)
    return pydicom.DataElement(tag, pydicom.datadict.dictionary_VR(tag), value)


def image(uid: str, *frames: int) -> Dataset:
    return item(ReferencedSOPInstanceUID=uid, **({"ReferencedFrameNumber": list(frames)} if frames else {}))


def shape(kind: str, *points: float, **more: object) -> Dataset:
    said = {"GraphicAnnotationUnits": "PIXEL", "GraphicType": kind, "GraphicData": [*points], **more}
    return item(GraphicDimensions=2, NumberOfGraphicPoints=len(points) // 2, **said)


def words(text: str, **more: object) -> Dataset:
    place = {"BoundingBoxTopLeftHandCorner": [10.0, 20.0], "BoundingBoxAnnotationUnits": "PIXEL", **more}
    return item(UnformattedTextValue=text, **place)


def state(*uids: str, shapes: Any = (), texts: Any = (), on: Any = (), **more: object) -> Presentation:
    """As the archive reads a file of it."""
    annotation: dict[str, object] = {"ReferencedImageSequence": list(on)} if on else {}
    annotation |= {"GraphicObjectSequence": list(shapes)} if shapes else {}
    annotation |= {"TextObjectSequence": list(texts)} if texts else {}
    series = item(ReferencedImageSequence=[image(uid) for uid in uids])
    said = item(ReferencedSeriesSequence=[series], GraphicAnnotationSequence=[item(**annotation)], **more)
    said.SpecificCharacterSet = "ISO_IR 192"
    said.SOPClassUID, said.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.11.1", "1.2.3.4"
    return presentation(to_json(pydicom.dcmread(BytesIO(written(said, "1.2.840.10008.1.2.1")))))


def test_each_image_has_its_window() -> None:
    softcopy = [
        item(WindowCenter=40, WindowWidth=400, ReferencedImageSequence=[image("1.5")]),
        item(WindowCenter=-600, WindowWidth=1500, ReferencedImageSequence=[image("1.6")]),
        item(WindowCenter=40, WindowWidth=0, ReferencedImageSequence=[image("1.7")]),
    ]
    found = state("1.5", "1.6", "1.7", SoftcopyVOILUTSequence=softcopy)
    assert dict(found.windows) == {"1.5": Window(40, 400), "1.6": Window(-600, 1500), "1.7": None}
    assert found.turn == UPRIGHT
    assert not any(found.marks.values())


@pytest.mark.parametrize(
    ("said", "turn"),
    [
        ({"ImageRotation": 90, "ImageHorizontalFlip": "Y"}, Turn(90, True)),
        ({"ImageRotation": 270, "ImageHorizontalFlip": "N"}, Turn(270)),
        ({"ImageRotation": 45}, UPRIGHT),
        ({"ImageRotation": 360}, UPRIGHT),
    ],
)
def test_it_says_how_the_picture_is_turned(said: dict[str, object], turn: Turn) -> None:
    assert state("1.5", **said).turn == turn


def test_marks_are_those_of_the_images_and_frames_that_they_name() -> None:
    arrow, size = shape("POLYLINE", 1.0, 2.0, 3.0, 4.0), words("12.5 mm")
    found = state("1.5", "1.6", shapes=[arrow], texts=[size], on=[image("1.6", 2, 3)])
    some = frozenset((2, 3))
    line = Mark("POLYLINE", ((1.0, 2.0), (3.0, 4.0)), frames=some)
    assert found.marks == {"1.6": [line, Mark("TEXT", ((10.0, 20.0),), words="12.5 mm", frames=some)]}
    assert set(state("1.5", "1.6", shapes=[arrow]).marks) == {"1.5", "1.6"}, "who names no image means all"


def test_words_that_may_name_somebody_are_not_drawn() -> None:
    for text in (
        "林知夏",
        "1960-01-02",
        "13800138000",
        "12 345 mm 678",
        "ID 12345",
        "Max",
        "Dr. Mean 4 mm",
        "x" * 200,
        "1" * 39 + "°",
    ):
        assert state("1.5", texts=[words(text)]).marks["1.5"] == [], text


def test_what_was_measured_is_drawn() -> None:
    for text in ("12.5 mm", "6×5 mm", "Mean: 45.2 HU, SD: 3.1 HU", "面积 2,5 cm²", "-120 HU", "35°", "SUVmax"[:3] + " 4.1 SUV"):
        assert [mark.words for mark in state("1.5", texts=[words(text)]).marks["1.5"]] == [text]


def test_nonsense_in_a_presentation_state_does_no_harm() -> None:
    wrong = [
        shape("POLYLINE", 1.0),
        shape("ELLIPSE", 1.0, 2.0, 3.0, 4.0),
        shape("SPIRAL", 1.0, 2.0, 3.0, 4.0),
        shape("POINT", 0.1, 0.1, GraphicAnnotationUnits="DISPLAY"),
        shape("POLYLINE", *range(2 * MOST_POINTS + 2)),
    ]
    assert state("1.5", shapes=wrong).marks == {"1.5": []}
    many = [shape("POINT", 1.0, 1.0)] * (MOST_MARKS + 50)
    assert len(state("1.5", shapes=many).marks["1.5"]) == MOST_MARKS
    far = [Mark("CIRCLE", ((1e30, 0.0), (0.0, 1e30))), Mark("POLYLINE", ((-9e9, 1.0), (9e9, 1.0)))]
    ground = np.full((SIDE, SIDE), 90, np.uint8)
    assert (marked(ground, far, UPRIGHT, SIDE, SIDE) == ground).all()


@pytest.mark.parametrize("turn", TURNS, ids=str)
def test_a_point_and_the_letters_go_where_the_picture_goes(turn: Turn) -> None:
    ground = np.zeros((30, 50), np.uint8)
    ground[4, 7] = 255  # near the top left corner
    turned = turn.picture(ground)
    assert turned.shape == ((50, 30) if turn.lies else (30, 50))
    across, down = turn.point(7.5 / 50, 4.5 / 30)
    assert turned[int(down * turned.shape[0]), int(across * turned.shape[1])] == 255
    letters = turn.edges(Edges(left="R", top="A", right="L", bottom="P"))
    near = {letters.left if across < 0.5 else letters.right, letters.top if down < 0.5 else letters.bottom}
    assert near == {"R", "A"}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("mark", "lit", "dark"),
    [
        (Mark("POLYLINE", ((20, 60), (100, 60))), (60, 60), (60, 20)),
        (Mark("CIRCLE", ((60, 60), (60, 30))), (60, 90), (60, 60)),
        (Mark("ELLIPSE", ((20, 60), (100, 60), (60, 50), (60, 70))), (60, 50), (60, 60)),
        (Mark("INTERPOLATED", ((20, 60), (60, 30), (100, 60))), (60, 30), (60, 60)),
        (Mark("POINT", ((60, 60),)), (60, 60), (20, 20)),
        (Mark("CIRCLE", ((60, 60), (60, 30)), filled=True), (60, 60), (5, 5)),
    ],
)
def test_marks_are_drawn_where_they_are_and_nowhere_else(
    mark: Mark, lit: tuple[int, int], dark: tuple[int, int], channels: int
) -> None:
    ground = np.full((SIDE, SIDE, 3) if channels == 3 else (SIDE, SIDE), 90, np.uint8)
    drawn = marked(ground, [mark], UPRIGHT, SIDE, SIDE)
    around = drawn[lit[1] - 2 : lit[1] + 3, lit[0] - 2 : lit[0] + 3]
    assert int(around.max()) > 200
    assert (drawn[dark[1], dark[0]] == 90).all()
    assert (ground == 90).all(), "the picture that was handed in is as it was"


def test_what_was_measured_is_written_inside_the_picture() -> None:
    ground = np.full((SIDE, SIDE), 90, np.uint8)
    drawn = marked(ground, [Mark("TEXT", ((118.0, 118.0),), words="12.5 mm")], UPRIGHT, SIDE, SIDE)
    assert int(drawn[SIDE // 2 :].max()) > 200
    assert (drawn[: SIDE // 2] == 90).all()

"""A sheet of film: pictures where the cell map says, untouched, with header and legends beside them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import Invalid, InvalidField
from films import layout, typeset
from films.facts import Plane
from films.image import ImageDescription
from films.layout import USUAL, Layout, Rectangle, fitting, parse
from films.orientation import Edges, edges
from films.sheet import CellImage, Header, Sheet, picture_size, scale_length_cm, sheet
from films.typeset import fitted, width_of

HEADER = Header("示范医院", "林知夏", "胸部CT平扫 · 肺窗", ("女", "40岁", "病历号 DEMO-0001"), 1, 2)
GREY = ImageDescription(512, 512, 1, 1, "MONOCHROME2", 16, 12, 11, 0)


def noise(height: int, width: int, seed: int = 0, *, colour: bool = False) -> NDArray[np.uint8]:
    shape = (height, width, 3) if colour else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def cut(page: Sheet, place: int) -> NDArray[np.uint8]:
    at = page.cells[place]
    return page.image[at.y : at.y + at.height, at.x : at.x + at.width]


def ink(page: NDArray[np.uint8], at: Rectangle) -> int:
    return int(np.count_nonzero(page[at.y : at.y + at.height, at.x : at.x + at.width]))


@pytest.mark.parametrize("name", ["4x5", "1x1", "2x3", "5x4-landscape", "6x8"])
def test_every_cell_holds_its_picture_pixel_by_pixel(name: str) -> None:
    chosen = parse(name)
    width, height = chosen.picture_box
    pictures = [noise(height - place, width - 2 * place, place) for place in range(min(chosen.cells, 30))]
    legends = {"number": "888", "position": "-8888.8 mm", "window": "W 8888  L 8888", "mm_per_pixel": 0.5}
    cells = [CellImage(picture, edges=Edges("R", "A", "L", "P"), **legends) for picture in pictures]  # type: ignore[arg-type]
    page = sheet(cells, chosen, HEADER)
    assert page.image.shape == (chosen.size[1], chosen.size[0])
    assert all(np.array_equal(cut(page, place), picture) for place, picture in enumerate(pictures))


def test_a_colour_picture_makes_a_colour_page_on_which_grey_stays_grey() -> None:
    grey, colour = noise(100, 80), noise(90, 70, colour=True)
    page = sheet([CellImage(grey), CellImage(colour)], parse("2x2"), HEADER)
    assert np.array_equal(cut(page, 1), colour)
    assert np.array_equal(cut(page, 0), np.repeat(grey[:, :, None], 3, axis=2))


def test_the_ground_is_black_and_the_header_says_who_made_it() -> None:
    page = sheet([CellImage(noise(50, 50))], parse("4x5"), HEADER).image
    bare = sheet([CellImage(noise(50, 50))], parse("4x5"), Header("", "", "")).image
    assert page[-1].max() == page[:, -1].max() == 0
    third = Rectangle(0, 104, 700, 30)  # where it says that it was made by us, whatever else is known
    assert ink(page, third) == ink(bare, third) > 1000
    assert ink(page, parse("4x5").header) > ink(bare, parse("4x5").header)


def test_legends_stand_beside_the_picture_each_at_its_edge() -> None:
    plain = sheet([CellImage(noise(300, 300))], parse("4x5"), HEADER)
    at, border = plain.cells[0], layout.legend_border(parse("4x5").legend)
    places = {
        "left": Rectangle(at.x - border, at.y, border, at.height),
        "right": Rectangle(at.x + at.width, at.y, border, at.height),
        "top": Rectangle(at.x, at.y - border, at.width, border),
        "bottom": Rectangle(at.x, at.y + at.height, at.width, border),
    }
    for edge, beside in places.items():
        lettered = sheet([CellImage(noise(300, 300), edges=Edges(**{edge: "R"}))], parse("4x5"), HEADER)
        changed = {name for name, each in places.items() if ink(lettered.image, each) != ink(plain.image, each)}
        assert changed == {edge}, beside


def test_the_scale_is_as_long_as_it_says() -> None:
    mm_per_pixel = 0.4
    picture = np.zeros((400, 400), np.uint8)
    plain = sheet([CellImage(picture)], parse("4x5"), HEADER).image
    scaled = sheet([CellImage(picture, mm_per_pixel=mm_per_pixel)], parse("4x5"), HEADER).image
    rows, columns = np.nonzero(scaled != plain)
    base = np.bincount(rows).argmax()  # the bar itself is the longest line
    bar = columns[rows == base]
    longest = np.split(bar, np.flatnonzero(np.diff(bar) > 1) + 1)[0]
    assert scale_length_cm(400 * mm_per_pixel) == 5
    assert len(longest) == pytest.approx(50 / mm_per_pixel, abs=1)


@pytest.mark.parametrize(("width_mm", "length_cm"), [(600, 20), (400, 10), (150, 5), (50, 2), (24, 1), (20, 0)])
def test_scales_are_whole_centimetres_of_less_than_half_the_picture(width_mm: float, length_cm: int) -> None:
    assert scale_length_cm(width_mm) == length_cm


def test_what_does_not_fit_is_refused() -> None:
    width, height = parse("4x5").picture_box
    for cells in ([], [CellImage(noise(9, 9))] * 21, [CellImage(noise(height + 1, 9))], [CellImage(noise(9, width + 1))]):
        with pytest.raises(Invalid):
            sheet(cells, parse("4x5"), HEADER)


def test_a_frame_that_nearly_fills_its_cell_is_shown_pixel_by_pixel() -> None:
    assert picture_size(GREY, parse("4x5")) == (512, 512)
    oblong = dataclasses.replace(GREY, row_spacing_mm=2.0, column_spacing_mm=1.0)
    width, height = picture_size(oblong, parse("4x5"))
    assert height == pytest.approx(2 * width, abs=1)


def test_a_small_frame_is_not_blown_up_beyond_six_times() -> None:
    assert max(picture_size(dataclasses.replace(GREY, rows=64, columns=64), parse("1x1"))) == 384


def test_cells_lie_on_the_page_and_never_over_each_other() -> None:
    for chosen in USUAL:
        taken = np.zeros((chosen.size[1], chosen.size[0]), np.uint8)
        for place in range(chosen.cells):
            at = chosen.cell(place)
            taken[at.y : at.y + at.height, at.x : at.x + at.width] += 1
            assert at.x + at.width <= chosen.size[0] and at.y + at.height <= chosen.size[1]
        head = chosen.header
        taken[head.y : head.y + head.height, head.x : head.x + head.width] += 1
        assert taken.max() == 1, chosen.name


def test_the_sheet_has_the_shape_of_14_by_17_inches() -> None:
    assert {layout.Layout(1, 1, landscape).size for landscape in (False, True)} == {(2520, 3060), (3060, 2520)}


@pytest.mark.parametrize(
    ("pictures", "aspect", "name"),
    [
        (20, 1.0, "4x5"),
        (30, 1.0, "5x6"),
        (1, 0.83, "1x1"),
        (1, 1.4, "1x1-landscape"),
        (2, 1.5, "1x2"),
        (2, 0.6, "2x1-landscape"),
    ],
)
def test_pictures_get_the_layout_that_shows_them_largest(pictures: int, aspect: float, name: str) -> None:
    assert fitting(pictures, aspect).name == name


@pytest.mark.parametrize("name", ["", "4", "4x", "0x5", "7x1", "4x9", "4×5", "4x5-upright", "10x10", "4x5 "])
def test_a_layout_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(InvalidField):
        parse(name)


@pytest.mark.parametrize("each", USUAL, ids=lambda each: each.name)
def test_a_layout_is_found_again_by_its_name(each: Layout) -> None:
    assert parse(each.name) == each


# -- orientation


@pytest.mark.parametrize(
    ("row", "column", "expected"),
    [
        ((1, 0, 0), (0, 1, 0), Edges("R", "A", "L", "P")),  # axial, on the back
        ((0, 1, 0), (0, 0, -1), Edges("A", "H", "P", "F")),  # sagittal
        ((1, 0, 0), (0, 0, -1), Edges("R", "H", "L", "F")),  # coronal
        ((-1, 0, 0), (0, -1, 0), Edges("L", "P", "R", "A")),  # on the belly
        ((0.8, 0.6, 0), (0, 0, -1), Edges("RA", "H", "LP", "F")),  # oblique
        ((0.9997, 0, 0.024), (-0.0017, 0.9974, 0.072), Edges("R", "A", "L", "P")),  # hardly tilted
    ],
)
def test_letters_say_what_lies_towards_each_edge(row: tuple[float, ...], column: tuple[float, ...], expected: Edges) -> None:
    assert edges(Plane(None, row, column)) == expected  # type: ignore[arg-type]


def test_a_radiograph_has_the_letters_that_the_device_tells() -> None:
    assert edges(Plane(), ("L", "F")) == Edges("R", "H", "L", "F")
    assert edges(Plane(), ("?", "F")) == edges(Plane()) == Edges()


# -- letters


def test_a_text_that_is_too_long_ends_with_an_ellipsis_within_its_width() -> None:
    long = "上腹部及盆腔CT平扫加增强三期扫描" * 5
    short = fitted(long, 29, 400)
    assert short.endswith("…") and long.startswith(short[:-1]) and 340 < width_of(short, 29) <= 400
    assert fitted("胸部", 29, 400) == "胸部"


@pytest.mark.parametrize("text", ["", "\n\t\0", "𬭎㛃䶮𫖯", "🙂", "ا", "\u200b\u0301"])
def test_any_text_can_be_written(text: str) -> None:
    page = np.zeros((60, 200), np.uint8)
    assert 0 <= typeset.write(page, fitted(text, 29, 150), 5, 5, 29, 255) <= 200


def test_letters_beyond_the_page_do_no_harm() -> None:
    page = np.zeros((40, 60), np.uint8)
    assert typeset.write(page, "胸部CT平扫", 30, 5, 29, 255) > 60
    assert page.any() and not page[:, :30].any()

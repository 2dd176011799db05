"""What a film shows: what a doctor marked, else a rule for each kind of exam."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from films import choose
from films.bodyparts import Part, parts
from films.facts import ImageFacts, KeyNote, Plane
from films.image import Window
from films.presentation import Presentation
from films.stack import Material, Page
from tests.films import made
from tests.films.made import SAGITTAL, image, stack


def pages(images: Sequence[ImageFacts], *words: str, **more: object) -> tuple[Page, ...]:
    material = Material(images, words=words, **more)  # type: ignore[arg-type]  # a test says what it likes
    return choose.pages(choose.stacks(material), {}, choose.state_looks(material))


def numbers(page: Page) -> list[int | None]:
    return [cell.slot.image.instance_number for cell in page.cells]


def series_of(page: Page) -> set[str]:
    return {cell.slot.image.series for cell in page.cells}


def window_of(page: Page) -> tuple[float, float] | None:
    window = page.cells[0].window
    return (window.width, window.center) if window else None


# -- CT


def test_a_chest_ct_has_a_lung_sheet_and_a_mediastinal_sheet_of_the_same_places() -> None:
    lung, mediastinum = pages(stack(2, 100), "胸部CT平扫")
    assert [window_of(lung), window_of(mediastinum)] == [(1500.0, -600.0), (400.0, 40.0)]
    assert (lung.layout.name, len(lung.cells), numbers(lung)) == ("4x5", 20, numbers(mediastinum))


def test_slices_are_evenly_spaced_from_head_to_feet_whatever_the_order_they_came_in() -> None:
    shuffled = random.Random(1).sample(stack(2, 100), 100)
    shown = numbers(pages(shuffled, "胸部CT平扫")[0])
    assert shown == sorted(shown)  # type: ignore[type-var]
    assert {b - a for a, b in pairwise(shown)} == {5}  # type: ignore[operator]
    assert (shown[0], shown[-1]) == (3, 98)  # the same distance from both ends


def test_brains_are_shown_from_the_base_upward() -> None:
    shown = numbers(pages(stack(2, 20), "头颅CT平扫")[0])
    assert shown == list(range(20, 0, -1))


def test_a_head_ct_has_a_bone_sheet_only_when_it_is_thin() -> None:
    assert [page.title for page in pages(stack(2, 30, thickness_mm=5.0), "头颅CT平扫")] == ["脑窗"]
    thick_and_thin = stack(2, 30, thickness_mm=5.0) + stack(3, 90, thickness_mm=1.0, kernel="H60s")
    brain, bone = pages(thick_and_thin, "头颅CT平扫")
    assert (brain.title, series_of(brain), window_of(brain)) == ("脑窗", {"1.2.2"}, (80.0, 40.0))
    assert (bone.title, series_of(bone)) == ("骨窗", {"1.2.3"})


def test_the_lung_window_takes_the_sharp_reconstruction_and_the_mediastinum_the_soft_thick_one() -> None:
    thin = stack(2, 200, thickness_mm=1.25, kernel="STANDARD", acquisition="1")
    thick = stack(3, 50, thickness_mm=5.0, kernel="STANDARD", acquisition="1")
    sharp = stack(4, 50, thickness_mm=5.0, kernel="LUNG", acquisition="1")
    lung, mediastinum = pages(thin + thick + sharp, "胸部CT平扫")
    assert (series_of(lung), series_of(mediastinum)) == ({"1.2.4"}, {"1.2.3"})


def test_phases_of_contrast_have_a_sheet_each_and_the_lungs_one_in_all() -> None:
    phases = [each for n in (2, 3) for each in stack(n, 40, acquisition=str(n), series_words=f"phase {n}")]
    assert [(page.title, min(series_of(page))) for page in pages(phases, "胸部CT增强")] == [
        ("phase 2 肺窗", "1.2.2"),
        ("phase 2 纵隔窗", "1.2.2"),
        ("phase 3 纵隔窗", "1.2.3"),
    ]


@pytest.mark.parametrize(
    "more",
    [
        {"image_type": ("ORIGINAL", "PRIMARY", "LOCALIZER")},
        {"series_words": "定位像"},
        {"series_words": "Topogram 0.6"},
        {"series_words": "Dose Report", "sop_class": made.SC},
        {"image_type": ("DERIVED", "SECONDARY", "SCREEN SAVE"), "sop_class": made.SC},
        {"series_words": "剂量报告"},
        {"series_words": "SmartPrep Series"},
        {"image_type": ("DERIVED", "SECONDARY", "MPR")},
        {"drawable": False},
        {"modality": "SEG"},
        {"modality": "RTDOSE"},
    ],
    ids=str,
)
def test_what_is_no_picture_of_the_organ_is_left_out(more: dict[str, Any]) -> None:
    junk = stack(1, 40, **more)
    shown = pages(junk + stack(2, 10), "胸部CT平扫")
    assert {series for page in shown for series in series_of(page)} == {"1.2.2"}


@pytest.mark.parametrize("words", ["低剂量胸部", "Arterial Phase", "LOW DOSE CHEST", "Localized lesion"])
def test_words_that_only_sound_like_junk_are_shown(words: str) -> None:
    assert pages(stack(2, 10, series_words=words), "胸部CT平扫")


def test_a_scout_alone_is_better_than_an_empty_film() -> None:
    assert len(pages([image(1, 1, image_type=("ORIGINAL", "PRIMARY", "LOCALIZER"))], "胸部CT平扫")[0].cells) == 1


def test_a_place_that_came_twice_is_shown_once() -> None:
    again = [image(2, 100 + each.instance_number, planes=each.planes) for each in stack(2, 9)]  # type: ignore[operator]
    assert len(pages(stack(2, 9) + again, "腹部CT")[0].cells) == 9


def test_the_span_of_the_organ_bounds_what_is_shown() -> None:
    material = Material(stack(2, 100), words=("胸部CT平扫",))
    found = choose.stacks(material)
    shown = numbers(choose.pages(found, {0: (20, 59)}, {})[0])
    assert (min(shown), max(shown), len(shown)) == (22, 60, 20)  # type: ignore[type-var]


def test_an_exam_of_two_parts_looks_for_each_organ_in_its_own_window() -> None:
    found = choose.stacks(Material(stack(2, 100), words=("胸部+上腹部CT平扫",)))
    assert [(each.windows[0].name, each.organ) for each in found if each.windows[0]] == [
        ("肺窗", Part.CHEST),
        ("纵隔窗", Part.CHEST),
        ("软组织窗", Part.ABDOMEN),
    ]


# -- what was marked


def test_key_images_come_before_any_rule_and_in_the_order_of_the_note() -> None:
    note = KeyNote("113000", "20260101", (("1.2.2.30", 0), ("1.2.2.7", 0)))
    (only,) = pages(stack(2, 100), "胸部CT平扫", notes=[note])
    assert (only.title, numbers(only)) == ("关键图像", [30, 7])


def test_rejected_images_are_on_no_film() -> None:
    shown = pages(stack(2, 10), "腹部CT", rejected=frozenset({"1.2.2.4", "1.2.2.5"}))
    assert numbers(shown[0]) == [1, 2, 3, 6, 7, 8, 9, 10]


def test_a_key_note_of_images_that_are_not_here_selects_nothing() -> None:
    assert len(pages(stack(2, 9), "腹部CT", notes=[KeyNote("113000", "", (("9.9", 0), ("1.2.2.1", 7)))])[0].cells) == 9


def test_a_presentation_state_of_some_images_selects_them_with_its_window() -> None:
    state = Presentation("20260101", {"1.2.2.5": Window(70.0, 150.0), "1.2.2.6": None})
    (only,) = pages(stack(2, 100), "腹部CT", states=[state])
    assert [(cell.slot.image.instance_number, cell.window) for cell in only.cells] == [(5, Window(70.0, 150.0)), (6, None)]


def test_a_presentation_state_of_a_whole_series_selects_nothing_but_sets_its_window() -> None:
    state = Presentation("20260101", {"1.2.2.1": Window(30.0, 90.0)})
    (only,) = pages([image(2, 1, "DX")], states=[state])
    assert (only.title, only.cells[0].window) == ("", Window(30.0, 90.0))


# -- the other modalities


def test_each_mr_sequence_of_worth_has_a_sheet() -> None:
    sequences = [*stack(1, 3, "MR", series_words="3-plane LOC"), *stack(2, 22, "MR", series_words="T2 TSE")]
    sequences += stack(3, 24, "MR", series_words="FLAIR") + stack(
        4, 40, "MR", series_words="ADC", image_type=("DERIVED", "ADC")
    )
    sequences += stack(5, 60, "MR", series_words="MIP", image_type=("DERIVED", "PROJECTION IMAGE"))
    shown = pages(sequences, "头颅MR平扫")
    assert [(page.title, len(page.cells)) for page in shown] == [("T2 TSE", 22), ("FLAIR", 24), ("ADC", 30)]


def test_sagittal_slices_run_from_right_to_left() -> None:
    slices = [image(2, n, "MR", planes=(Plane((-50.0 + 5 * n, 0.0, 0.0), *SAGITTAL),)) for n in (3, 1, 2)]
    assert numbers(pages(slices, "腰椎MR")[0]) == [1, 2, 3]


def test_of_diffusion_weighted_pictures_of_one_place_the_strongest_counts() -> None:
    def weighted(b: float, first: int) -> list[ImageFacts]:
        place = [Plane((0.0, 0.0, -5.0 * n), *made.AXIAL, b_value=b) for n in range(5)]
        return [image(2, first + n, "MR", planes=(plane,)) for n, plane in enumerate(place)]

    shown = pages(weighted(0.0, 1) + weighted(1000.0, 11), "头颅MR平扫")
    assert sorted(numbers(shown[0])) == [11, 12, 13, 14, 15]  # type: ignore[type-var]


def test_radiographs_have_a_large_sheet_each_and_raw_ones_none() -> None:
    raw = [image(1, n, "DX", intent="FOR PROCESSING") for n in (1, 2)]
    ready = [image(2, n, "DX", intent="FOR PRESENTATION", rows=3000, columns=2500) for n in (1, 2)]
    assert [(page.layout.name, series_of(page)) for page in pages(raw + ready)] == [("1x1", {"1.2.2"})] * 2


def test_mammograms_hang_right_before_left_and_from_above_first() -> None:
    taken = [("L", "MLO"), ("R", "MLO"), ("L", "CC"), ("R", "CC")]
    images = [image(n, 1, "MG", laterality=side, view=view) for n, (side, view) in enumerate(taken, 1)]
    hung = [(page.cells[0].slot.image.laterality, page.cells[0].slot.image.view) for page in pages(images)]
    assert hung == [("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO")]


def test_a_cine_is_shown_in_evenly_spaced_moments() -> None:
    (page,) = pages([image(1, 1, "US", frames=60, rows=480, columns=640)])
    frames = [cell.slot.frame for cell in page.cells]
    assert (len(frames), {b - a for a, b in pairwise(frames)}) == (12, {5})


def test_stills_and_clips_of_an_ultrasound_share_a_sheet_in_their_order() -> None:
    images = [image(1, n, "US", frames=40 if n in (3, 6) else 1) for n in range(1, 9)]
    (page,) = pages(images)
    assert numbers(page) == [1, 2, 3, 3, 3, 4, 5, 6, 6, 6, 7, 8]


def test_each_angiographic_run_has_a_sheet() -> None:
    shown = pages([image(n, 1, "XA", frames=80) for n in (1, 2)] + [image(3, 1, "XA")])
    assert [len(page.cells) for page in shown] == [12, 12, 1]


def test_pet_is_inverted_and_windowed_by_uptake() -> None:
    (page,) = pages(stack(1, 200, "PT", suv_factor=0.0003), "全身PET显像")
    assert (page.title, len(page.cells), all(cell.inverted for cell in page.cells)) == ("SUV 0–6", 30, True)
    window = page.cells[0].window
    assert window is not None and window.width == pytest.approx(20000) and window.center == pytest.approx(10000)


def test_an_enhanced_image_is_a_stack_of_its_frames() -> None:
    places = tuple(Plane((0.0, 0.0, -5.0 * n), *made.AXIAL) for n in (2, 1, 0))
    (page,) = pages([image(1, 1, "MR", frames=3, planes=places)], "上腹部MR")
    assert [cell.slot.frame for cell in page.cells] == [3, 2, 1]


def test_an_image_of_a_modality_nobody_foresaw_is_shown_as_it_is() -> None:
    for modality in ("", "ES", "XC", "HC"):
        assert numbers(pages([image(1, n, modality) for n in (2, 1)])[0]) == [1, 2]


@pytest.mark.parametrize(
    "more", [{"rows": 1, "columns": 60_000}, {"rows": 60_000, "columns": 1}, {"spacing_mm": (1e-300, 1e300)}], ids=str
)
def test_impossible_shapes_do_no_harm(more: dict[str, Any]) -> None:
    assert len(pages([image(1, n, "US", **more) for n in (1, 2)])[0].cells) == 2


def test_uptake_that_cannot_be_windowed_leaves_the_window_to_the_image() -> None:
    (page,) = pages(stack(1, 5, "PT", suv_factor=1e-40), "PET")
    assert page.cells[0].window is None and page.cells[0].inverted


def test_nothing_to_show_makes_no_page() -> None:
    assert pages([]) == pages([image(1, 1, drawable=False)]) == ()


def test_a_film_ends_after_twelve_sheets() -> None:
    assert len(pages([image(n, 1, "DX") for n in range(40)])) == choose.MOST_PAGES


# -- parts of the body


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("胸部CT平扫", (Part.CHEST,)),
        ("胸椎CT平扫", (Part.SPINE,)),
        ("胸部+上腹部CT增强", (Part.CHEST, Part.ABDOMEN)),
        ("CT CHEST W/O", (Part.CHEST,)),
        ("CSPINE", (Part.SPINE,)),
        ("颞骨HRCT", (Part.EAR,)),
        ("头颅CT", (Part.HEAD,)),
        ("Research", ()),
        ("", ()),
    ],
)
def test_the_part_of_the_body_is_read_from_words(text: str, found: tuple[Part, ...]) -> None:
    assert parts([text]) == found


def test_the_hospitals_words_come_before_the_devices() -> None:
    assert parts(["头颅CT", "CHEST"]) == (Part.HEAD,)
    assert parts(["CT平扫", "", "CHEST"]) == (Part.CHEST,)

"""The film that we make of an exam, from stored images to the kept pages: each cell holds the image that its map names."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset

from archive import documents
from archive.models import Document, Study
from archive.read import Reader
from archive.replicas import Replicas
from core.errors import Conflict, InvalidField, NotFound
from films.image import Window
from films.layout import parse
from records import filmmaking, films
from records.filmmaking import Wanted
from records.models import Film, FilmPage, FilmSource
from tests.archive import samples
from tests.archive.stored import put
from tests.records import saying
from tests.records.chest import STUDY, ct_file, say, uid
from tests.records.saying import NOW
from wado.pictures import PNG, Look, picture

pytestmark = pytest.mark.usefixtures("hospital")
Cell = dict[str, Any]  # an entry of the cell map

CR = "1.2.840.10008.5.1.4.1.1.1"
LUNG, MEDIASTINUM = Window(-600.0, 1500.0), Window(40.0, 400.0)


async def page_of(replicas: Replicas, film: Film, n: int = 1) -> tuple[NDArray[np.uint8], FilmPage]:
    page = (await films.pages_of(film))[n - 1]
    master = await Document.get(id=page.document_id)
    return np.asarray(Image.open(io.BytesIO(await documents.read(replicas, "demo", master.id)))), page


def cut(image: NDArray[np.uint8], cell: Cell) -> NDArray[np.uint8]:
    return image[cell["y"] : cell["y"] + cell["height"], cell["x"] : cell["x"] + cell["width"]]


def apart(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean difference of two pictures of one size, in shades."""
    return float(np.abs(one.astype(np.int16) - other).mean())


async def rendered(reader: Reader, cell: Cell, window: Window | None) -> NDArray[np.uint8]:
    """What DICOMweb answers for the instance and frame that a cell names, at the size of the cell."""
    at = await reader.locate(frozenset({"demo"}), cell["study"], cell["series"], cell["instance"])
    look = Look(PNG, window=window, size=(cell["width"], cell["height"]))
    return np.asarray(Image.open(io.BytesIO(await picture(reader, at, cell["frame"], look))))


async def require_proof(reader: Reader, image: NDArray[np.uint8], cells: Sequence[Cell], window: Window | None) -> None:
    """Each cell holds the picture that it names, and not its neighbour's, from which it is told apart."""
    pictures = [await rendered(reader, cell, window) for cell in cells]
    for place, cell in enumerate(cells):
        own = apart(cut(image, cell), pictures[place])
        assert own < 0.5, f"cell {place} is not the image it names: {own}"
        neighbours = [
            apart(cut(image, cell), pictures[other]) for other in (place - 1, (place + 1) % len(cells)) if len(cells) > 1
        ]
        assert min(neighbours, default=9.0) > 1.0, f"cell {place} could be its neighbour's: {neighbours}"


# -- by rule


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # it is the drawing that counts
async def test_each_cell_of_a_chest_ct_is_the_image_and_window_that_it_names(
    reader: Reader, replicas: Replicas, tmp_path: Path
) -> None:
    await put(replicas, tmp_path, *(ct_file(number) for number in range(1, 25)))
    exam_id = await say()
    film = await filmmaking.make(reader, replicas, exam_id, NOW)
    assert film is not None
    assert (film.source, film.version, film.layout) == (FilmSource.MADE, 1, "4x5")
    assert await films.page_counts([exam_id]) == {exam_id: 2}
    for n, window in ((1, LUNG), (2, MEDIASTINUM)):
        image, page = await page_of(replicas, film, n)
        assert image.shape == (page.height, page.width) == parse("4x5").size[::-1]
        assert len(page.cells) == 20
        await require_proof(reader, image, page.cells, window)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # it is the drawing that counts
async def test_a_cine_in_colour_names_the_frames_that_it_shows(reader: Reader, replicas: Replicas, tmp_path: Path) -> None:
    await put(replicas, tmp_path, samples.package("examples_ybr_color.dcm"))
    study = await Study.get()
    await saying.say_patient("P1", "林知夏")
    exam_id = (await saying.say_exam("U1", "P1", studies=(study.study_instance_uid,), modality="US", item="超声心动图")).id
    film = await filmmaking.make(reader, replicas, exam_id, NOW)
    assert film is not None
    image, page = await page_of(replicas, film)
    assert [cell["frame"] for cell in page.cells] == [2, 4, 7, 9, 12, 14, 17, 19, 22, 24, 27, 29]
    pictures = [await rendered(reader, cell, None) for cell in page.cells]
    assert [apart(cut(image, cell), each) for cell, each in zip(page.cells, pictures, strict=True)] == [0.0] * 12


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # it is the drawing that counts
async def test_monochrome1_and_oblong_pixels_are_shown_right(reader: Reader, replicas: Replicas, tmp_path: Path) -> None:
    pixels = np.tile(np.linspace(0, 4000, 200, dtype=np.uint16), (100, 1))
    known: dict[str, Any] = {"StudyInstanceUID": STUDY, "SeriesInstanceUID": f"{STUDY}.1", "PatientID": "P1", "Modality": "CR"}
    look: dict[str, Any] = {"PhotometricInterpretation": "MONOCHROME1", "PixelSpacing": [0.4, 0.2]}
    await put(replicas, tmp_path, samples.instance(pixels, **known, **look))
    film = await filmmaking.make(reader, replicas, await say("胸部正位片"), NOW)
    assert film is not None
    image, page = await page_of(replicas, film)
    (cell,) = page.cells
    shown = cut(image, cell)
    assert cell["width"] == cell["height"]  # 200 columns of 0.2 mm, 100 rows of 0.4 mm
    assert shown[:, 0].min() > 245 and shown[:, -1].max() < 10  # low values are bright
    assert apart(shown, await rendered(reader, cell, None)) == 0.0


def presentation_state(instance: str) -> bytes:
    """A doctor turned that radiograph by a quarter, mirrored it, and drew a line across its middle, with its length."""
    reference, series, line, words, annotation, state = (Dataset() for _ in range(6))
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = CR, instance
    series.SeriesInstanceUID, series.ReferencedImageSequence = f"{STUDY}.1", [reference]
    line.GraphicAnnotationUnits, line.GraphicType, line.GraphicDimensions = "PIXEL", "POLYLINE", 2
    line.NumberOfGraphicPoints, line.GraphicData = 2, [10.0, 50.0, 190.0, 50.0]
    words.UnformattedTextValue, words.BoundingBoxAnnotationUnits = "36 mm", "PIXEL"
    words.BoundingBoxTopLeftHandCorner = [20.0, 60.0]
    annotation.GraphicObjectSequence, annotation.TextObjectSequence = [line], [words]
    state.SOPClassUID, state.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.11.1", f"{STUDY}.9.1"
    state.StudyInstanceUID, state.SeriesInstanceUID, state.Modality, state.PatientID = STUDY, f"{STUDY}.9", "PR", "P1"
    state.ReferencedSeriesSequence, state.GraphicAnnotationSequence = [series], [annotation]
    state.ImageRotation, state.ImageHorizontalFlip = 90, "Y"
    return samples.written(state, "1.2.840.10008.1.2.1")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # it is the drawing that counts
async def test_a_picture_that_a_doctor_turned_and_marked_is_shown_so_and_the_map_says_it(
    reader: Reader, replicas: Replicas, tmp_path: Path
) -> None:
    pixels = np.add.outer(np.linspace(0, 1500, 100), np.linspace(0, 2500, 200)).astype(np.uint16)
    known: dict[str, Any] = {"StudyInstanceUID": STUDY, "SeriesInstanceUID": f"{STUDY}.1", "PatientID": "P1", "Modality": "CR"}
    look: dict[str, Any] = {
        "SOPClassUID": CR,
        "SOPInstanceUID": f"{STUDY}.1.1",
        "PatientOrientation": ["L", "F"],
        "PixelSpacing": [0.2, 0.2],
    }
    await put(replicas, tmp_path, samples.instance(pixels, **known, **look), presentation_state(f"{STUDY}.1.1"))
    film = await filmmaking.make(reader, replicas, await say("胸部正位片"), NOW)
    assert film is not None
    image, page = await page_of(replicas, film)
    (cell,) = page.cells
    assert (cell["rotation"], cell["flipped"], cell["marked"], cell["inverted"]) == (90, True, True, False)
    assert cell["window"]["width"] == pytest.approx(4000, abs=1)
    assert cell["height"] == pytest.approx(2 * cell["width"], abs=2), "200 columns have become rows"
    upright = cell | {"width": cell["height"], "height": cell["width"]}
    turned = np.rot90(await rendered(reader, upright, None), -1)[:, ::-1]
    difference = np.abs(cut(image, cell).astype(np.int16) - turned)
    middle = difference[:, cell["width"] // 2 - 5 : cell["width"] // 2 + 5]
    assert middle.max() > 100, "the line runs down the middle now"
    assert np.median(difference) == 0.0
    assert (difference > 20).mean() < 0.05, "all else is the image as it is rendered"


async def test_the_same_again_is_no_new_version_and_another_name_is(reader: Reader, replicas: Replicas, tmp_path: Path) -> None:
    await put(replicas, tmp_path, *(ct_file(number) for number in (1, 2, 3)))
    exam_id = await say()
    first = await filmmaking.make(reader, replicas, exam_id, NOW)
    again = await filmmaking.make(reader, replicas, exam_id, NOW + timedelta(hours=1))
    assert first is not None and again is not None and first.id == again.id
    await saying.say_patient("P1", "林知秋", sex="F")
    renamed = await filmmaking.make(reader, replicas, exam_id, NOW)
    assert renamed is not None and (renamed.version, (await films.shown(exam_id)).id) == (2, renamed.id)  # type: ignore[union-attr]


async def test_when_there_is_nothing_to_show_there_is_no_film(reader: Reader, replicas: Replicas, tmp_path: Path) -> None:
    await put(replicas, tmp_path, samples.package("test-SR.dcm"))
    study = (await Study.get()).study_instance_uid
    await saying.say_patient("P1", "林知夏")
    exam_id = (await saying.say_exam("A1", "P1", studies=(study,))).id
    assert await filmmaking.make(reader, replicas, exam_id, NOW) is None
    assert await filmmaking.make(reader, replicas, "nobody's", NOW) is None
    assert not await Film.exists()


async def test_a_film_that_no_longer_has_images_is_withdrawn(reader: Reader, replicas: Replicas, tmp_path: Path) -> None:
    await put(replicas, tmp_path, *(ct_file(number) for number in (1, 2, 3)))
    exam_id = await say()
    assert await filmmaking.make(reader, replicas, exam_id, NOW) is not None
    await saying.say_exam("A1", "P1", studies=(), item="胸部CT平扫", cancelled_at=NOW)
    assert await filmmaking.make(reader, replicas, exam_id, NOW) is None
    assert await films.shown(exam_id) is None and await Film.filter(replaced_at=None).count() == 0


async def test_images_of_two_patients_are_on_no_sheet(reader: Reader, replicas: Replicas, tmp_path: Path) -> None:
    await put(replicas, tmp_path, ct_file(1), ct_file(2, patient_id="P2"))
    exam_id = await say()
    with pytest.raises(Conflict):
        await filmmaking.make(reader, replicas, exam_id, NOW)
    wanted = [Wanted(f"{STUDY}.1", uid(number)) for number in (1, 2)]
    with pytest.raises(Conflict):
        await filmmaking.make_chosen(reader, replicas, exam_id, wanted, "2x2", NOW)
    assert not await Film.exists()


# -- chosen by staff


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # it is the drawing that counts
async def test_chosen_images_stand_in_their_order_and_window_and_come_before_the_rule(
    reader: Reader, replicas: Replicas, tmp_path: Path
) -> None:
    await put(replicas, tmp_path, *(ct_file(number) for number in range(1, 7)))
    exam_id = await say()
    made = await filmmaking.make(reader, replicas, exam_id, NOW)
    bone = Window(450.0, 1800.0)
    wanted = [Wanted(f"{STUDY}.1", uid(number), 1, bone) for number in (5, 2, 4)]
    chosen = await filmmaking.make_chosen(reader, replicas, exam_id, wanted, "2x1-landscape", NOW)
    shown = await films.shown(exam_id)
    assert made is not None and shown is not None and shown.id == chosen.id
    pages = await films.pages_of(chosen)
    assert [[cell["instance"] for cell in page.cells] for page in pages] == [[uid(5), uid(2)], [uid(4)]]
    image, page = await page_of(replicas, chosen)
    await require_proof(reader, image, page.cells, bone)


@pytest.mark.parametrize(
    ("wanted", "layout", "fault"),
    [
        ([], "2x2", "empty"),
        ([Wanted(f"{STUDY}.1", uid(9))], "2x2", "not-of-this-exam"),
        ([Wanted(f"{STUDY}.2", uid(1))], "2x2", "not-of-this-exam"),
        ([Wanted(f"{STUDY}.1", uid(1), 2)], "2x2", "not-a-picture"),
        ([Wanted(f"{STUDY}.1", uid(1))], "9x9", "not-a-layout"),
        ([Wanted(f"{STUDY}.1", uid(1))] * 13, "1x1", "too-few-cells"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_choice_that_cannot_be_made_is_refused_with_its_reason(
    reader: Reader, replicas: Replicas, tmp_path: Path, wanted: list[Wanted], layout: str, fault: str
) -> None:
    await put(replicas, tmp_path, ct_file(1))
    exam_id = await say()
    with pytest.raises(InvalidField) as refused:
        await filmmaking.make_chosen(reader, replicas, exam_id, wanted, layout, NOW)
    assert refused.value.fault == fault
    assert not await Film.exists() and not await Document.exists()


async def test_images_of_another_exam_or_hospital_are_not_of_this_exam(
    reader: Reader, replicas: Replicas, tmp_path: Path
) -> None:
    other = "1.2.826.0.1.3680043.8.498.41"
    await put(replicas, tmp_path, ct_file(1), ct_file(1, study=other, AccessionNumber="A2"))
    exam_id = await say()
    with pytest.raises(InvalidField):
        await filmmaking.make_chosen(reader, replicas, exam_id, [Wanted(f"{other}.1", f"{other}.1.1")], "1x1", NOW)
    with pytest.raises(NotFound):
        await filmmaking.make_chosen(reader, replicas, "nobody's", [Wanted(f"{STUDY}.1", uid(1))], "1x1", NOW)

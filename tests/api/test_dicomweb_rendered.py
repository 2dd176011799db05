"""Pictures over HTTP: at every level, in every form, drawn as asked, never distorted."""

from __future__ import annotations

import re
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from archive.describe import describe
from films.image import Window
from films.picture import draw
from tests.parts.site import PDF, SERIES_OF_THREE, Site, encapsulated_pdf, made, parts, radiograph, uids


def picture(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content), formats=["JPEG", "PNG", "GIF"])


def shades(content: bytes) -> NDArray[np.uint8]:
    return np.asarray(picture(content))


@pytest.mark.parametrize("name", ["ct", "rle", "big endian", "implicit", "cine", "bits", "palette", "film"])
def test_every_image_can_be_seen(site: Site, name: str) -> None:
    answer = site.get(f"{site.path(name)}/rendered")
    data_set = site.data_set(name)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert picture(answer.content).size == (data_set.Columns, data_set.Rows)


@pytest.mark.parametrize(("accept", "form"), [("image/png", "PNG"), ("image/gif", "GIF"), ("image/jpeg", "JPEG")])
def test_each_form_is_what_it_says(site: Site, accept: str, form: str) -> None:
    answer = site.get(f"{site.path('ct')}/rendered", accept)
    assert answer.headers["content-type"] == accept
    assert picture(answer.content).format == form


def test_png_shows_exactly_the_asked_window(site: Site) -> None:
    answer = site.get(f"{site.path('film')}/rendered?window=1900.5%2C3000%2Clinear", "image/png")
    description = describe(site.data_set("film"))
    assert description is not None
    assert np.array_equal(shades(answer.content), draw(radiograph(), description, 1, window=Window(1900.5, 3000)))


def test_viewport_fits_without_distortion(site: Site) -> None:
    for viewport, size in {"300,300": (225, 300), "90,": (90, 120), ",120": (90, 120), "1800,9999": None}.items():
        answer = site.get(f"{site.path('film')}/rendered?viewport={viewport}")
        if size is None:
            assert answer.status_code == 400
            continue
        assert picture(answer.content).size == size, viewport


def test_viewport_shows_the_asked_region(site: Site) -> None:
    window = "window=1500,3000"
    upper = shades(site.get(f"{site.path('film')}/rendered?viewport=50,50,0,0,600,600&{window}", "image/png").content)
    lower = shades(site.get(f"{site.path('film')}/rendered?viewport=50,50,0,600,600,600&{window}", "image/png").content)
    assert upper.min() > lower.max()
    assert site.get(f"{site.path('film')}/rendered?viewport=50,50,900,0,10,10").status_code == 400


def test_quality_makes_a_jpeg_larger_or_smaller(site: Site) -> None:
    sizes = [len(site.get(f"{site.path('ct')}/rendered?quality={quality}").content) for quality in (10, 50, 95)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[2]


@pytest.mark.parametrize(
    "query", ["window=40,0", "window=a,b", "viewport=0,0", "quality=0", "quality=101", "window=1,2&window=1,2"]
)
def test_impossible_parameters_are_refused(site: Site, query: str) -> None:
    assert site.get(f"{site.path('ct')}/rendered?{query}").status_code == 400


def test_what_is_left_out_is_said(site: Site) -> None:
    answer = site.get(f"{site.path('ct')}/rendered?annotation=patient")
    assert answer.status_code == 200
    assert "annotation" in answer.headers["warning"]


def test_series_and_study_show_the_picture_in_their_middle(site: Site) -> None:
    study, series = SERIES_OF_THREE
    middle = site.get(f"{site.path('slice 2')}/rendered", "image/png").content
    assert site.get(f"/studies/{study}/series/{series}/rendered", "image/png").content == middle
    assert site.get(f"/studies/{study}/rendered", "image/png").content == middle
    assert site.get(f"/studies/{study}/series/{series}.9/rendered").status_code == 404


def test_all_pictures_of_a_series_come_as_parts_that_say_what_they_show(site: Site) -> None:
    study, series = SERIES_OF_THREE
    path = f"/studies/{study}/series/{series}/rendered?viewport=8,8&quality=60"
    answer = site.get(path, 'multipart/related; type="image/jpeg"')
    places = re.findall(r"Content-Location: (\S+)", answer.text)
    assert places == [f"instances/{site.data_set(f'slice {number}').SOPInstanceUID}/frames/1/rendered" for number in (1, 2, 3)]
    for place, part in zip(places, parts(answer), strict=True):
        alone = site.get(f"/studies/{study}/series/{series}/{place}?viewport=8,8&quality=60")
        assert part.content == alone.content
    of_study = site.get(f"/studies/{study}/rendered?viewport=8,8&quality=60", "multipart/related; type=image/jpeg")
    assert f"Content-Location: series/{series}/{places[0]}" in of_study.text


def test_a_series_without_pictures_has_none_to_give(site: Site) -> None:
    path = site.path("report").partition("/instances")[0]
    assert site.get(f"{path}/rendered", 'multipart/related; type="image/jpeg"').status_code == 406


def test_the_middle_moves_when_pictures_arrive(site: Site) -> None:
    own = uids("growing")
    first = made(np.zeros((16, 16), np.uint8), own | {"InstanceNumber": 1})
    site.store(first)
    path = f"/studies/{own['StudyInstanceUID']}/rendered?window=50,100"
    assert shades(site.get(path, "image/png").content).max() == 0
    for number in (2, 3):
        named = own | {"InstanceNumber": number, "SOPInstanceUID": f"{own['SeriesInstanceUID']}.{number}"}
        site.store(made(np.full((16, 16), 100, np.uint8), named))
    assert shades(site.get(path, "image/png").content).max() == 255


def test_frames_are_drawn_one_by_one(site: Site) -> None:
    first = site.get(f"{site.path('cine')}/frames/1/rendered").content
    assert site.get(f"{site.path('cine')}/rendered").content == first
    assert site.get(f"{site.path('cine')}/frames/20/rendered").content != first
    assert site.get(f"{site.path('cine')}/frames/31/rendered").status_code == 404


def test_several_frames_are_several_parts_or_one_film(site: Site) -> None:
    one = site.get(f"{site.path('cine')}/frames/2/rendered").content
    found = parts(site.get(f"{site.path('cine')}/frames/1,2/rendered", 'multipart/related; type="image/jpeg"'))
    assert [part.content_type for part in found] == ["image/jpeg"] * 2
    assert found[1].content == one
    film = picture(site.get(f"{site.path('cine')}/frames/1,2,3/rendered", "image/gif").content)
    assert sum(1 for _ in ImageSequence.Iterator(film)) == 3
    assert site.get(f"{site.path('cine')}/frames/1,2/rendered", "image/jpeg").status_code == 406


def test_a_multi_frame_gif_moves_at_its_own_pace(site: Site) -> None:
    film = picture(site.get(f"{site.path('cine')}/rendered?viewport=64,64", "image/gif").content)
    assert (film.width, film.info["loop"]) == (64, 0)
    milliseconds = [each.info["duration"] for each in ImageSequence.Iterator(film)]
    assert 20 <= len(milliseconds) <= 30  # one longer frame stands for two equal ones
    assert sum(milliseconds) == 30 * round(float(site.data_set("cine").FrameTime) / 10) * 10


@pytest.mark.parametrize("name", ["report", "ecg", "pdf"])
def test_what_is_no_image_has_no_picture(site: Site, name: str) -> None:
    for resource in ("rendered", "thumbnail", "frames/1/rendered", "frames/1/thumbnail"):
        assert site.get(f"{site.path(name)}/{resource}", "image/jpeg").status_code in (404, 406), resource


def test_a_pdf_is_given_as_pdf(site: Site) -> None:
    for accept in ("application/pdf", "*/*", None):
        answer = site.get(f"{site.path('pdf')}/rendered", accept)
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.content.rstrip(b"\0") == PDF


def test_a_very_small_pdf_is_given_as_pdf(site: Site) -> None:
    own, small = uids("small pdf"), b"%PDF-1.4\n%%EOF\n"  # its value stands in the metadata itself
    site.store(encapsulated_pdf("small pdf", small))
    path = "/studies/{StudyInstanceUID}/series/{SeriesInstanceUID}/instances/{SOPInstanceUID}".format(**own)
    answer = site.get(f"{path}/rendered", "application/pdf")
    assert (answer.status_code, answer.content.rstrip(b"\0")) == (200, small)
    assert site.get(f"{path}/bulkdata/00420011", "application/pdf").content.rstrip(b"\0") == small
    assert site.get(f"{path}/bulkdata/00420012").status_code == 404


@pytest.mark.parametrize("name", ["ct", "cine", "film", "bits"])
def test_thumbnails_are_small(site: Site, name: str) -> None:
    thumbnail = picture(site.get(f"{site.path(name)}/thumbnail").content)
    assert thumbnail.format == "JPEG"
    data_set = site.data_set(name)
    assert max(thumbnail.size) == min(256, max(data_set.Rows, data_set.Columns))


def test_thumbnails_of_other_sizes_frames_and_levels(site: Site) -> None:
    study, series = SERIES_OF_THREE
    assert picture(site.get(f"{site.path('film')}/thumbnail?viewport=60,60").content).size == (45, 60)
    assert picture(site.get(f"{site.path('ct')}/thumbnail", "image/png").content).format == "PNG"
    middle = site.get(f"{site.path('slice 2')}/thumbnail").content
    assert site.get(f"/studies/{study}/thumbnail").content == middle
    assert site.get(f"/studies/{study}/series/{series}/thumbnail").content == middle
    assert (
        site.get(f"{site.path('cine')}/frames/1/thumbnail").content
        != site.get(f"{site.path('cine')}/frames/25/thumbnail").content
    )
    assert site.get(f"{site.path('cine')}/frames/31/thumbnail").status_code == 404


def test_the_same_picture_again_is_the_same(site: Site) -> None:
    asked = f"{site.path('film')}/rendered?viewport=100,100&window=40.5,400"
    first, again = site.get(asked), site.get(asked)
    assert first.content == again.content
    assert first.headers["etag"] == again.headers["etag"]
    other = site.get(f"{site.path('film')}/rendered?viewport=100,100&window=41.5,400")
    assert other.headers["etag"] != first.headers["etag"]

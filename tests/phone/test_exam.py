"""One exam: its three entries and its neighbours, its film zoomed without steps, its images."""

from __future__ import annotations

import re
import time
from itertools import islice

import pytest
from playwright.sync_api import Page, expect

from api.demo import CT_EXAM
from api.demo_phantoms import ct_files
from tests.phone.conftest import (
    CT,
    PHONE,
    WAIT_MS,
)
from tests.phone.pages import open_exam, open_film

LOOK_MS = 50
SMALL_FILM = 360  # pixels of width: shown until the sharp one is here


def test_images_open_in_the_viewer_with_nothing_in_the_log(exams: Page) -> None:
    page = open_exam(exams)
    with page.expect_navigation(url=re.compile(r"/viewer/")):
        page.get_by_role("button", name="影像").click()
    assert re.search(r"/viewer/#study=[0-9.]+&exam=[0-9a-f-]+$", page.url)


@pytest.mark.usefixtures("film")
def test_exam_has_three_equal_entries_and_leads_through_the_history(exams: Page) -> None:
    page = open_exam(exams)
    expect(page.locator(".tile")).to_have_text(["报告已更正", "胶片2 页", re.compile(r"^影像24 幅 [\d.]+ MB$")])
    exam = page.request.get(f"/api/v1/exams/{page.url.partition('id=')[2].partition('&')[0]}").json()
    assert exam["image_bytes"] == sum(len(each) for each in islice(ct_files(CT_EXAM), exam["images"]))
    sizes = page.evaluate('[...document.querySelectorAll(".tile")].map((each) => [each.offsetWidth, each.offsetHeight])')
    assert sizes[0] == sizes[1] == sizes[2]
    expect(page.get_by_text("第 4 次，共 10 次")).to_be_visible()
    page.get_by_role("button", name="较早一次").click()
    expect(page.get_by_text("第 5 次，共 10 次")).to_be_visible()
    swipe(page, from_x=90, to_x=300)
    expect(page.get_by_role("heading", name=CT)).to_be_visible()


def swipe(page: Page, from_x: int, to_x: int) -> None:
    """A finger across the exam, as the pages hear it."""
    page.evaluate(
        """([from, to]) => {
            const place = document.querySelector(".large");
            for (const [kind, x] of [["touchstart", from], ["touchend", to]]) {
                const touch = new Touch({ identifier: 1, target: place, clientX: x, clientY: 200 });
                place.dispatchEvent(new TouchEvent(kind, { bubbles: true, changedTouches: [touch] }));
            }
        }""",
        [from_x, to_x],
    )


@pytest.mark.usefixtures("film")
def test_film_turns_and_zooms_without_steps_and_asks_for_finer_pictures(exams: Page) -> None:
    asked: list[str] = []
    exams.on("request", lambda request: asked.append(request.url) if ".jpg?width=" in request.url else None)
    page = open_film(exams)
    expect(page.get_by_text("第 1 页，共 2 页")).to_be_visible()
    page.get_by_role("button", name="下一页").click()
    expect(page.get_by_role("img", name="胶片第 2 页")).to_be_visible()
    page.locator(".film-area").hover()
    page.mouse.wheel(0, -173)
    before = wait_for_scale(page, above=1)
    assert 1.2 < before < 2
    page.mouse.wheel(0, -400)
    wait_for_scale(page, above=before)
    page.get_by_role("button", name="放大").click()
    expect(page.locator(".film-picture")).to_have_attribute("src", re.compile(r"films/2\.jpg\?width=(2160|4320)$"))
    expect(page.locator(".film-picture")).to_have_js_property("complete", True)
    page.get_by_role("button", name="整页").click()
    assert scale(page) == 1
    widths = [width for url in asked if (width := int(url.rpartition("=")[2])) != SMALL_FILM]
    assert min(widths) >= PHONE["width"]
    assert max(widths) > 1080


def wait_for_scale(page: Page, above: float) -> float:
    """The scale once it is larger than that; a wheel is heard after it was turned."""
    for _ in range(WAIT_MS // LOOK_MS):
        if scale(page) > above:
            return scale(page)
        page.wait_for_timeout(LOOK_MS)
    pytest.fail(f"the film never became larger than {above}")


def scale(page: Page) -> float:
    return float(page.evaluate('new DOMMatrix(document.querySelector(".film-page").style.transform).a'))


def double_tap(page: Page, x: float, y: float) -> None:
    """Two taps that are a tenth of a second apart however busy the machine is."""
    touch = page.context.new_cdp_session(page)
    begun = time.time()
    for at in (0.0, 0.1):
        down = {"type": "touchStart", "touchPoints": [{"x": x, "y": y}], "timestamp": begun + at}
        touch.send("Input.dispatchTouchEvent", down)
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": [], "timestamp": begun + at + 0.02})


@pytest.mark.usefixtures("film")
def test_double_tap_on_a_cell_opens_its_image_and_a_button_does_too(exams: Page) -> None:
    page = open_film(exams)
    box = page.locator(".film-page").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3
    with page.expect_navigation(url=re.compile(r"/viewer/")):
        double_tap(page, x, y)
    tapped = page.url
    assert re.search(r"#study=[0-9.]+&series=[0-9.]+&instance=[0-9.]+&frame=1&exam=[0-9a-f-]+$", tapped)
    page.go_back()
    page.get_by_role("button", name="逐格看").click()
    with page.expect_navigation(url=re.compile(r"/viewer/")):
        page.get_by_role("button", name="打开第 1 格").click()
    assert page.url != tapped

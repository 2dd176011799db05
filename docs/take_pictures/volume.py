"""What a doctor sees of a CT in planes that no scanner sent: all three at a desk, one thick one on a phone."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from docs.take_pictures.world import CT, World

SMALL_DESK = (1100, 700)  # larger ones are more than a picture may weigh


def planes(world: World) -> Page:
    return _thick(_opened(world, size=SMALL_DESK, density=1), "平均")  # without grain, which no PNG packs


def thick_plane(world: World) -> Page:
    page = _opened(world, density=1)
    page.locator(".strip").get_by_role("button", name="冠状").click()
    return _thick(page, "最大密度", "20 mm")


def _thick(page: Page, *choices: str) -> Page:
    for choice in choices:
        page.locator(".strip button.thick").click()
        page.get_by_role("menuitemradio", name=choice).click()
    return page


def _opened(world: World, **how: Any) -> Page:
    page = world.patient(**how)
    exams = page.request.get("/api/v1/exams?limit=50").json()["items"]
    study = next(each["studies"][0] for each in exams if each["item"] == CT)
    page.goto(f"/viewer/#study={study}")
    page.locator(".pane[data-quality=full]").wait_for()
    page.get_by_role("button", name="布局", exact=True).click()
    page.get_by_role("menuitem", name="多平面重建").click()
    page.locator(".strip[data-state=whole]").wait_for()
    return page

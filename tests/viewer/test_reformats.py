"""Planes cut from a volume: as numpy cuts them, measured in mm, led by a cross, refused where there is no volume."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import expect

from tests.viewer import phantom
from tests.viewer.conftest import DESKTOP, NEXT_FRAME, PHONE, OpenViewer, Site, Viewer, store
from tests.viewer.seeing import serious, until_seen

AXIAL, CORONAL, SAGITTAL = 0, 1, 2  # panes
SLICES, ROWS, COLUMNS = phantom.VOLUME
FINE = round((SLICES - 1) * phantom.SLICE_MM / phantom.SPACING_MM) + 1  # rows that all slices are drawn out to
LENGTH_MM = 0.35  # a pointer stands on whole pixels of the screen
REFUSED = {  # places of slices that make no volume
    "irregular": [[0, 0, place * 2.0 + (5.0 if place > 9 else 0.0)] for place in range(16)],
    "tilted": [[0, place * 0.5, place * 2.0] for place in range(16)],
}
TINY_GIB = 0.01  # of memory: room for a quarter of the volume
NO_GIB = 0.00001


@pytest.fixture(scope="module")
def volume(site: Site) -> str:
    """The study of a volume, beside some that are none."""

    def files() -> Iterator[bytes]:
        yield from phantom.volume()
        yield from phantom.sideways()
        for name, places in REFUSED.items():
            yield from phantom.stack(name, places)

    store(site.url, site.token, files())
    return phantom.uid("volume")


def test_planes_are_those_that_numpy_cuts_and_are_marked_as_made(open_viewer: OpenViewer, volume: str) -> None:
    viewer = reformatted(open_viewer(), volume)
    values = phantom.volume_values()
    for pane, expected in (
        (AXIAL, values[15]),  # the fifth from the head
        (CORONAL, drawn_out(values[:, ROWS // 2, :])),
        (SAGITTAL, drawn_out(values[:, :, COLUMNS // 2])),
    ):
        until_cut(viewer, pane, expected)
        expect(viewer.corner("sw", pane)).to_contain_text("重建图像")
        expect(viewer.corner("sw", pane)).to_contain_text("仅供浏览参考，不作诊断依据")
    assert sides(viewer) == [("R", "A"), ("R", "H"), ("A", "H")]
    thick(viewer, "最大密度")  # 10 mm: ten rows to each side
    near = slice(ROWS // 2 - 10, ROWS // 2 + 11)
    until_cut(viewer, CORONAL, drawn_out(values[:, near, :].max(axis=1)))
    thick(viewer, "平均")
    until_cut(viewer, CORONAL, drawn_out(values[:, near, :].mean(axis=1)))
    thick(viewer, "最小密度")
    until_cut(viewer, AXIAL, values[13:18].min(axis=0))


def test_planes_of_what_was_taken_from_the_side_lie_as_the_body_does(open_viewer: OpenViewer, volume: str) -> None:
    viewer = reformatted(open_viewer(), phantom.uid("sideways"), "sideways")
    values = phantom.sideways_values()  # x, z, y
    right_to_left = np.linspace(0, 15, round(15 * phantom.SLICE_MM / phantom.SPACING_MM) + 1)

    def across(plane: NDArray[np.generic]) -> NDArray[np.float64]:
        return np.array([np.interp(right_to_left, np.arange(16), line) for line in plane.T.astype(np.float64)])

    until_cut(viewer, AXIAL, across(values[:, 19, :]))
    until_cut(viewer, CORONAL, np.flipud(across(values[:, :, 16])))
    until_cut(viewer, SAGITTAL, np.flipud(values[4]))
    assert sides(viewer) == [("R", "A"), ("R", "H"), ("A", "H")]


def test_distances_and_values_across_slices_are_those_of_the_body(open_viewer: OpenViewer, volume: str) -> None:
    viewer = reformatted(open_viewer(), volume)
    viewer.page.locator(".strip").get_by_role("button", name="冠状").click()
    expect(viewer.page.locator(".pane")).to_have_count(1)
    viewer.shown().tool("长度")
    top, bottom = (row_of(height) for height in (14, 4))  # slices 20 mm apart, and 15 mm aside
    viewer.drag(viewer.at(50.5, top, COLUMNS, FINE), viewer.at(80.5, bottom, COLUMNS, FINE))
    assert viewer.number() == pytest.approx(np.hypot(20, 15), abs=LENGTH_MM)
    assert viewer.said()[0].endswith(" mm")
    viewer.tool("角度")
    viewer.drag(viewer.at(20.5, top, COLUMNS, FINE), viewer.at(20.5, bottom, COLUMNS, FINE))
    viewer.drag(viewer.at(20.5, bottom, COLUMNS, FINE), viewer.at(60.5, top, COLUMNS, FINE))
    assert viewer.number() == pytest.approx(45, abs=1)
    viewer.tool("读数值")
    viewer.page.mouse.click(*viewer.at(90.5, row_of(3), COLUMNS, FINE))
    expected = phantom.volume_values()[3, ROWS // 2, 90]
    expect(viewer.page.locator(".mark").last).to_have_text(f"{expected} HU")


def test_cross_leads_the_other_planes_and_window_and_way_back_are_shared(open_viewer: OpenViewer, volume: str) -> None:
    viewer = reformatted(open_viewer(), volume)
    counts = [viewer.corner("ne", pane).locator(".count") for pane in range(3)]
    expect(counts[CORONAL]).to_have_text("49 / 96")
    expect(counts[SAGITTAL]).to_have_text("65 / 128")
    viewer.drag(viewer.at(64.5, 48.5, COLUMNS, ROWS), viewer.at(40.5, 30.5, COLUMNS, ROWS))
    expect(counts[CORONAL]).to_have_text("31 / 96")
    expect(counts[SAGITTAL]).to_have_text("41 / 128")
    until_cut(viewer, CORONAL, drawn_out(phantom.volume_values()[:, 30, :]))
    viewer.drag(viewer.at(80.5, 30.5, COLUMNS, ROWS), viewer.at(80.5, 60.5, COLUMNS, ROWS))  # a line moves one plane alone
    expect(counts[CORONAL]).to_have_text("61 / 96")
    expect(counts[SAGITTAL]).to_have_text("41 / 128")
    viewer.pane(CORONAL).focus()
    viewer.page.keyboard.press("ArrowUp")
    expect(counts[CORONAL]).to_have_text("60 / 96")
    viewer.choose("窗位", "骨窗")
    for pane in range(3):
        expect(viewer.corner("sw", pane)).to_contain_text("窗宽 1800 窗位 400")
    assert len(of_volumes(viewer)) == 1
    viewer.page.get_by_role("button", name="结束重建").click()
    expect(viewer.page.locator(".pane")).to_have_count(1)
    expect(counts[AXIAL]).to_have_text("5 / 20")
    expect(viewer.corner("sw")).not_to_contain_text("重建图像")
    until_freed(viewer)


def test_one_plane_at_a_time_is_led_by_a_finger_on_a_phone(open_viewer: OpenViewer, volume: str) -> None:
    viewer = reformatted(open_viewer(PHONE), volume)
    expect(viewer.page.locator(".pane")).to_have_count(1)
    touch = viewer.page.context.new_cdp_session(viewer.page)
    way = [viewer.at(64.5 + step, 48.5 - step, COLUMNS, ROWS) for step in (0, 6, 12, 18, 24)]
    for kind, points in (("touchStart", way[:1]), *(("touchMove", [point]) for point in way[1:]), ("touchEnd", [])):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})
    count = viewer.corner("ne").locator(".count")
    viewer.page.locator(".strip").get_by_role("button", name="矢状").click()
    expect(count).to_have_text("89 / 128")
    viewer.page.locator(".strip").get_by_role("button", name="冠状").click()
    expect(count).to_have_text("25 / 96")
    viewer.page.get_by_role("button", name="下一幅").click()
    expect(count).to_have_text("26 / 96")
    small = viewer.page.evaluate(
        """() => [...document.querySelectorAll("button, a, input")].filter((each) => {
            const { width, height } = each.getBoundingClientRect();
            return width > 0 && (width < 44 || height < 44);
        }).map((each) => each.textContent || each.ariaLabel)"""
    )
    assert small == []
    assert serious(viewer) == []


def test_planes_are_seen_while_slices_come_and_can_be_left_at_any_time(open_viewer: OpenViewer, volume: str) -> None:
    viewer = open_viewer()
    late = f"/instances/{phantom.uid('volume slice 20')}/frames/"
    viewer.page.route(lambda url: late in url, lambda _: None)  # of one slice nothing ever comes
    viewer.open(volume, series=phantom.uid("volume axial"), instance=phantom.uid("volume slice 5")).shown()
    viewer.page.keyboard.press("x")
    expect(viewer.page.locator(".strip .progress")).to_have_text("正在取影像 19 / 20")
    until_cut(viewer, AXIAL, phantom.volume_values()[15])
    viewer.pane(AXIAL).focus()
    viewer.page.keyboard.press("ArrowDown")
    until_cut(viewer, AXIAL, phantom.volume_values()[14])
    viewer.page.keyboard.press("x")
    expect(viewer.page.locator(".strip")).to_have_count(0)
    expect(viewer.corner("ne").locator(".count")).to_have_text("6 / 20")
    until_freed(viewer)
    viewer.page.unroute_all(behavior="ignoreErrors")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ct", "平行的断层影像少于 16 幅，不能重建"),
        ("irregular", "各幅之间的距离不相等，不能重建"),
        ("tilted", "扫描时机架倾斜，重建会变形"),
    ],
)
def test_what_is_no_regular_volume_is_refused_kindly(open_viewer: OpenViewer, volume: str, name: str, words: str) -> None:
    viewer = open_viewer().open(phantom.uid(name), series=phantom.uid(f"{name} axial"))
    viewer.shown().page.keyboard.press("g")
    choice = viewer.page.locator(".sheet .choice", has_text="多平面重建")
    expect(choice).to_be_disabled()
    expect(choice).to_contain_text(words)


def test_a_volume_too_large_for_the_device_is_halved_or_refused(open_viewer: OpenViewer, volume: str) -> None:
    viewer = open_viewer(DESKTOP)
    viewer.page.add_init_script(
        f"Object.defineProperty(navigator, 'deviceMemory', {{ value: {TINY_GIB}, configurable: true }})"
    )
    reformatted(viewer, volume)
    expect(viewer.corner("sw")).to_contain_text("平面内减半")
    values = phantom.volume_values()[15].astype(float)
    until_cut(viewer, AXIAL, values.reshape(ROWS // 2, 2, COLUMNS // 2, 2).mean(axis=(1, 3)))
    viewer.page.add_init_script(f"Object.defineProperty(navigator, 'deviceMemory', {{ value: {NO_GIB} }})")
    viewer.page.reload()
    viewer.shown().page.keyboard.press("g")
    choice = viewer.page.locator(".sheet .choice", has_text="多平面重建")
    expect(choice).to_be_disabled()
    expect(choice).to_contain_text("影像太大，这台设备的内存不够")


# -- parts -----------------------------------------------------------------------------


def reformatted(viewer: Viewer, study: str, name: str = "volume") -> Viewer:
    """The volume in its planes, opened at its fifth slice, all slices here."""
    viewer.open(study, series=phantom.uid(f"{name} axial"), instance=phantom.uid(f"{name} slice 5")).shown()
    viewer.choose("布局", "多平面重建")
    expect(viewer.page.locator(".strip")).to_have_attribute("data-state", "whole")
    viewer.shown().page.evaluate(NEXT_FRAME)
    return viewer


def sides(viewer: Viewer) -> list[tuple[str, str]]:
    """The letters at the left and at the top of each plane."""
    return [(viewer.corner("side-left", pane).inner_text(), viewer.corner("side-top", pane).inner_text()) for pane in range(3)]


def thick(viewer: Viewer, kind: str) -> None:
    """Choose what becomes of the values of a slab."""
    viewer.page.locator(".strip button.thick").click()
    viewer.page.get_by_role("menuitemradio", name=kind).click()


def drawn_out(plane: NDArray[np.generic]) -> NDArray[np.float64]:
    """A plane across the slices, from the head down, linear between them."""
    heights = np.linspace(SLICES - 1, 0, FINE)
    return np.array([np.interp(heights, np.arange(SLICES), column) for column in plane.T.astype(np.float64)]).T


def row_of(height: int) -> float:
    """Where a slice lies in a plane across all of them, in rows of the picture."""
    return float((SLICES - 1 - height) * (FINE - 1) / (SLICES - 1) + 0.5)


def until_cut(viewer: Viewer, pane: int, values: NDArray[np.generic]) -> None:
    """Return once a pane shows these HU, pixel by pixel, in the window of the file (PS3.3 C.11.2.1.2)."""
    center, width = phantom.WINDOW
    viewer.pane(pane).focus()
    viewer.page.keyboard.press("1")
    until_seen(viewer, np.clip((values.astype(np.float64) - (center - 0.5)) / (width - 1) + 0.5, 0, 1) * 255, pane)


def until_freed(viewer: Viewer) -> None:
    """Return once no worker holds a volume: with the worker all of its memory is free."""
    for _ in range(400):
        if not of_volumes(viewer):
            return
        viewer.page.wait_for_timeout(50)
    pytest.fail("the volume's worker never ended")


def of_volumes(viewer: Viewer) -> list[str]:
    """The workers that hold a volume."""
    return [worker.url for worker in viewer.page.workers if "cutter" in worker.url]

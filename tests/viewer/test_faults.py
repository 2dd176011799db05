"""Privacy, a bad network, old devices, and how little is asked for."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.viewer import phantom
from tests.viewer.conftest import PHONE, OpenViewer, Site, Viewer
from tests.viewer.seeing import serious

SCRIPT_MAX_BYTES = 60_000  # compressed, of all that runs before the first picture
LENGTH_MM = 0.35  # a pointer stands on whole pixels of the screen


def test_names_stay_masked_until_they_are_asked_for(ct: Viewer) -> None:
    assert "尺模" not in ct.page.content()
    ct.page.get_by_role("button", name="显示姓名").click()
    expect(ct.corner("nw")).to_contain_text("尺模")
    ct.page.get_by_role("button", name="隐藏姓名").click()
    expect(ct.corner("nw")).not_to_contain_text("尺模")


def test_what_is_not_there_and_who_is_not_signed_in_get_kind_words(open_viewer: OpenViewer) -> None:
    open_viewer().open("1.2.3.4.5.6").page.get_by_text("没有找到这项检查。").wait_for()
    open_viewer(signed_in=False).open(phantom.uid("ct")).page.get_by_text("登录已过期").wait_for()
    open_viewer().open("").page.get_by_text("没有指明要看哪项检查。").wait_for()


def test_bad_network_is_said_and_tried_again(open_viewer: OpenViewer) -> None:
    viewer = open_viewer()
    cut = {"yes": True}

    def maybe(route: Route) -> None:
        if cut["yes"]:
            route.abort("connectionreset")
        else:
            route.continue_()

    viewer.page.route("**/frames/**", maybe)
    viewer.open(phantom.uid("ct"), series=phantom.uid("ct axial")).shown("light")
    expect(viewer.page.get_by_text("网络不太好，正在重试。已看过的内容仍可查看。")).to_be_visible()
    cut["yes"] = False
    viewer.shown()
    expect(viewer.page.get_by_text("网络不太好")).to_be_hidden()


def test_every_slice_of_a_stack_is_seen_small_before_it_has_come(open_viewer: OpenViewer) -> None:
    viewer = open_viewer()
    first = f"/instances/{phantom.uid('ct slice 1')}/"

    def only_first(route: Route) -> None:  # of every other slice nothing ever comes
        if first in route.request.url:
            route.continue_()

    viewer.page.route("**/instances/**", only_first)
    viewer.open(phantom.uid("ct"), series=phantom.uid("ct axial")).shown()
    viewer.page.keyboard.press("End")
    viewer.shown("small")
    expect(viewer.corner("ne").locator(".count")).to_have_text("12 / 12")
    assert viewer.pixels().max() > 200
    viewer.page.unroute("**/instances/**", only_first)


@pytest.mark.parametrize(("instance", "asked"), [("ct slice 4", "512,512"), (None, "128,128")])
def test_nothing_is_asked_for_much_larger_than_it_is(open_viewer: OpenViewer, instance: str | None, asked: str) -> None:
    named = {"instance": phantom.uid(instance)} if instance else {}  # the first look, when its size is not known yet
    viewer = open_viewer().open(phantom.uid("ct"), series=phantom.uid("ct axial"), **named).shown()
    drawn = [each for each in viewer.requests if "/rendered?" in each and "/instances/" in each]
    assert {each.partition("?")[2] for each in drawn} == {
        f"viewport={asked}"
    }  # perhaps twice, where a busy machine answered late


def test_saving_data_shows_the_servers_pictures_and_asks_for_no_frame(open_viewer: OpenViewer) -> None:
    viewer = open_viewer(PHONE)
    viewer.page.add_init_script("localStorage.setItem('cloudfilm-viewer-saver', 'on')")
    viewer.open(phantom.uid("ct"), series=phantom.uid("ct axial")).shown("light")
    expect(viewer.corner("se")).to_contain_text("省流量画质")
    with viewer.page.expect_request(lambda request: "window=400,1800" in request.url):
        viewer.choose("窗位", "骨窗")
    expect(viewer.corner("sw")).to_contain_text("窗宽 1800")
    viewer.page.get_by_role("button", name="下一幅").click()
    expect(viewer.corner("ne").locator(".count")).to_have_text("2 / 12")
    assert not [each for each in viewer.requests if "/frames/" in each or each.endswith(".wasm")]
    viewer.choose("更多", "省流量")
    viewer.shown()


def test_without_webgl_and_webassembly_everything_is_still_seen_and_measured(
    open_viewer: OpenViewer, old_chromium: Browser
) -> None:
    viewer = open_viewer(browser=old_chromium).open(phantom.uid("ct"), series=phantom.uid("ct axial")).shown("light")
    assert viewer.page.evaluate("typeof WebAssembly") == "undefined"
    viewer.tool("长度")
    viewer.drag(viewer.at(16, 64), viewer.at(112, 64))
    assert viewer.number() == pytest.approx(96 * phantom.SPACING_MM, abs=LENGTH_MM)
    viewer.tool("读数值")
    viewer.page.mouse.click(*viewer.at(60, 40))
    expect(viewer.page.locator(".mark").last).to_have_text("1000 HU")  # the server unpacks that one frame
    assert not [each for each in viewer.requests if each.endswith(".wasm")]
    viewer.page.keyboard.press("g")
    expect(viewer.page.locator(".sheet .choice", has_text="多平面重建")).to_contain_text("这台设备不支持原始画质")


def test_first_picture_needs_little_script_and_nothing_stands_in_addresses(ct: Viewer, site: Site) -> None:
    scripts = [each for each in ct.requests if each.endswith(".js") and "decoder" not in each]
    packed = [ct.page.context.request.get(each, headers={"Accept-Encoding": "br"}) for each in scripts]
    assert all(each.headers["cache-control"] == "public, max-age=31536000, immutable" for each in packed)
    loaded = 'performance.getEntriesByType("resource").filter((each) => /js$/.test(each.name))'
    assert 10_000 < sum(ct.page.evaluate(f"{loaded}.map((each) => each.encodedBodySize)")) < SCRIPT_MAX_BYTES
    assert not [each for each in ct.requests if site.token in each]
    assert [each for each in ct.requests if "/viewer/" in each and "?" in each] == []


def test_axe_finds_nothing_serious_while_measuring_on_a_desktop(ct: Viewer) -> None:
    ct.tool("长度")
    ct.page.get_by_role("button", name="放在中间").click()
    assert serious(ct) == []


def test_buttons_on_a_phone_are_as_large_as_a_thumb_and_axe_finds_nothing_serious(open_viewer: OpenViewer) -> None:
    viewer = open_viewer(PHONE).open(phantom.uid("ct"), series=phantom.uid("ct axial")).shown()
    viewer.page.get_by_role("button", name="更多", exact=True).click()
    small = viewer.page.evaluate(
        """() => [...document.querySelectorAll("button, a, input")]
            .map((each) => ({ name: each.textContent || each.ariaLabel, box: each.getBoundingClientRect() }))
            .filter(({ box }) => box.width > 0 && (box.width < 44 || box.height < 44)).map(({ name }) => name)"""
    )
    assert small == []
    assert serious(viewer) == []

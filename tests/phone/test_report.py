"""A report and its words, what can be downloaded, and who looked."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.parts.installation import Installation
from tests.parts.visitor import Visitor
from tests.phone.conftest import (
    SLICES,
    ULTRASOUND,
)
from tests.phone.pages import go


def test_corrected_report_says_what_changed_and_what_its_words_mean(exams: Page) -> None:
    page = go(exams, "report")
    expect(page.get_by_text("医院更正过这份报告")).to_be_visible()
    page.locator(".term").first.click()
    expect(page.get_by_text("仅供参考：这里只解释词语的意思")).to_be_visible()
    page.get_by_role("button", name="和上一版有什么不同").click()
    expect(page.locator(".piece.added").first).to_contain_text("新增")
    opened = page.get_by_role("link", name="打开 PDF").get_attribute("href")
    assert opened is not None and page.request.get(opened).body().startswith(b"%PDF-")


def test_report_is_read_aloud_and_stops_when_asked(exams: Page) -> None:
    page = go(exams, "report")
    # a browser without a screen has no voice: this one only remembers what it is to say
    page.evaluate("() => { window.said = []; speechSynthesis.speak = (one) => { said.push([one.lang, one.text]); }; }")
    page.get_by_role("button", name="朗读", exact=True).click()
    page.get_by_role("button", name="停止朗读").click()
    expect(page.get_by_role("button", name="朗读", exact=True)).to_be_visible()
    said = page.evaluate("() => window.said")
    assert {language for language, _ in said} == {"zh-CN"}
    assert "检查所见。" in said[0][1] and any("诊断意见" in text for _, text in said)
    assert max(len(text) for _, text in said) <= 120


def test_preliminary_report_says_so_and_one_that_is_not_there_too(exams: Page) -> None:
    page = go(exams, "report", "头颅CT平扫")
    expect(page.get_by_text("这是临时报告，以正式报告为准。")).to_be_visible()
    listed = exams.request.get("/api/v1/exams?limit=50").json()["items"]
    missing = next(each for each in listed if each["report"] is None)
    page.goto(f"/#/report?exam={missing['id']}")
    expect(page.get_by_text(missing["state_text"])).to_be_visible()
    page.get_by_role("button", name="看这项检查").click()
    expect(page.get_by_role("heading", name=missing["item"])).to_be_visible()


def test_download_says_its_size_first_and_gives_the_whole(exams: Page, tmp_path: Path) -> None:
    page = go(exams, "download")
    expect(page.get_by_role("button", name=re.compile(r"全部下载（.+ [KM]B）"))).to_be_enabled()
    expect(page.get_by_text(f"{SLICES} 个文件", exact=False).first).to_be_visible()
    with page.expect_download() as begun:
        page.get_by_role("button", name="全部下载").click()
    begun.value.save_as(tmp_path / "all.zip")
    expect(page.get_by_text("下载完成")).to_be_visible()
    with zipfile.ZipFile(tmp_path / "all.zip") as whole:
        assert whole.testzip() is None
        assert sum(name.startswith("DICOM/") for name in whole.namelist()) == SLICES


def test_broken_download_can_go_on(exams: Page, tmp_path: Path) -> None:
    page = go(exams, "download", ULTRASOUND)
    page.route("**/download.zip*", lambda route: route.abort(), times=1)
    page.get_by_role("button", name="下载 1", exact=False).click()
    expect(page.get_by_text("下载中断了")).to_be_visible()
    with page.expect_download() as begun:
        page.get_by_role("button", name="继续下载").click()
    begun.value.save_as(tmp_path / "one.zip")
    with zipfile.ZipFile(tmp_path / "one.zip") as one:
        assert one.testzip() is None


def test_code_on_the_phone_opens_the_exam_on_a_computer(exams: Page, site: Installation) -> None:
    page = go(exams, "download")
    page.get_by_role("button", name="获取下载码").click()
    address, code = page.locator(".address").inner_text(), page.locator(".digits").inner_text()
    with Visitor(site.url) as computer:
        computer.open(address)
        assert computer.send("code", code=code).status_code == 200
        link = re.findall(r'href="(/api/v1/[^"]+)"', computer.text)[0]
        with zipfile.ZipFile(io.BytesIO(computer.client.get(link).content)) as whole:
            assert whole.testzip() is None


def test_who_looked_is_told(exams: Page) -> None:
    go(exams, "report")
    page = go(exams, "looked")
    expect(page.get_by_text(re.compile("您自己 · 报告")).first).to_be_visible()

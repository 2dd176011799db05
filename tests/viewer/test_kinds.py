"""What is no picture, and every kind of object that the samples hold."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.viewer import kinds, phantom
from tests.viewer.conftest import OpenViewer, Site
from tests.viewer.seeing import ecg_millivolts, package_study, serious

PICTURE = ".pane:is([data-quality=full], [data-quality=light]):not(.waiting):has(> .over[hidden])"
WORDS = ".pane > .over:is(:has(.document), :has(.ecg svg), :has(.notice))"


def test_documents_are_shown_as_what_they_are(open_viewer: OpenViewer, site: Site) -> None:
    viewer = open_viewer().open(package_study("waveform_ecg.dcm"))
    leads = viewer.page.locator(".ecg svg path[stroke='#1b2328']")
    expect(leads).to_have_count(12)
    expect(viewer.page.locator(".ecg")).to_contain_text("12 导联")
    heights = [float(each) for each in re.findall(r"[ML][\d.]+ ([-\d.]+)", leads.nth(1).get_attribute("d") or "")]
    assert max(heights) - min(heights) == pytest.approx(np.ptp(ecg_millivolts()[:, 1]) * 10, rel=0.02)  # 10 mm a millivolt
    viewer.open(package_study("test-SR.dcm"))
    expect(viewer.page.locator(".document")).to_contain_text("was detected.")
    assert serious(viewer) == []
    viewer.open(phantom.uid("pdf"))
    link = viewer.page.get_by_role("link", name="打开文档 (PDF)")
    answer = viewer.page.context.request.get(site.url + (link.get_attribute("href") or ""))
    assert answer.headers["content-type"] == "application/pdf" and answer.body().startswith(b"%PDF-1.4")
    viewer.open(phantom.uid("raw"))
    expect(viewer.page.get_by_text("这类影像暂时不能在线查看，可以下载原始文件。")).to_be_visible()
    expect(viewer.page.get_by_role("link", name="下载原始文件")).to_be_visible()


def test_every_kind_is_shown_or_named(open_viewer: OpenViewer, site: Site) -> None:
    viewer = open_viewer()
    samples = kinds.stored(site.url, site.token)
    for sample in samples:
        viewer.page.goto("about:blank")
        viewer.open(sample.study, series=sample.series)
        wanted = viewer.page.locator(PICTURE if sample.is_picture else WORDS)
        expect(wanted, f"{sample.kind}: {sample.path.name}").to_have_count(1)
        said = viewer.pane().locator(".over").text_content() or ""
        assert not re.search("出了点问题|没有找到|没有读到", said), f"{sample.kind}: {sample.path.name}: {said}"
    assert sum(sample.is_picture for sample in samples) >= 5
    assert len(samples) >= 9

"""An exam with more series than the server tells at once: all of them are there to be shared or left out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from playwright.sync_api import Browser, Page, expect
from pydicom.data import get_testdata_file
from pydicom.uid import UID

from tests.parts.installation import Installation
from tests.phone.pages import on
from tests.phone.patients import phone_of_hers, system, told_exam

SERIES, AT_ONCE = 103, 30  # the server tells a hundred at once; the page shows thirty more with each tap
STUDY = "1.2.826.0.1.3680043.8.498.103"


def tiny(folder: Path) -> None:
    """One small picture in each of many series."""
    file = pydicom.dcmread(get_testdata_file("CT_small.dcm"))  # type: ignore[arg-type]  # a path, as the file is there
    file.Rows = file.Columns = 8
    file.PixelData = file.PixelData[:128]
    file.StudyInstanceUID = STUDY
    for number in range(1, SERIES + 1):
        file.SeriesNumber = number
        file.SeriesInstanceUID = f"{STUDY}.{number}"
        file.SOPInstanceUID = f"{STUDY}.{number}.1"
        file.file_meta.MediaStorageSOPInstanceUID = UID(file.SOPInstanceUID)
        file.save_as(folder / f"{number:03}.dcm")


@pytest.fixture(scope="module")
def exam(site: Installation, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Its id."""
    folder = tmp_path_factory.mktemp("series")
    tiny(folder)
    with system(site) as his:
        exam = told_exam(his, "MANY", "多期增强CT", "final", at="2026-03-01T09:00:00+08:00", study_uids=[STUDY])
    done = site.command("import", str(folder), "--hospital", "demo")
    assert done.returncode == 0, done.stderr
    return exam


@pytest.fixture
def page(site: Installation, chromium: Browser, exam: str) -> Iterator[Page]:
    """Sharing it, at the second step."""
    phone = phone_of_hers(site, chromium)
    page = phone.new_page()
    page.goto(f"/#/share?exam={exam}")
    page.get_by_role("button", name="给其他人看").click()
    yield page
    phone.close()


def test_every_series_can_be_chosen_some_at_a_time_or_all_at_once(page: Page) -> None:
    page.get_by_role("button", name="只选一部分").click()
    expect(page.get_by_text(f"{SERIES} / {SERIES} 个序列")).to_be_visible()
    lines = page.locator(".of-series").get_by_role("checkbox")
    for shown in range(AT_ONCE, SERIES, AT_ONCE):
        expect(lines).to_have_count(shown)
        page.get_by_role("button", name="再看一些").click()
    expect(lines).to_have_count(SERIES)
    lines.last.click()
    on(page)
    expect(page.get_by_role("alert")).to_have_text("一次最多选 100 个序列。要更多，请选全部。")
    page.get_by_role("button", name="全选").click()
    page.get_by_role("button", name="全不选").click()
    lines.last.click()
    expect(page.get_by_text(f"1 / {SERIES} 个序列")).to_be_visible()
    on(page).get_by_role("button", name="下一步").click()
    expect(page.get_by_text("影像，共 1 幅")).to_be_visible()

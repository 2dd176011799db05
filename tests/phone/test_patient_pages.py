"""Report, download, who looked, shares, binding, feedback and settings on a phone, against the real server."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.parts.installation import Installation
from tests.parts.phone import Phone
from tests.parts.visitor import Visitor
from tests.phone.conftest import (
    CT,
    MINI_PROGRAMS,
    PATIENT,
    ULTRASOUND,
    OpenPhone,
    cut_texts,
    serious_findings,
    small_targets,
)
from tests.phone.test_pages import TOKENS, run_mini_program

pytestmark = pytest.mark.timeout(240)

SLICES = 24
# page → the words by which it is known to be there
PAGES = {
    "report": "检查所见",
    "download": "获取下载码",
    "looked": "您自己",
    "share": "分享给谁看",
    "shares": "我的分享",
    "bind": "我绑定的",
    "feedback": "是什么问题",
    "settings": "退出登录",
}


def go(exams: Page, page: str, exam: str = CT) -> Page:
    """A page of the patient, of that exam where it is about one."""
    answer = exams.request.get("/api/v1/exams?limit=50").json()
    found = next(each["id"] for each in answer["items"] if each["item"] == exam)
    exams.goto(f"/#/{page}?exam={found}")
    exams.get_by_text(PAGES[page]).locator("visible=true").first.wait_for()
    return exams


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
    missing = exams.request.get("/api/v1/exams?limit=50").json()["items"]
    exam = next(each["id"] for each in missing if each["report"] is None)
    page.goto(f"/#/report?exam={exam}")
    expect(page.get_by_text("报告还没有出来。报告出来后我们会通知您。")).to_be_visible()


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


def on(page: Page) -> Page:
    """One step further in sharing."""
    page.get_by_role("button", name="下一步").click()
    return page


def test_share_for_a_doctor_is_shown_listed_made_longer_and_stopped(exams: Page) -> None:
    page = go(exams, "share")
    page.get_by_role("button", name="给医生看").click()
    on(page).get_by_role("button", name="3 天").click()
    expect(on(page).get_by_text("林知夏")).to_be_visible()
    page.get_by_role("button", name="生成二维码").click()
    expect(page.locator(".share-digits")).to_have_text(re.compile(r"^\d{3} \d{3}$"))
    picture = page.get_by_role("img", name="分享二维码")
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("(image) => image.naturalWidth") > 100
    page.get_by_role("button", name="获取取片码").click()
    expect(page.get_by_text(re.compile(r"^\d{4} \d{4}$"))).to_be_visible()
    page = go(exams, "shares")
    page.get_by_role("button", name="查看这份分享").first.click()
    expect(page.get_by_text("还没有人打开过。")).to_be_visible()
    page.get_by_role("button", name="延长有效期").click()
    page.get_by_role("button", name="7 天").click()
    expect(page.get_by_text("二维码和密码不变")).to_be_visible()
    page.get_by_role("button", name="停止分享").click()
    expect(page.get_by_text("停止后对方马上打不开")).to_be_visible()
    page.get_by_role("button", name="确定停止").click()
    expect(page.get_by_text("对方现在打不开了")).to_be_visible()
    page.get_by_role("button", name="我的分享").click()
    expect(page.locator(".gone .state").first).to_have_text("已停止")
    page.locator(".gone").first.get_by_role("button", name="再分享一次").click()
    expect(page.get_by_role("heading", name="怎样打开？")).to_be_visible()


def test_share_for_others_can_be_face_to_face(exams: Page) -> None:
    page = go(exams, "share")
    page.get_by_role("button", name="给其他人看").click()
    on(page).get_by_role("checkbox", name="打开时要密码").click()
    expect(page.get_by_text("10 分钟内有效，只能打开一次")).to_be_visible()
    on(page).get_by_role("button", name="生成二维码").click()
    expect(page.get_by_role("img", name="分享二维码")).to_be_visible()
    expect(page.locator(".share-digits")).to_have_count(0)
    page.get_by_role("button", name="停止分享").click()
    page.get_by_role("button", name="确定停止").click()
    expect(page.get_by_text("已停止")).to_be_visible()


def test_one_series_is_shared_as_the_preview_shows_it_with_what_the_device_wrote_blacked(
    exams: Page, site: Installation
) -> None:
    page = go(exams, "share", ULTRASOUND)
    page.get_by_role("button", name="给其他人看").click()
    page.get_by_role("button", name=f"只选一部分 {ULTRASOUND}").click()
    page.get_by_role("checkbox", name="胶片").click()
    page.get_by_role("checkbox", name="没有选的序列").click()
    expect(page.get_by_text("1 / 2 个序列")).to_be_visible()
    on(on(page))
    expect(page.get_by_text("林**")).to_be_visible()
    expect(page.get_by_text("您没有选：胶片。")).to_be_visible()
    (picture,) = (each.get_attribute("src") or "" for each in page.locator(".preview-image img").all())
    shown = pixels(page, picture)
    named = pixels(page, picture.replace("mask=true", "mask=false"))
    assert brightest(written(named)) > 100, "the device wrote something there"
    assert brightest(written(shown)) < 16 < brightest(shown), "it is black, and the heart is there"
    page.get_by_role("button", name="生成二维码").click()
    digits = page.locator(".share-digits").inner_text().replace(" ", "")
    newest = page.request.get("/api/v1/shares?limit=1").json()["items"][0]["id"]
    address = page.request.get(f"/api/v1/shares/{newest}").json()["url"]
    opening = {"token": address.rpartition("/s/")[2], "passcode": digits}
    opened = httpx.post(f"{site.url}/api/v1/shares/open", json=opening).raise_for_status().json()
    ((study,),) = (each["studies"] for each in opened["exams"])
    headers = {"Authorization": f"Bearer {opened['access_token']}"}
    with httpx.Client(base_url=f"{site.url}/dicom-web/studies/{study}", headers=headers, timeout=60) as recipient:
        (series,) = (row["0020000E"]["Value"][0] for row in recipient.get("/series").json())
        got = recipient.get(f"/series/{series}/thumbnail").raise_for_status().content
    assert Image.open(io.BytesIO(got)).convert("L").tobytes() == shown.tobytes(), "what is shown before is what they get"


def pixels(page: Page, path: str) -> Image.Image:
    """A picture of the server, in grey."""
    answer = page.request.get(path)
    assert answer.status == 200, path
    return Image.open(io.BytesIO(answer.body())).convert("L")


def brightest(picture: Image.Image) -> float:
    """Of its greys."""
    return picture.getextrema()[1]  # type: ignore[return-value]  # of one channel


def written(picture: Image.Image) -> Image.Image:
    """The corner of the echo outside its image area (PS3.3 section C.8.5.5), without its blurred edge."""
    scale = picture.width / 320
    return picture.crop((0, 0, int(80 * scale), int(28 * scale)))


def test_consent_that_was_taken_back_is_asked_for_before_sharing(exams: Page) -> None:
    page = go(exams, "settings")
    page.get_by_role("button", name="看全文 分享给其他医院的医生").click()
    page.get_by_role("button", name="撤回同意").click()
    expect(page.locator(".line", has_text="分享给其他医院的医生")).to_contain_text("未回答")
    page = go(exams, "share")
    page.get_by_role("button", name="给医生看").click()
    on(on(page)).get_by_role("button", name="生成二维码").click()
    expect(page.get_by_text("分享前请先阅读并同意")).to_be_visible()
    page.get_by_role("button", name="同意", exact=True).click()
    expect(page.get_by_role("img", name="分享二维码")).to_be_visible()


def test_another_login_is_ended_from_here(exams: Page, site: Installation) -> None:
    with Phone(site.url, PATIENT) as lost:
        lost.log_in()
        assert lost.get("/me").status_code == 200
        page = go(exams, "settings")
        newest = page.locator(".line", has_text="短信登录").first
        newest.get_by_role("button", name="退出").click()
        page.get_by_role("button", name="确定退出").click()
        expect(page.get_by_role("button", name="确定退出")).to_have_count(0)
        assert lost.get("/me").status_code == 401


def test_binding_that_is_refused_says_where_to_go(exams: Page) -> None:
    page = go(exams, "bind")
    page.get_by_role("button", name="就诊卡", exact=True).click()
    page.get_by_label("就诊卡", exact=True).fill("00000001")
    page.get_by_label("姓名").fill("王小明")
    page.get_by_role("button", name="绑定", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("信息没有核对上")
    expect(page.locator(".line")).to_have_count(2)
    page.get_by_role("button", name="解除").first.click()
    page.get_by_role("button", name="取消").click()
    expect(page.locator(".line")).to_have_count(2)


def test_family_member_is_asked_for_a_code_whoever_that_is(exams: Page) -> None:
    page = go(exams, "bind")
    page.get_by_role("button", name="查看家人的").click()
    page.get_by_label("身份证", exact=True).fill("110101194903072316")
    page.get_by_label("姓名").fill("王大明")
    page.get_by_role("button", name="发送验证码给家人").click()
    expect(page.get_by_text("如果信息核对上，验证码已发到家人的手机")).to_be_visible()
    page.get_by_label("家人收到的验证码").fill("000000")
    page.get_by_role("button", name="确认").click()
    expect(page.get_by_role("alert")).to_be_visible()


def test_feedback_is_sent_and_listed(exams: Page) -> None:
    page = go(exams, "feedback")
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_role("alert")).to_have_text("请先写下具体情况。")
    page.get_by_role("button", name="信息不对").click()
    page.get_by_label("请说说具体情况").fill("报告里的部位不对")
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_text("已收到，医院会处理")).to_be_visible()
    expect(page.get_by_text("报告里的部位不对")).to_be_visible()


@pytest.mark.parametrize("elder", [False, True])
def test_pages_are_clean_for_everybody_and_nothing_is_cut(open_phone: OpenPhone, elder: bool) -> None:
    page = open_phone(elder=elder)
    for name in PAGES:
        go(page, name)
        look(page, name, elder)
    if not elder:
        return  # the steps of sharing once, where the type is largest
    go(page, "share", ULTRASOUND).get_by_role("button", name="给其他人看").click()
    for step in ("分享哪些内容？", "怎样打开？", "对方会看到这些"):
        page.get_by_role("heading", name=step).wait_for()
        if step != "怎样打开？":  # it has nothing that the others have not
            look(page, step, elder)
        page.get_by_role("button", name=re.compile("^(下一步|生成二维码)$")).click()
    page.get_by_role("img", name="分享二维码").wait_for()
    look(page, "the finished share", elder)


def test_recipients_pages_are_clean_for_everybody(exams: Page, open_phone: OpenPhone, site: Installation) -> None:
    answer = exams.request.get("/api/v1/exams?limit=50").json()
    exam = next(each["id"] for each in answer["items"] if each["item"] == ULTRASOUND)
    made = exams.request.post("/api/v1/shares", data={"exams": [exam]}, headers={"Origin": site.url})
    share = made.json()
    page = open_phone(share["url"])
    assert small_targets(page, 44) == []
    page.get_by_label("6 位密码").fill(share["passcode_digits"])
    page.get_by_label("您的称呼").fill("王阿姨")
    page.get_by_role("button", name="打开").click()
    page.get_by_role("link", name="打开影像").wait_for()
    look(page, "what was shared", elder=False)
    page.get_by_role("link", name="下载，先看大小").click()
    page.get_by_role("link", name=re.compile(r"^全部下载（.+ [KM]B）$")).wait_for()
    look(page, "download", elder=False)


def look(page: Page, name: str, elder: bool) -> None:
    """Nothing to complain of."""
    page.wait_for_load_state("networkidle")
    assert serious_findings(page) == [], name
    assert cut_texts(page) == [], name
    words_in_a_text = 'class="term"'  # as large as the text around them (WCAG 2.2, 2.5.8: inline)
    small = small_targets(page, 56 if elder else 44)
    assert [each for each in small if words_in_a_text not in each] == [], name


def test_settings_are_followed_and_signing_out_ends_it(open_phone: OpenPhone) -> None:
    page = go(open_phone(), "settings")
    page.get_by_role("group", name="大字模式").get_by_role("button", name="开").click()
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "22px"
    ready = page.get_by_role("group", name="报告出来了 示范医院").get_by_role("button", name="短信")
    ready.click()
    expect(page.get_by_text("“报告出来了”的短信已关闭。")).to_be_visible()
    expect(ready).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="撤销").click()
    expect(ready).to_have_attribute("aria-pressed", "true")
    off = page.get_by_role("group", name="消息通知 示范医院").get_by_role("button", name="关")
    off.click()
    expect(off).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.get_by_role("group", name="消息通知 示范医院").get_by_role("button", name="关")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.get_by_role("button", name="English").click()
    page.get_by_role("button", name="Sign out").last.click()
    expect(page.get_by_label("Mobile number", exact=False).or_(page.get_by_role("textbox").first)).to_be_visible()
    assert page.request.get("/api/v1/me").status == 401


@pytest.mark.parametrize("target", MINI_PROGRAMS)
def test_mini_program_reads_a_report_shares_and_opens_the_viewer_by_a_ticket(
    site: Installation, target: str, logins: list[dict[str, str]]
) -> None:
    tokens = logins.pop()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    exams = httpx.get(f"{site.url}/api/v1/exams?limit=50", headers=headers).json()["items"]
    exam = next(each["id"] for each in exams if each["item"] == CT)
    said = run_mini_program(
        site,
        target,
        {"keep": [TOKENS, tokens]},
        {"open": f"pages/report/index?exam={exam}"},
        {"see": "医院更正过这份报告"},
        {"open": f"pages/share/index?exam={exam}"},
        {"tap": "给医生看"},
        {"tap": "只选一部分"},
        {"tap": "胶片 2 页"},
        {"tap": "下一步"},
        {"see": "多长时间内可以看"},
        {"tap": "下一步"},
        {"see": "您没有选：胶片。"},
        {"tap": "生成二维码"},
        {"see": "密码只在这里显示一次"},
        {"tap": "保存二维码"},
        {"see": "已保存到相册"},
        {"tap": "停止分享"},
        {"tap": "确定停止"},
        {"see": "已停止"},
        {"open": "pages/web/index?to=viewer&at=study%3D1.2.3"},
        {"open": f"pages/download/index?exam={exam}"},
        {"see": "获取下载码"},
        {"open": "pages/bind/index"},
        {"tap": "查看家人的"},
        {"see": "发送验证码给家人"},
        {"open": "pages/settings/index"},
        {"see": "用于医学研究"},
        {"tap": "退出登录"},
        {"follow": True},
        {"see": "获取验证码"},
    )
    asked = said["asked"]
    assert {"POST /api/v1/shares", "POST /api/v1/session/ticket", "DELETE /api/v1/session"} <= set(asked)
    assert not [each for each in asked if "eyJ" in each]
    assert TOKENS not in said["storage"]

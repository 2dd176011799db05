"""A report is final: one SMS, or one message in WeChat for each tap; the providers' receipts close it, forged ones do not."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.clock import now
from tests.parts import aliyun, gateway, wechat
from tests.parts.alipay import APP_ID, AlipayServer
from tests.parts.aliyun import AliyunServer
from tests.parts.gateway import GatewayServer
from tests.parts.installation import Installation
from tests.parts.leavings import files_and_metrics, leaks, tables_of_sqlite
from tests.parts.phone import Phone
from tests.parts.visitor import Visitor
from tests.parts.wechat import WeChatServer

SECRET_PATH = "a-path-that-nobody-guesses"
ANNA, BETTY, CAROL = (
    ("13800138001", "P-ANNA", "欧阳安娜"),
    ("13800138002", "P-BETTY", "欧阳贝蒂"),
    ("13800138003", "P-CAROL", "欧阳卡罗"),
)
OPEN_ID, TEMPLATE = "open-id-of-betty", "WECHAT-TEMPLATE-1"
OPENED = "您分享的${hospital}检查资料刚刚被打开。您可以在云胶片中随时停止分享。"
WORDS = "您在${{hospital}}的检查报告已完成，点击 {url}/s/${{code}} 查看，有效期内需验证身份。"
PATIENCE_SECONDS = 90.0
LOOK_SECONDS = 0.1


class World:
    """Everybody who takes part."""

    def __init__(self, folder: Path) -> None:
        self.sms, self.weixin, self.own, self.zhifubao = AliyunServer(), WeChatServer(), GatewayServer(), AlipayServer()
        self.site = Installation(folder, WORKERS=1, INGEST_CHILDREN=1)

    def settings(self) -> dict[str, str | int]:
        return {
            "ALIYUN_BASE_URL": self.sms.url,
            "ALIYUN_ACCESS_KEY_ID": aliyun.KEY_ID,
            "ALIYUN_ACCESS_KEY_SECRET": aliyun.KEY_SECRET,
            "ALIYUN_SIGN_NAME": aliyun.SIGN_NAME,
            "ALIYUN_CALLBACK_SECRET": SECRET_PATH,
            "WECHAT_BASE_URL": self.weixin.url,
            "WECHAT_MINI_APP_ID": wechat.MINI[0],
            "WECHAT_MINI_SECRET": wechat.MINI[1],
            "WECHAT_PAGE": "pages/open/index",
            "WECHAT_CALLBACK_TOKEN": wechat.PUSH_TOKEN,
            "WECHAT_CALLBACK_AES_KEY": wechat.PUSH_KEY,
            "ALIPAY_GATEWAY_URL": f"{self.zhifubao.url}/gateway.do",
            "ALIPAY_APP_ID": APP_ID,
            "ALIPAY_PRIVATE_KEY": self.zhifubao.our_private_key,
            "ALIPAY_PUBLIC_KEY": self.zhifubao.public_key,
            "ALIPAY_PAGE": "pages/open/index",
            "GATEWAY_URLS": f"demo={self.own.url}{gateway.PATH}",
            "GATEWAY_SECRETS": f"demo={gateway.SECRET}",
            "MESSAGE_SECONDS": 30,
        }

    @property
    def api(self) -> str:
        return f"{self.site.url}/api/v1"

    def says(self, role: str, method: str, path: str, **said: object) -> Any:
        """A word of the hospital's, which must be taken."""
        headers = {"Authorization": f"Bearer {self.tokens[role]}"}
        answer = httpx.request(method, self.api + path, json=said or None, headers=headers, timeout=30)
        assert answer.status_code in (200, 201, 204), answer.text
        return answer.json() if answer.content else None

    def report(self, patient: str, accession: str) -> None:
        """An exam of a visit of its own, and its final report."""
        at = (now() - timedelta(hours=2)).isoformat()
        visit = {"kind": "outpatient", "number": f"V-{accession}"}
        exam = {"patient_id": patient, "category": "ultrasound", "performed_at": at, "visit": visit}
        self.says("hospital", "PUT", f"/hospital/exams/{accession}", **exam)
        self.says("hospital", "PUT", f"/hospital/exams/{accession}/report", status="final", findings="未见异常。")

    def notice(self, message: str) -> dict[str, Any]:
        """What the hospital sees of one."""
        return dict(self.says("admin", "GET", f"/hospital/notices/{message}"))

    def to(self, phone: str) -> list[dict[str, Any]]:
        """SMS that a phone got."""
        return [row for row in self.sms.ledger if row["phone"] == phone]

    tokens: dict[str, str]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = World(tmp_path_factory.mktemp("messages"))
    with world.sms.running(), world.weixin.running(), world.own.running(), world.zhifubao.running():
        world.site.set(**world.settings())
        with world.site:
            assert world.site.command("hospital", "demo", "--name", "示范医院").returncode == 0
            world.tokens = {role: world.site.token(role) for role in ("hospital", "admin")}
            world.sms.callback = f"{world.api}/callbacks/aliyun/{SECRET_PATH}"
            set_up(world)
            yield world


def set_up(world: World) -> None:
    rules = {"channels": ["wechat", "aliyun"], "images_expected": []}
    world.says("admin", "PUT", "/hospital/notices/rules", **rules)
    sms = {"code": "SMS_READY", "text": WORDS.format(url=world.site.url)}
    world.says("admin", "PUT", "/hospital/notices/templates/aliyun/report-ready", **sms)
    opened = {"code": "SMS_OPENED", "text": OPENED}
    world.says("admin", "PUT", "/hospital/notices/templates/aliyun/share-opened", **opened)
    weixin = {"code": TEMPLATE, "text": "报告已完成", "names": {"thing1": "hospital"}}
    world.says("admin", "PUT", "/hospital/notices/templates/wechat/report-ready", **weixin)
    for phone, number, name in (ANNA, BETTY, CAROL):
        papers = [{"kind": "outpatient", "value": number}]
        world.says("hospital", "PUT", f"/hospital/patients/{number}", name=name, phones=[phone], identifiers=papers)


def until(found: Callable[[], object]) -> None:
    """Wait for what must come; a busy machine has time."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not found():
        assert time.monotonic() < end, "it did not come"
        time.sleep(LOOK_SECONDS)


def test_a_final_report_is_one_signed_sms_and_its_receipt_closes_it(world: World) -> None:
    world.sms.reports = "twice"
    world.report("P-ANNA", "A1")
    until(lambda: world.to(ANNA[0]))
    (row,) = world.to(ANNA[0])
    assert (row["template"], row["sign"], row["params"]["hospital"]) == ("SMS_READY", aliyun.SIGN_NAME, "示范医院")
    until(lambda: world.notice(row["out_id"])["state"] == "delivered")
    until(lambda: len(world.sms.receipt_statuses) == 2)
    assert set(world.sms.receipt_statuses) == {200}
    with Visitor(world.site.url) as visitor:
        assert visitor.open(f"/s/{row['params']['code']}?by=name").status_code == 200
        assert "未见异常" not in visitor.text, "the link asks for proof"
        visitor.send("name", name=ANNA[2], visit="V-A1")
        assert "未见异常" in visitor.text, "and shows that exam then"
        headers = {"Authorization": f"Bearer {world.tokens['admin']}"}
        ended = httpx.delete(f"{world.api}/hospital/notices/{row['out_id']}/link", headers=headers, timeout=30)
        assert ended.status_code == 204, ended.text
        assert visitor.open(f"/s/{row['params']['code']}").status_code == 410
        assert "未见异常" not in visitor.text
    assert len(world.to(ANNA[0])) == 1
    assert world.sms.faults == []


def test_a_receipt_that_comes_before_the_reply_counts_too(world: World) -> None:
    world.sms.reports, world.sms.state = "early", aliyun.DELIVERED
    world.report("P-CAROL", "C1")
    until(lambda: world.to(CAROL[0]))
    (row,) = world.to(CAROL[0])
    until(lambda: world.notice(row["out_id"])["state"] == "delivered")


def test_a_tap_in_wechat_brings_one_message_there_and_the_next_one_is_an_sms(world: World) -> None:
    world.sms.reports = "never"
    with Phone(world.site.url, BETTY[0]) as phone:
        phone.log_in()
        early = {"channel": "wechat", "tap": "tap-00001", "templates": [TEMPLATE]}
        assert phone.client.post("/api/v1/me/subscriptions", json=early).status_code == 409
        assert phone.bind("demo", "outpatient", BETTY[1], BETTY[2]).status_code == 201
        join_wechat(world, phone)
        for _ in range(2):  # the phone may tell it again
            told = phone.client.post("/api/v1/me/subscriptions", json=early)
            assert told.status_code == 201, told.text
        mine = {"channel": "wechat", "template": TEMPLATE, "left": 1, "lasting": False}
        offered = {"hospital": "demo", "channel": "wechat", "kind": "report-ready", "template": TEMPLATE}
        assert phone.get("/me/subscriptions").json() == {"items": [mine], "next": None, "offered": [offered]}
        faults: list[dict[str, object]] = [
            {"templates": ["OTHER"]},
            {"templates": []},
            {"tap": "short"},
            {"templates": [TEMPLATE] * 4},
            {"channel": "qq"},
        ]
        for wrong in faults:
            assert phone.client.post("/api/v1/me/subscriptions", json=early | wrong).status_code == 422
        world.weixin.accepted = {f"{OPEN_ID} {TEMPLATE}": 1}
        world.weixin.reports, world.weixin.callback = "early", f"{world.api}/callbacks/wechat"
        world.report("P-BETTY", "B1")
        until(lambda: world.weixin.ledger)
        (message,) = world.weixin.ledger
        assert (message["touser"], message["data"]) == (OPEN_ID, {"thing1": {"value": "示范医院"}})
        assert phone.get("/me/subscriptions").json()["items"] == []
        assert [each["template"] for each in phone.get("/me/export").json()["message_taps"]] == [TEMPLATE]
        world.report("P-BETTY", "B2")
        until(lambda: world.to(BETTY[0]))
    assert (len(world.weixin.ledger), len(world.to(BETTY[0]))) == (1, 1)
    (by_wechat,) = world.says("admin", "GET", "/hospital/notices?channel=wechat")["items"]
    until(lambda: world.notice(by_wechat["id"])["state"] == "delivered")
    event = world.weixin.sent_event(OPEN_ID, "1700000000000000001")
    assert [world.weixin.push(f"{world.api}/callbacks/wechat", event, xml=xml) for xml in (True, False)] == [200, 200]
    assert world.notice(by_wechat["id"])["state"] == "delivered"


def test_who_shared_something_is_told_once_that_it_was_opened_and_not_by_whom(world: World) -> None:
    def told() -> list[dict[str, Any]]:
        return [row for row in world.to(CAROL[0]) if row["template"] == "SMS_OPENED"]

    world.sms.reports = "promptly"
    with Phone(world.site.url, CAROL[0]) as phone:
        phone.log_in()
        assert phone.bind("demo", "outpatient", CAROL[1], CAROL[2]).status_code == 201
        terms = next(each for each in phone.get("/me/consents").json()["items"] if each["kind"] == "remote-sharing")
        agreed = {"kind": terms["kind"], "version": terms["version"]}
        assert phone.client.post("/api/v1/me/consents", json=agreed).status_code == 201
        (exam,) = phone.exams()
        shared = phone.client.post("/api/v1/shares", json={"exams": [exam["id"]]})
        assert shared.status_code == 201, shared.text
    said = {"token": shared.json()["url"].rpartition("/")[2], "passcode": shared.json()["passcode_digits"]}
    for _ in range(2):
        opened = httpx.post(f"{world.api}/shares/open", json=said, timeout=30)
        assert opened.status_code == 200, opened.text
    until(told)
    (row,) = told()
    assert row["params"] == {"hospital": "示范医院"}
    until(lambda: world.notice(row["out_id"])["state"] == "delivered")
    assert len(told()) == 1


def join_wechat(world: World, phone: Phone) -> None:
    """Log in by WeChat, and prove the same phone there: both are one person from then on."""
    world.weixin.logins = {"code-1": {"openid": OPEN_ID, "session_key": "x"}}
    world.weixin.phones = {"phone-1": phone.number}
    tokens = phone.client.post("/api/v1/login/wechat", json={"code": "code-1", "flow": "mini"}).json()
    phone.client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    added = phone.client.post("/api/v1/me/phones", json={"wechat_code": "phone-1"})
    assert added.status_code == 201, added.text


def test_what_is_forged_is_refused_counted_and_changes_nothing(world: World) -> None:
    (row,) = world.to(ANNA[0])
    failed = world.sms.receipts([row | {"state": aliyun.FAILED}])
    query, push = world.weixin.pushed(world.weixin.sent_event(OPEN_ID, "1700000000000000001", code=1))
    body, headers = world.own.receipts({"id": row["out_id"], "state": "failed"})
    form = world.zhifubao.pushed({"notify_id": "N1"})
    asked = [
        ("/callbacks/aliyun/another-path", {}, failed, {}, 404),
        ("/callbacks/aliyun/" + SECRET_PATH, {}, b"{}", {}, 400),
        ("/callbacks/wechat", query | {"signature": "0" * 40}, push, {}, 401),
        ("/callbacks/wechat", query | {"msg_signature": "0" * 40}, push, {}, 401),
        ("/callbacks/wechat", query, b"<xml/>", {}, 400),
        ("/callbacks/alipay", {}, form.replace(b"N1", b"N2"), {}, 401),
        ("/callbacks/alipay", {}, form, {}, 200),
        ("/callbacks/gateway/demo", {}, body + b" ", headers, 401),
        ("/callbacks/gateway/demo", {}, body, headers, 200),
        ("/callbacks/gateway/demo", {}, b"x" * (1 << 21), {}, 413),
    ]
    for path, parameters, content, more, expected in asked:
        answer = httpx.post(world.api + path, params=parameters, content=content, headers=more, timeout=30)
        assert answer.status_code == expected, f"{path}: {answer.text}"
    nothing = httpx.post(f"{world.api}/callbacks/aliyun/another-path", content=failed, timeout=30)
    assert nothing.content == httpx.get(f"{world.api}/nothing/here", timeout=30).content
    echo = {**query, "echostr": "<b>5</b>"}
    check = httpx.get(f"{world.api}/callbacks/wechat", params=echo, timeout=30)
    assert (check.text, check.headers["content-type"]) == ("<b>5</b>", "text/plain; charset=utf-8")
    assert world.notice(row["out_id"])["state"] == "delivered"
    headers = {"Authorization": f"Bearer {world.tokens['admin']}"}
    metrics = httpx.get(f"{world.site.url}/metrics", headers=headers, timeout=30).text
    for channel in ("aliyun", "wechat", "alipay", "gateway"):
        assert re.search(rf'callbacks_total{{channel="{channel}",outcome="refused"}} [12]', metrics), channel


def test_nothing_private_lies_in_clear_in_log_metrics_or_database(world: World) -> None:
    """After all of the above. The hospital's records hold names as it told them, for its own search; nothing else does."""
    names = [patient[2] for patient in (ANNA, BETTY, CAROL)]
    phones = [patient[0] for patient in (ANNA, BETTY, CAROL)]
    tokens = [row["params"]["code"] for row in world.sms.ledger if "code" in row["params"]]
    secrets = [SECRET_PATH, "token-1-of", aliyun.KEY_SECRET, wechat.PUSH_TOKEN, gateway.SECRET]
    private = [*phones, *tokens, OPEN_ID, *secrets, *world.tokens.values()]
    files, tables = files_and_metrics(world.site, world.tokens["admin"]), tables_of_sqlite(world.site)
    assert len(files) >= 4 and {"notice", "notice_step", "link", "acceptance", "patient_record"} <= set(tables)
    assert leaks(files, private) == []
    assert leaks({name: content for name, content in files.items() if not name.startswith("cloudfilm.sqlite3")}, names) == []
    assert leaks(tables, [*private, *names], {"patient_record": names}) == []
    assert leaks(tables, [names[0]]), "what is there is found"

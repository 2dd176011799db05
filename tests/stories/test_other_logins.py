"""WeChat, Alipay and a hospital's app lead to one person; each may be slow, broken, lying or replayed, and SMS still works."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from core.clock import now
from core.uids import uuid7
from tests.parts import alipay, npm, wechat
from tests.parts.alipay import AlipayServer
from tests.parts.installation import Installation
from tests.parts.phone import Phone
from tests.parts.wechat import WeChatServer
from tests.phone.conftest import built

APP_KEY, STRANGERS_KEY = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def weixin() -> Iterator[WeChatServer]:
    server = WeChatServer()
    with server.running():
        yield server


@pytest.fixture(scope="module")
def zhifubao() -> Iterator[AlipayServer]:
    server = AlipayServer()
    with server.running():
        yield server


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, weixin: WeChatServer, zhifubao: AlipayServer) -> Iterator[Installation]:
    home = tmp_path_factory.mktemp("logins")
    settings: dict[str, str | int] = {
        "WORKERS": 1,
        "WECHAT_BASE_URL": weixin.url,
        "WECHAT_MINI_APP_ID": wechat.MINI[0],
        "WECHAT_MINI_SECRET": wechat.MINI[1],
        "WECHAT_OAUTH_APP_ID": wechat.OFFICIAL[0],
        "WECHAT_OAUTH_SECRET": wechat.OFFICIAL[1],
        "ALIPAY_GATEWAY_URL": f"{zhifubao.url}/gateway.do",
        "ALIPAY_APP_ID": alipay.APP_ID,
        "ALIPAY_PRIVATE_KEY": zhifubao.our_private_key,
        "ALIPAY_PUBLIC_KEY": zhifubao.public_key,
        "ALIPAY_AES_KEY": alipay.AES_KEY,
        "WECHAT_PAGE": "pages/exam/index",
        "ALIPAY_PAGE": "pages/exam/index",
    }
    with Installation(home, **settings) as installation:
        for code in ("demo", "demo2"):
            assert installation.command("hospital", code, "--name", code).returncode == 0
        trusted = installation.command("handoff", "demo", "app-1", "--key", str(public_key(home)))
        assert trusted.returncode == 0, trusted.stderr
        yield installation


@pytest.fixture
def client(site: Installation, weixin: WeChatServer, zhifubao: AlipayServer) -> Iterator[httpx.Client]:
    weixin.mood = zhifubao.mood = "well"
    weixin.watermark, weixin.forgets_tokens, zhifubao.forges = wechat.MINI[0], 0, False
    with httpx.Client(base_url=f"{site.url}/api/v1", timeout=30) as client:
        yield client


def public_key(folder: Path) -> Path:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    path = folder / "app.pem"
    path.write_bytes(APP_KEY.public_key().public_bytes(serialization.Encoding.PEM, form))
    return path


def person(client: httpx.Client, way: str, **said: object) -> str:
    answer = client.post(f"/login/{way}", json=said)
    assert answer.status_code == 200, answer.text
    return str(me(client, answer.json())["id"])


def me(client: httpx.Client, tokens: dict[str, Any]) -> dict[str, Any]:
    return dict(client.get("/me", headers={"Authorization": f"Bearer {tokens['access_token']}"}).json())


def hand_off(site: Installation, claims: dict[str, object] | None = None, key: ec.EllipticCurvePrivateKey = APP_KEY) -> str:
    at = int(time.time())
    said = {"iss": "demo", "sub": "app-user-1", "aud": site.url, "iat": at, "exp": at + 60, "jti": uuid7(), **(claims or {})}
    return jwt.encode(said, key, algorithm="ES256", headers={"kid": "app-1"})


def test_the_union_id_makes_mini_program_and_official_account_one_person(client: httpx.Client, weixin: WeChatServer) -> None:
    weixin.logins = {
        "code-1": {"openid": "o-mini", "unionid": "u-1", "session_key": "never kept"},
        "code-2": {"openid": "o-official", "unionid": "u-1", "access_token": "x"},
    }
    mini = person(client, "wechat", code="code-1", flow="mini")
    assert person(client, "wechat", code="code-2", flow="oauth") == mini


def test_a_wechat_code_is_good_once(client: httpx.Client, weixin: WeChatServer) -> None:
    weixin.logins = {"code-3": {"openid": "o-3", "session_key": "x"}}
    person(client, "wechat", code="code-3")
    assert client.post("/login/wechat", json={"code": "code-3"}).status_code == 401


def test_without_a_union_id_the_phone_joins_wechat_and_sms(
    client: httpx.Client, site: Installation, weixin: WeChatServer
) -> None:
    weixin.logins, weixin.phones = {"code-4": {"openid": "o-4", "session_key": "x"}}, {"phone-4": "13700137004"}
    tokens = client.post("/login/wechat", json={"code": "code-4", "flow": "mini"}).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    added = client.post("/me/phones", json={"wechat_code": "phone-4"}, headers=headers)
    assert (added.status_code, added.json()["number"]) == (201, "137****7004")
    assert client.post("/me/phones", json={"wechat_code": "phone-4"}, headers=headers).status_code == 401
    with Phone(site.url, "13700137004") as phone:
        phone.log_in()
        assert me(client, phone.tokens)["id"] == me(client, tokens)["id"]


def test_an_access_token_that_ran_out_is_renewed_once_and_not_for_ever(client: httpx.Client, weixin: WeChatServer) -> None:
    weixin.logins = {"code-5": {"openid": "o-5", "session_key": "x"}}
    weixin.phones = {"phone-5": "13700137005", "phone-6": "13700137006"}
    tokens = client.post("/login/wechat", json={"code": "code-5"}).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    weixin.forgets_tokens = 1
    assert client.post("/me/phones", json={"wechat_code": "phone-5"}, headers=headers).status_code == 201
    weixin.forgets_tokens, weixin.asked = 1000, []
    assert client.post("/me/phones", json={"wechat_code": "phone-6"}, headers=headers).status_code == 503
    assert len(weixin.asked) <= 4


def test_a_phone_that_was_given_to_another_app_is_refused(client: httpx.Client, weixin: WeChatServer) -> None:
    weixin.logins, weixin.phones = {"code-7": {"openid": "o-7", "session_key": "x"}}, {"phone-7": "13700137007"}
    weixin.watermark = "wx-somebody-else"
    tokens = client.post("/login/wechat", json={"code": "code-7"}).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert client.post("/me/phones", json={"wechat_code": "phone-7"}, headers=headers).status_code == 401


@pytest.mark.parametrize("mood", ["slow", "broken", "garbled"])
def test_when_wechat_and_alipay_misbehave_sms_still_works(
    client: httpx.Client, site: Installation, weixin: WeChatServer, zhifubao: AlipayServer, mood: str
) -> None:
    weixin.mood = zhifubao.mood = mood
    for way, said in (("wechat", {"code": "c"}), ("alipay", {"auth_code": "c"})):
        answer = client.post(f"/login/{way}", json=said)
        assert answer.status_code == 503
        assert "retry-after" in answer.headers
    with Phone(site.url, f"1360013600{len(mood)}") as phone:
        phone.log_in()


def test_what_wechats_users_write_is_checked_there_without_numbers_and_never_refused(
    client: httpx.Client, site: Installation, weixin: WeChatServer
) -> None:
    weixin.logins["code-9"] = {"openid": "openid-9", "session_key": "k"}
    tokens = client.post("/login/wechat", json={"code": "code-9", "flow": "mini"}).json()
    me = {"Authorization": f"Bearer {tokens['access_token']}"}
    desk = {"Authorization": f"Bearer {site.token('guide', 'demo')}"}

    def write(text: str) -> str | None:
        said = {"hospital": "demo", "page": "exam", "kind": "complaint", "text": text}
        sent = client.post("/feedback", json=said, headers=me)
        assert sent.status_code == 201, sent.text
        return cast(str | None, client.get(f"/hospital/feedback/{sent.json()['id']}", headers=desk).json()["checked"])

    weixin.suggests = "risky"
    assert write("图像看不到，请致电 13800138009") == "risky"
    (asked,) = weixin.checks
    assert (asked["openid"], asked["version"]) == ("openid-9", 2)
    assert "图像看不到" in asked["content"] and "13800138009" not in asked["content"]
    weixin.moods.append("fail")
    assert write("还是看不到") is None


def test_alipay_signs_in_by_open_id_and_takes_a_code_once(client: httpx.Client, zhifubao: AlipayServer) -> None:
    zhifubao.logins = {"code-1": {"open_id": "ali-1", "access_token": "x"}, "code-2": {"open_id": "ali-1"}}
    first = person(client, "alipay", auth_code="code-1")
    assert person(client, "alipay", auth_code="code-2") == first
    assert client.post("/login/alipay", json={"auth_code": "code-2"}).status_code == 401


def test_an_answer_that_alipay_did_not_sign_signs_nobody_in(client: httpx.Client, zhifubao: AlipayServer) -> None:
    zhifubao.logins, zhifubao.forges = {"code-3": {"open_id": "ali-3"}}, True
    assert client.post("/login/alipay", json={"auth_code": "code-3"}).status_code == 401


def test_alipays_phone_counts_when_signed_and_once(client: httpx.Client, zhifubao: AlipayServer) -> None:
    zhifubao.logins = {"code-4": {"open_id": "ali-4"}}
    tokens = client.post("/login/alipay", json={"auth_code": "code-4"}).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    given = zhifubao.phone("13500135004")
    forged = given | {"response": zhifubao.phone("13500135005")["response"]}
    answers = [client.post("/me/phones", json={"alipay_response": each}, headers=headers) for each in (forged, given, given)]
    assert [answer.status_code for answer in answers] == [401, 201, 401]


def test_a_hospitals_hand_off_signs_in_once(client: httpx.Client, site: Installation) -> None:
    token = hand_off(site)
    first = person(client, "handoff", jwt=token)
    assert client.post("/login/handoff", json={"jwt": token}).status_code == 401
    assert person(client, "handoff", jwt=hand_off(site)) == first


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://film.elsewhere.example"},
        {"iss": "demo2"},
        {"exp": 3600},
        {"iat": -300, "exp": -240},
        {"iat": 300, "exp": 360},
        {"jti": ""},
        {"sub": 5},
    ],
)
def test_a_hand_off_that_is_not_for_us_now_is_refused(client: httpx.Client, site: Installation, claims: dict[str, Any]) -> None:
    at = int(time.time())  # of this test: the claims were written down when the whole run began
    told = {name: at + value if name in ("iat", "exp") else value for name, value in claims.items()}
    assert client.post("/login/handoff", json={"jwt": hand_off(site, told)}).status_code == 401


def test_a_hand_off_of_a_strangers_key_is_refused(client: httpx.Client, site: Installation) -> None:
    assert client.post("/login/handoff", json={"jwt": hand_off(site, key=STRANGERS_KEY)}).status_code == 401
    for rubbish in ("x", "a.b.c", "é", "eyJhbGciOiJub25lIn0.e30."):
        assert client.post("/login/handoff", json={"jwt": rubbish}).status_code == 401


def open_door(site: Installation, platform: str) -> tuple[httpx.Client, dict[str, str]]:
    """A browser that was sent to the platform, and with what."""
    browser = httpx.Client(base_url=site.url, timeout=30)
    sent = browser.get(f"/login/{platform}")
    assert (sent.status_code, sent.headers["cache-control"]) == (303, "no-store")
    return browser, dict(httpx.URL(sent.headers["location"]).params)


def test_wechats_browser_signs_in_by_one_tap_and_keeps_a_cookie(
    site: Installation, client: httpx.Client, weixin: WeChatServer
) -> None:
    weixin.logins = {"code-9": {"openid": "o-9", "access_token": "x"}}
    assert client.get("/login/ways").json()["platforms"] == ["wechat", "alipay"]
    browser, said = open_door(site, "wechat")
    assert (said["appid"], said["redirect_uri"]) == (wechat.OFFICIAL[0], f"{site.url}/login/wechat/back")
    with closing(browser):
        came = browser.get("/login/wechat/back", params={"code": "code-9", "state": said["state"]})
        assert (came.status_code, came.headers["location"]) == (303, "/")
        assert browser.get("/api/v1/me").json()["logins"] == ["wechat"]
        again = browser.get("/login/wechat/back", params={"code": "code-9", "state": said["state"]})
        assert again.headers["location"] == "/#/login?failed=1", "the state was good once"


def test_alipays_browser_signs_in_by_one_tap(site: Installation, zhifubao: AlipayServer) -> None:
    zhifubao.mood = "well"
    zhifubao.logins = {"auth-9": {"open_id": "a-9"}}
    browser, said = open_door(site, "alipay")
    with closing(browser):
        came = browser.get("/login/alipay/back", params={"auth_code": "auth-9", "state": said["state"]})
        assert came.headers["location"] == "/"
        assert browser.get("/api/v1/me").json()["logins"] == ["alipay"]


def test_a_link_of_somebody_else_signs_nobody_in(site: Installation, weixin: WeChatServer) -> None:
    weixin.mood, weixin.logins = "well", {"code-10": {"openid": "o-10", "access_token": "x"}}
    browser, _ = open_door(site, "wechat")
    with closing(browser), httpx.Client(base_url=site.url, timeout=60) as stranger:
        for one, state in ((browser, "another"), (browser, ""), (stranger, "")):
            came = one.get("/login/wechat/back", params={"code": "code-10", "state": state})
            assert came.headers["location"] == "/#/login?failed=1"
            assert one.get("/api/v1/me").status_code == 401
    assert weixin.logins, "the code was never used"
    assert httpx.get(f"{site.url}/login/weibo", timeout=60).status_code == 404


TOKENS, BY_PLATFORM = "cloudfilm-tokens", "cloudfilm-by-platform"  # where a mini-program keeps them
MINI_PROGRAMS = [("weapp", "wechat", "code"), ("alipay", "alipay", "auth_code")]  # built target, way, what its code is sent as
NO_EXAMS, SIGNED_OUT = "还没有检查记录。", "您还没有登录，或登录已过期。请先登录。"


def will_say(weixin: WeChatServer, zhifubao: AlipayServer, code: str, account: str) -> None:
    """Both platforms know whose code that is."""
    weixin.logins[code] = {"openid": account, "session_key": "never kept"}
    zhifubao.logins[code] = {"open_id": account}


def mini_program(site: Installation, target: str, *steps: dict[str, Any]) -> dict[str, Any]:
    """What stands there after these steps, on a stand-in of the phone's side of the platform."""
    return dict(npm.run("mini_program.cjs", str(built(target)), target, site.url, json.dumps(steps)))


@pytest.mark.parametrize(("target", "way", "sent_as"), MINI_PROGRAMS)
def test_mini_program_signs_in_again_without_a_word_but_not_where_its_person_ended_it(
    client: httpx.Client, site: Installation, weixin: WeChatServer, zhifubao: AlipayServer, target: str, way: str, sent_as: str
) -> None:
    will_say(weixin, zhifubao, f"again-{way}", f"again-{way}")
    over = {"keep": [TOKENS, {"access_token": "over", "refresh_token": "over", "expires_in": 900}]}
    said = mini_program(
        site,
        target,
        over,
        {"keep": [BY_PLATFORM, True]},
        {"code": f"again-{way}"},
        {"open": "pages/exams/index"},
        {"see": NO_EXAMS},
    )
    signing_in = [each for each in said["asked"] if each.startswith("POST")]
    assert signing_in == ["POST /api/v1/session/refresh", f"POST /api/v1/login/{way}"]
    tokens = said["storage"][TOKENS]
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert client.delete("/session", headers=headers).status_code == 204
    will_say(weixin, zhifubao, f"more-{way}", f"again-{way}")
    by_platform = {"keep": [BY_PLATFORM, True]}
    ended_here, came_by_phone = [{"keep": [TOKENS, tokens]}, by_platform], [over]
    for kept in (ended_here, came_by_phone):
        said = mini_program(site, target, *kept, {"code": f"more-{way}"}, {"open": "pages/exams/index"}, {"see": SIGNED_OUT})
        assert [each for each in said["asked"] if each.startswith("POST")] == ["POST /api/v1/session/refresh"]
        assert TOKENS not in said["storage"]


@pytest.mark.parametrize(("target", "way", "sent_as"), MINI_PROGRAMS)
def test_one_tap_asks_for_a_message_and_tells_the_server(
    client: httpx.Client, site: Installation, weixin: WeChatServer, zhifubao: AlipayServer, target: str, way: str, sent_as: str
) -> None:
    number = {"wechat": "13700000001", "alipay": "13700000002"}[way]
    said = {"name": "陈一", "phones": [number], "identifiers": [{"kind": "outpatient", "value": f"N-{way}"}]}
    exam = {"patient_id": f"P-{way}", "category": "ultrasound", "performed_at": now().isoformat(), "item": f"超声 {way}"}
    with httpx.Client(base_url=f"{site.url}/api/v1/hospital", timeout=30) as hospital:
        hospital.headers["Authorization"] = f"Bearer {site.token('admin')}"
        template = {
            "code": f"T-{way}",
            "text": "报告已完成",
            "names": {"thing1" if way == "wechat" else "keyword1": "hospital"},
        }
        assert hospital.put(f"/notices/templates/{way}/report-ready", json=template).status_code == 200
        hospital.headers["Authorization"] = f"Bearer {site.token()}"
        assert hospital.put(f"/patients/P-{way}", json=said).status_code == 201
        assert hospital.put(f"/exams/E-{way}", json=exam).status_code == 201
    will_say(weixin, zhifubao, f"tap-{way}", f"tap-{way}")
    tokens = client.post(f"/login/{way}", json={sent_as: f"tap-{way}"}).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    with Phone(site.url, number) as phone:
        challenge = client.post("/login/sms", json={"phone": number}).json()["challenge"]
        proof = {"challenge": challenge, "code": phone.awaited_code()}
        assert client.post("/me/phones", json=proof, headers=headers).status_code == 201
    claim = {"hospital": "demo", "kind": "outpatient", "value": f"N-{way}", "name": "陈一"}
    assert client.post("/me/bindings", json=claim, headers=headers).status_code == 201
    shown = mini_program(
        site,
        target,
        {"keep": [TOKENS, tokens]},
        {"open": "pages/exams/index"},
        {"see": f"超声 {way}"},
        {"see": "出报告后通知我"},
        {"tap": "出报告后通知我"},
        {"see": "好的，报告出来后会通知您。"},
    )
    assert shown["dialogues"] == [[f"T-{way}"]]
    left = client.get("/me/subscriptions", headers=headers).json()["items"]
    assert [(each["channel"], each["template"], each["left"]) for each in left] == [(way, f"T-{way}", 1)]

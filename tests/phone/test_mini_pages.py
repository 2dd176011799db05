"""The pages of both mini-programs, run on a small stand-in of their platform against the real server."""

from __future__ import annotations

import httpx
import pytest

from tests.parts.installation import Installation
from tests.phone.conftest import (
    CT,
    MINI_PROGRAMS,
)
from tests.phone.mini import TOKENS, run_mini_program

MINI_PHONES = {"weapp": "13800138002", "alipay": "13800138003"}


@pytest.mark.parametrize("target", MINI_PROGRAMS)
def test_mini_program_logs_in_by_the_code_of_a_message(site: Installation, target: str) -> None:
    number = MINI_PHONES[target]
    said = run_mini_program(
        site,
        target,
        {"open": "pages/login/index"},
        {"type": ["手机号", number]},
        {"tap": "获取验证码"},
        {"see": "请先阅读并勾选上面的隐私政策。"},
        {"tap": "我已阅读并同意"},
        {"tap": "获取验证码"},
        {"typeCode": ["6 位验证码", number]},
        {"tap": "登录并查看"},
        {"follow": True},
        {"see": "还没有检查记录。"},
    )
    assert set(said["storage"][TOKENS]) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert not [each for each in said["asked"] if "eyJ" in each]


@pytest.mark.usefixtures("film")
@pytest.mark.parametrize("target", MINI_PROGRAMS)
def test_mini_program_renews_its_session_and_reads_list_exam_and_film(
    site: Installation, target: str, logins: list[dict[str, str]]
) -> None:
    tokens = logins.pop()
    said = run_mini_program(
        site,
        target,
        {"keep": [TOKENS, {**tokens, "access_token": "over"}]},
        {"open": "pages/exams/index"},
        {"see": CT},
        {"tap": CT},
        {"follow": True},
        {"see": "报告已出"},
        {"see": "第 4 次，共 10 次"},
        {"tap": "胶片"},
        {"follow": True},
        {"see": "第 1 页，共 2 页"},
        {"tap": "下一页"},
        {"see": "第 2 页，共 2 页"},
    )
    assert said["asked"].count("POST /api/v1/session/refresh") == 1, "calls at the same time share one renewal"
    assert said["storage"][TOKENS]["refresh_token"] != tokens["refresh_token"]


@pytest.mark.parametrize("target", MINI_PROGRAMS)
def test_mini_program_reads_a_report_shares_and_opens_the_viewer_by_a_ticket(
    site: Installation, target: str, logins: list[dict[str, str]]
) -> None:
    tokens = logins.pop()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    exams = httpx.get(f"{site.url}/api/v1/exams?limit=50", headers=headers, timeout=60).json()["items"]
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
        *([{"leave": "刚才选的不会保留"}] if target == "weapp" else []),
        {"tap": "下一步"},
        {"see": "您没有选：胶片。"},
        {"tap": "生成二维码"},
        {"see": "密码只在这里显示一次"},
        {"stay": True},
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

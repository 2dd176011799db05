"""Taking along what was shared: how large it is first, all of it or one series, and how to open it. No script."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from sanic import HTTPResponse, Request

from api.download.readme import size_words
from api.downloads import inside
from api.pages.landing_page import card, heading, page

TAKE = "take"  # in the address of the share: which exam
TITLE = "下载"
LARGE_BYTES = 100 * 2**20
IN_APP = re.compile("MicroMessenger|AlipayClient", re.IGNORECASE)
NOT_IN_APP = "微信和支付宝里不能保存压缩包。请点右上角“…”，选择在浏览器打开，再输入一次密码；也可以在电脑上下载。"
LARGE = "文件较大，建议在电脑上下载：请分享者出示取片码，在电脑浏览器里打开取片页输入。"
HOW = "下载的是压缩包，先全部解压。胶片和报告双击就能打开；影像要用 DICOM 看片软件打开，里面的“说明.txt”写着怎样打开。"


def way(request: Request, exam_id: str) -> str:
    """The address of this page for one of the exams."""
    return f"{escape(request.path)}?{TAKE}={exam_id}"


async def page_of(request: Request) -> HTTPResponse:
    """What a download of the asked exam holds; raises NotFound for one that may not be taken along."""
    exam = str(request.args.get(TAKE))
    told = await inside(request, exam)
    files = f"/api/v1/exams/{escape(exam)}/download.zip"
    size = size_words(told["bytes"])
    return page(
        TITLE,
        heading(TITLE, f"里面有{_parts(told)}，共 {size}。"),
        card(
            f'<p class="wrong">{NOT_IN_APP}</p>' if IN_APP.search(request.headers.get("user-agent", "")) else "",
            f'<p class="wrong">{LARGE}</p>' if told["bytes"] > LARGE_BYTES else "",
            f'<a class="button" href="{files}">全部下载（{size}）</a>',
            f'<p class="small">{HOW}</p>',
        ),
        _series(files, told["series"]),
        f'<a class="button quiet" href="{escape(request.path)}">返回</a>',
        help_line="如有疑问，请联系分享给您的人。",
    )


def _parts(told: Mapping[str, Any]) -> str:
    files = sum(each["count"] for each in told["series"])
    said = [
        "检查报告" if told["report"] else "",
        f"胶片 {len(told['films'])} 页" if told["films"] else "",
        f"影像文件 {files} 个" if files else "",
        "打开方法",
    ]
    return "、".join(filter(None, said))


def _series(files: str, series: list[Mapping[str, Any]]) -> str:
    """One by one, where there are several."""
    if len(series) < 2:
        return ""
    lines = "".join(
        f"<div><span>{escape(_name(each, place))}<br>"
        f'<span class="small">{each["count"]} 个文件 · {size_words(each["bytes"])}</span></span>'
        f'<a href="{files}?series={escape(each["uid"])}">下载</a></div>'
        for place, each in enumerate(series, 1)
    )
    return card("<h2>只下载一个序列</h2>", f'<div class="lines">{lines}</div>')


def _name(series: Mapping[str, Any], place: int) -> str:
    return " ".join(filter(None, (series["modality"], series["description"]))) or f"序列 {place}"

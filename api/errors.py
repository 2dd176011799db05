"""Failure → HTTP status and words. The only place that knows both; a test proves that every error of ours is here."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import orjson
from sanic import HTTPResponse, Request
from sanic.exceptions import SanicException

from api.faults import sentence
from core import errors
from infra import logs

PROBLEM = "application/problem+json"  # RFC 9457
BINDING_REFUSED = "binding-refused"  # the problem type that clients look for

# class → status, Chinese title, English title
STATUS: dict[type[errors.CloudfilmError], tuple[int, str, str]] = {
    errors.CloudfilmError: (500, "出了点问题，我们已记录", "Something went wrong; it is on record"),
    errors.Malformed: (400, "请求格式不正确", "The request cannot be understood"),
    errors.Unauthenticated: (401, "请先登录，或登录已失效", "Not signed in, or no longer"),
    errors.SignedOut: (401, "您已退出登录", "You were signed out"),
    errors.PasscodeWrong: (401, "请输入正确的密码", "The passcode is missing or wrong"),
    errors.Forbidden: (403, "您的身份不能做这项操作", "Your role may not do this"),
    errors.OtherOrigin: (403, "请用这个网址打开本站，再登录", "Please open this site at its own address and sign in there"),
    errors.NotFound: (404, "没有找到", "Not found"),
    errors.NotAcceptable: (406, "无法按要求的格式提供", "Not available in any accepted format"),
    errors.Conflict: (409, "与已保存的内容冲突", "It contradicts what is stored"),
    errors.RetentionNotOver: (409, "还在法定保存期内，不能删除", "It must still be kept by law"),
    errors.ConsentNeeded: (409, "请先阅读并同意相关说明", "Please read and agree to the terms first"),
    errors.OnlyLooking: (409, "您可以代家人查看，但不能替家人分享", "You may look for your family, but not share for them"),
    errors.ReportNotFinal: (409, "报告还没有正式出具，暂时不能分享", "There is no final report yet, so it cannot be shared"),
    errors.Sensitive: (
        409,
        "其中有敏感检查。请确认要分享后再提交（confirm_sensitive）",
        "A sensitive exam is among them: please confirm (confirm_sensitive)",
    ),
    errors.Gone: (410, "已到期或已停止", "Expired or withdrawn"),
    errors.TooLarge: (413, "内容太大", "Too large"),
    errors.UnsupportedMediaType: (415, "不支持这种内容类型", "This content type is not taken here"),
    errors.RangeNotSatisfiable: (416, "请求的范围超出内容长度", "The range lies outside the content"),
    errors.Invalid: (422, "内容有误，请检查后再试", "A field is wrong or unknown"),
    errors.BindingRefused: (
        422,
        "信息没有核对上。请检查后再试，或到医院服务台、自助机办理",
        "It could not be verified. Please check and try again, or ask at the hospital's desk or kiosk",
    ),
    errors.Unreadable: (422, "影像文件无法读取", "The DICOM bytes cannot be read"),
    errors.RetryLater: (503, "暂时繁忙，请稍后再试", "Busy, please retry"),
    errors.TooManyRequests: (429, "操作太频繁，请稍后再试", "Too many requests"),
    errors.Unavailable: (503, "暂时无法提供服务，请稍后再试", "Not available right now, please retry"),
    errors.NoGoodCopy: (503, "影像暂时无法读取，请稍后再试", "No good copy can be read right now"),
    errors.Misconfigured: (500, "系统配置有误", "The system is not configured correctly"),
}


def problem(request: Request, error: Exception) -> HTTPResponse:
    """The RFC 9457 answer to a failure. Never a word of the request or of a person in it."""
    if isinstance(error, errors.CloudfilmError):
        return _foreseen(request, error)
    if isinstance(error, SanicException):
        return _from_sanic(request, error)
    logs.unforeseen(request.id, error)
    return _answer(request, *STATUS[errors.CloudfilmError], detail=None)


def _foreseen(request: Request, error: errors.CloudfilmError) -> HTTPResponse:
    status, chinese, english = _look_up(type(error))
    if isinstance(error, errors.BindingRefused):
        return _binding_refused(_title(request, chinese, english), status)
    detail = None if status in (401, 404, 500) else _detail(request, error)  # not yours looks exactly like not there
    response = _answer(request, status, chinese, english, detail, **_more(error))
    if isinstance(error, errors.Unauthenticated):
        response.headers["WWW-Authenticate"] = 'Bearer realm="cloudfilm"'
    if isinstance(error, errors.RetryLater):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response


def _binding_refused(title: str, status: int) -> HTTPResponse:
    """The same byte by byte, whatever was wrong."""
    body = {"type": BINDING_REFUSED, "title": title, "status": status}
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Language, Origin"}
    return HTTPResponse(orjson.dumps(body), status=status, headers=headers, content_type=PROBLEM)


def _more(error: errors.CloudfilmError) -> dict[str, Any]:
    """What a client goes on with: tries that are left, the text to agree to, the word that confirms."""
    if isinstance(error, errors.PasscodeWrong):
        return {"remaining_attempts": error.remaining}
    if isinstance(error, errors.Sensitive):
        return {"confirm": "confirm_sensitive"}
    if isinstance(error, errors.OtherOrigin):
        return {"open_at": error.ours}
    if isinstance(error, errors.SignedOut):
        return {"signed_out": True}
    return {"consent": error.kind} if isinstance(error, errors.ConsentNeeded) else {}


def _detail(request: Request, error: errors.CloudfilmError) -> str:
    if isinstance(error, errors.InvalidField):
        return sentence(error, english=prefers_english(request.headers.get("accept-language", "")))
    return str(error)


def _look_up(kind: type[errors.CloudfilmError]) -> tuple[int, str, str]:
    return next(STATUS[ancestor] for ancestor in kind.__mro__ if ancestor in STATUS)


def _from_sanic(request: Request, error: SanicException) -> HTTPResponse:
    if error.status_code >= 500:
        logs.unforeseen(request.id, error)
    known = {status: (chinese, english) for status, chinese, english in reversed(STATUS.values())}  # the first of each counts
    chinese, english = known.get(error.status_code, ("请求无法处理", "The request cannot be handled"))
    response = _answer(request, error.status_code, chinese, english, None)
    for name in ("Allow", "Retry-After"):
        if name in error.headers:
            response.headers[name] = error.headers[name]
    return response


def _answer(request: Request, status: int, chinese: str, english: str, detail: str | None, **more: object) -> HTTPResponse:
    body: dict[str, Any] = {"type": "about:blank", "title": _title(request, chinese, english), "status": status, **more}
    if status != 404:  # two 404 answers are equal byte by byte
        body["request_id"] = str(request.id)
    if detail:
        body["detail"] = detail
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Language, Origin"}
    return HTTPResponse(orjson.dumps(body), status=status, headers=headers, content_type=PROBLEM)


def _title(request: Request, chinese: str, english: str) -> str:
    return english if prefers_english(request.headers.get("accept-language", "")) else chinese


def prefers_english(accept_language: str) -> bool:
    """True when English has a greater weight than Chinese, or the same and is named first (RFC 9110 section 12.5.4)."""
    languages = [_language(each) for each in accept_language.lower().split(",")]
    spoken = [(weight, language) for language, weight in languages if language in ("en", "zh") and weight > 0]
    return bool(spoken) and max(spoken, key=lambda each: each[0])[1] == "en"


def _language(text: str) -> tuple[str, float]:
    """`zh-CN;q=0.8` is ("zh", 0.8)."""
    tag, _, parameter = text.partition(";")
    name, _, weight = parameter.strip().partition("=")
    with suppress(ValueError):
        return tag.strip().partition("-")[0], float(weight) if name == "q" else 1.0
    return "", 0.0

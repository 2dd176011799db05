"""The kind of device that asks, as coarse as a person would say it; the header itself is kept nowhere."""

from __future__ import annotations

from collections.abc import Sequence

UNKNOWN = "unknown"
PROGRAM = "a program"

# words in the header, the first that is found counts: apps before the browser that they carry inside
_APPS: Sequence[tuple[str, str]] = (
    ("miniprogram", "WeChat mini-program"),
    ("micromessenger", "WeChat"),
    ("alipayclient", "Alipay"),
    ("wxwork", "WeCom"),
    ("dingtalk", "DingTalk"),
    ("qqbrowser", "browser"),
    ("mozilla", "browser"),
    ("opera", "browser"),
)
_SYSTEMS: Sequence[tuple[str, str]] = (
    ("openharmony", "HarmonyOS"),
    ("harmonyos", "HarmonyOS"),
    ("android", "Android"),
    ("iphone", "iPhone"),
    ("ipad", "iPad"),
    ("windows", "Windows"),
    ("macintosh", "Mac"),
    ("linux", "Linux"),
)


def device_of(user_agent: str) -> str:
    """Such as `WeChat on Android`; `a program` for what is no browser, `unknown` without a header."""
    words = user_agent[:1024].lower()
    if not words.strip():
        return UNKNOWN
    app, system = _first(words, _APPS), _first(words, _SYSTEMS)
    if not app:
        return PROGRAM
    return f"{app} on {system}" if system else app


def _first(words: str, names: Sequence[tuple[str, str]]) -> str:
    return next((name for word, name in names if word in words), "")

"""What is wrong with a field, in the reader's language."""

from __future__ import annotations

from core.errors import InvalidField

# fault → Chinese sentence, English sentence
FAULTS: dict[str, tuple[str, str]] = {
    "unknown": ("没有这个字段", "there is no such field"),
    "missing": ("必填", "required"),
    "twice": ("不能出现两次", "must not be given twice"),
    "not-a-phone": ("不是能接收短信的手机号", "not a mobile number that can receive a code"),
    "not-text": ("必须是文字，且不含控制字符", "must be text without control characters"),
    "empty": ("不能为空", "must not be empty"),
    "too-long": ("内容太长", "too long"),
    "not-a-choice": ("不是允许的取值", "not one of the allowed values"),
    "not-a-flag": ("必须是 true 或 false", "must be true or false"),
    "not-a-number": ("必须是规定范围内的整数", "must be a whole number within its range"),
    "not-a-list": ("必须是列表，且不能太长", "must be a list, and not a long one"),
    "not-an-object": ("必须是对象", "must be an object"),
    "impossible-date": ("日期不存在或格式不是 YYYY-MM-DD", "no such date, or not written YYYY-MM-DD"),
    "impossible-time": ("时间不存在，或没有写明时区", "no such time, or without its offset"),
    "not-a-uid": ("不是有效的 UID", "not a UID"),
    "not-base64": ("不是有效的 base64 内容", "not base64"),
    "not-a-pdf": ("不是 PDF 文件", "not a PDF"),
    "papers-missing": ("看到的证件不足以证明", "these papers do not prove it"),
}


def sentence(error: InvalidField, *, english: bool) -> str:
    """`field: what is wrong with it`."""
    return f"{error.field}: {FAULTS[error.fault][english]}"

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
    "bad-pdf": (
        "PDF 已损坏、加密，或含脚本、表单、附件，请发送只有页面的 PDF",
        "a PDF that is damaged, encrypted, or carries scripts, forms or files",
    ),
    "bad-picture": ("不是完整的 JPEG 或 PNG 图片，或图片太大", "not a whole JPEG or PNG, or too large"),
    "brackets": ("不能包含【】，签名由服务商加上", "must not contain 【】: the provider adds the signature"),
    "forbidden-words": ("包含服务商禁止的内容", "contains what the provider forbids"),
    "not-a-variable": ("变量名不正确，或这类通知没有这个变量", "no such variable in this kind of notice"),
    "link-in-variable": ("变量不能是网址，网址须是固定文字，只用 ${code}", "no link in a variable: write it around ${code}"),
    "link-of-another": (
        "网址须是本系统自己的地址（CLOUDFILM_PUBLIC_URL），不能是其他网站",
        "links must be of our own public address (CLOUDFILM_PUBLIC_URL), of no other site",
    ),
    "only-variables": ("不能全是变量", "must not be variables alone"),
    "variables-touch": ("变量不能相邻", "two variables must not touch"),
    "too-soon": ("维护须提前 24 小时通知", "maintenance must be told 24 hours before"),
    "not-a-layout": (
        "不是可用的版式，请写成 4x5 或 3x2-landscape，最多 6x8",
        "not a layout, such as 4x5 or 3x2-landscape, at most 6x8",
    ),
    "too-few-cells": ("所选图像超过这个版式 12 张胶片能容纳的数量", "more images than twelve sheets of that layout hold"),
    "not-of-this-exam": ("不是本次检查的图像", "not an image of this exam"),
    "not-a-picture": ("没有这一帧，或这类影像不能排到胶片上", "no such frame, or nothing that can be put on a film"),
    "not-a-window": ("窗位或窗宽不可用（窗宽至少为 1）", "not a window that can be used (its width is at least 1)"),
    "not-a-page": ("不是页面的名称", "not the name of a page, such as exam"),
    "not-inside": ("矩形必须在图像之内，且不能为空", "a rectangle must lie inside the picture and not be empty"),
    "not-a-contact": ("不是电话号码", "not a phone number"),
    "too-long-a-share": (
        "有效期不在医院允许的范围内（1 小时到 30 天，带姓名的最长 7 天）",
        "not within what the hospital permits (an hour to 30 days, with the name at most 7)",
    ),
    "not-a-passcode": ("密码须为 6 位数字，且不能全部相同", "six digits, and not six times the same"),
    "needed": ("这样的分享必须设密码", "such a share needs a passcode"),
    "after-the-end": ("开始时间须早于到期时间", "must be before its end"),
    "not-of-this-share": ("不是这次分享的检查", "not an exam of this share"),
    "of-one-exam": ("只能针对一项检查", "is said of one exam alone"),
    "one-of-two": ("两项必须填一项，且只能填一项", "exactly one of the two must be given"),
    "papers-missing": ("看到的证件不足以证明", "these papers do not prove it"),
}


def sentence(error: InvalidField, *, english: bool) -> str:
    """`field: what is wrong with it`."""
    return f"{error.field}: {FAULTS[error.fault][english]}"

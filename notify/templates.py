"""Templates: a provider's rules, checked when a template is saved and not when the first message is refused."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.errors import InvalidField, NotFound
from core.uids import row_id
from notify.kinds import ABOUT, SEVERAL, Kind
from notify.models import NoticeTemplate
from notify.ownlinks import leads_elsewhere

LONGEST_TEXT = 500
ONE_PART, EACH_PART = 70, 67  # characters of an SMS that fits into one, and of each part of a longer one
LONGEST_VALUE = 35  # of a variable of an SMS template
MOST_PARTS = 5
_ANY_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_SMS_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,34}", re.ASCII)
_MOBILE = re.compile(r"(?<![0-9])1[3-9][0-9]{9}(?![0-9])", re.ASCII)
_LINK_IN_VARIABLE = frozenset({"url", "link"})
_BRACKETS = "【】"  # stand around the signature, and nowhere else
_DASH_AND_DOT = {ord("—"): None, ord("·"): None}  # GB 2312 has them; Python's table has others that look alike
_FORBIDDEN = ("QQ", "微信群", "拒收请回复", "退订", "加微信", "APP下载", "下载APP")
# WeChat: kind of a keyword → most characters of its value
WECHAT_KINDS: Mapping[str, int] = {
    "thing": 20,
    "number": 32,
    "letter": 32,
    "character_string": 32,
    "symbol": 5,
    "phrase": 5,
    "name": 10,
    "time": 20,
    "date": 20,
}
_WECHAT_NAME = re.compile(rf"({'|'.join(WECHAT_KINDS)})[0-9]{{1,2}}", re.ASCII)
_ALIPAY_NAME = re.compile(r"keyword[1-9][0-9]?", re.ASCII)
_ALIPAY_LONGEST = 20
_ASSISTANT_NAME = re.compile(r"[a-z][a-z_]{1,31}", re.ASCII)  # of business_info


@dataclass(frozen=True, slots=True)
class Form:
    """What a channel wants of a template. `names`: its own variables are named beside the text, which is only for reading."""

    names: re.Pattern[str] | None = None
    needed: bool = True  # without a template it cannot send
    code: re.Pattern[str] = re.compile(r".+")  # where one is needed


FORMS: Mapping[str, Form] = {
    "aliyun": Form(code=re.compile(r"SMS_[A-Za-z0-9_]+", re.ASCII)),
    "wechat": Form(_WECHAT_NAME),
    "alipay": Form(_ALIPAY_NAME),
    "gateway": Form(needed=False),
    "sandbox": Form(needed=False),
    "assistant": Form(_ASSISTANT_NAME, code=re.compile(r"[0-9]{4,9}", re.ASCII)),  # a status
}
UNKNOWN_FORM = Form(needed=False)


@dataclass(frozen=True, slots=True)
class Template:
    """`code` is the provider's, `names` its variables → ours."""

    channel: str
    kind: Kind
    code: str
    text: str
    names: Mapping[str, str]
    signature: str = ""

    @property
    def parts(self) -> int:
        """SMS that the longest message of it takes."""
        longest = _ANY_VARIABLE.sub("x" * LONGEST_VALUE, self.text)
        return parts_of(f"【{self.signature or 'x' * 8}】{longest}")


def checked(template: Template, public_url: str) -> Template:
    """The template with its variables named; raises InvalidField for what its provider would refuse, or leads elsewhere."""
    variables = ABOUT[template.kind].variables
    named = _ANY_VARIABLE.findall(template.text)
    _check_text(template)
    if leads_elsewhere(f"{template.text}\n{template.signature}", public_url):
        raise InvalidField("text", "link-of-another")
    form = FORMS.get(template.channel, UNKNOWN_FORM)
    if form.needed and not form.code.fullmatch(template.code):
        raise InvalidField("code", "not-a-choice" if template.code else "missing")
    if form.names is not None:
        _check_names(form.names, template.names, variables)
        return template
    if template.names:
        raise InvalidField("names", "unknown")
    _check_sms(template, named, variables)
    if template.channel == "aliyun" and not _is_simplified(template.text):
        raise InvalidField("text", "forbidden-words")
    return Template(
        template.channel, template.kind, template.code, template.text, {name: name for name in named}, template.signature
    )


def parts_of(text: str) -> int:
    """SMS that a text takes, its signature included; every character of it counts as one."""
    return 1 if len(text) <= ONE_PART else -(-len(text) // EACH_PART)


async def save(hospital: str, template: Template, public_url: str, now: datetime) -> NoticeTemplate:
    """Keep it, in the place of the one before; raises InvalidField."""
    good = checked(template, public_url)
    values = {
        "code": good.code,
        "text": good.text,
        "names": dict(good.names),
        "signature": good.signature,
        "parts": good.parts,
        "updated_at": now,
    }
    place: dict[str, Any] = {"hospital_id": hospital, "channel": good.channel, "kind": good.kind.value}
    row = NoticeTemplate(id=row_id(), **place, **values)
    await NoticeTemplate.bulk_create([row], ignore_conflicts=True)
    await NoticeTemplate.filter(**place).update(**values)
    return await NoticeTemplate.get(**place)


async def remove(hospital: str, channel: str, kind: str) -> None:
    """Raises NotFound."""
    if not await NoticeTemplate.filter(hospital_id=hospital, channel=channel, kind=kind).delete():
        raise NotFound("no such template")


async def of_hospital(hospital: str) -> Sequence[NoticeTemplate]:
    """All that a hospital has."""
    return await NoticeTemplate.filter(hospital_id=hospital).order_by("channel", "kind")


def needs_template(channel: str) -> bool:
    """True for a channel that sends nothing without one."""
    return FORMS.get(channel, UNKNOWN_FORM).needed


def text_of(kind: Kind, row: NoticeTemplate | None, values: Mapping[str, str]) -> str:
    """The whole message in words."""
    several = kind is Kind.REPORT_READY and int(values.get("count") or 1) > 1
    words = row.text if row else SEVERAL if several else ABOUT[kind].words
    return _ANY_VARIABLE.sub(lambda found: values.get((row.names if row else {}).get(found[1], found[1]), ""), words)


def parameters(channel: str, row: NoticeTemplate | None, values: Mapping[str, str]) -> dict[str, str]:
    """What the provider puts in for its own variables, cut to what it takes."""
    names = row.names if row else {}
    return {theirs: _cut(channel, theirs, values.get(ours, "")) for theirs, ours in names.items()}


def _cut(channel: str, name: str, value: str) -> str:
    if channel == "wechat":
        found = _WECHAT_NAME.fullmatch(name)
        return value[: WECHAT_KINDS[found[1]]] if found else value
    return value[: _ALIPAY_LONGEST if channel == "alipay" else LONGEST_VALUE]


def _check_text(template: Template) -> None:
    if not 1 <= len(template.text) <= LONGEST_TEXT:
        raise InvalidField("text", "too-long" if template.text else "empty")
    if any(ord(letter) > 0xFFFF for letter in template.text):
        raise InvalidField("text", "not-text")
    if any(bracket in template.text + template.signature for bracket in _BRACKETS):
        raise InvalidField("text", "brackets")
    if any(word.lower() in template.text.lower() for word in _FORBIDDEN) or _MOBILE.search(template.text):
        raise InvalidField("text", "forbidden-words")


def _check_sms(template: Template, named: Sequence[str], variables: frozenset[str]) -> None:
    if "${" in _ANY_VARIABLE.sub("", template.text):
        raise InvalidField("text", "not-a-variable")
    for name in named:
        if name in _LINK_IN_VARIABLE:
            raise InvalidField("text", "link-in-variable")
        if not _SMS_NAME.fullmatch(name) or name not in variables:
            raise InvalidField("text", "not-a-variable")
    if not _ANY_VARIABLE.sub("", template.text).strip():
        raise InvalidField("text", "only-variables")
    if "}${" in template.text:
        raise InvalidField("text", "variables-touch")
    if template.parts > MOST_PARTS:
        raise InvalidField("text", "too-long")


def _is_simplified(text: str) -> bool:
    """True for letters of GB 2312 without pictures and signs of currency: Aliyun takes no traditional or special characters."""
    try:
        text.translate(_DASH_AND_DOT).encode("gb2312")
    except UnicodeEncodeError:
        return False
    return not any(unicodedata.category(letter) in ("So", "Sc") for letter in _ANY_VARIABLE.sub("", text))


def _check_names(pattern: re.Pattern[str], names: Mapping[str, str], variables: frozenset[str]) -> None:
    if not names:
        raise InvalidField("names", "missing")
    for theirs, ours in names.items():
        if not pattern.fullmatch(theirs) or ours not in variables:
            raise InvalidField("names", "not-a-variable")

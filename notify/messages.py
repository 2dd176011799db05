"""What messages say: plain words, no name, no kind of exam, nothing that a stranger may not read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one phone. `code` and `url` stand in the text too; apart, so that a demo can offer them to a tap."""

    to: str
    kind: str
    text: str
    channel: str = "sms"
    code: str | None = None
    url: str | None = None


def login_code(phone: str, code: str) -> Message:
    """The code that signs its holder in."""
    text = f"【云胶片】您的验证码是{code}，10分钟内有效。请勿告诉他人，工作人员不会向您索要。"
    return Message(phone, "login-code", text, code=code)


def family_code(phone: str, code: str, who: str) -> Message:
    """The code by which a patient lets somebody in; it says whom."""
    text = f"【云胶片】验证码{code}，10分钟内有效。告诉对方即表示您同意手机号{who}的用户查看您的检查资料。不认识请勿理会。"
    return Message(phone, "family-code", text, code=code)


def onsite_code(phone: str, code: str) -> Message:
    """The code by which a kiosk or the desk knows whose phone it is."""
    text = f"【云胶片】验证码{code}，10分钟内有效。您正在医院自助机或服务台办理影像服务；不是您本人办理请勿告诉他人。"
    return Message(phone, "onsite-code", text, code=code)

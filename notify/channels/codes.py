"""Login and family codes: a lane of their own. They go at once, from who asked, and never wait behind notices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from core import clock
from core.errors import TooManyRequests, Unavailable
from core.uids import uuid7
from notify import messages
from notify.channels import Channel, ChannelError, Outgoing, Sent, Throttled, Unknown
from notify.messages import Message

ORDER = ("sandbox", "aliyun", "gateway")  # the next one when one is down or refuses


@runtime_checkable
class CarriesCodes(Protocol):
    """A channel to phones that may carry codes."""

    def code_template(self, kind: str) -> str | None:
        """The provider's template of this kind of code, empty where none is needed; None when it does not carry them."""
        ...

    async def send(self, notice: Outgoing) -> Sent:
        """As every channel."""
        ...


def carried(channels: Mapping[str, Channel]) -> bool:
    """Whether a login code can leave at all."""
    return bool(_lane(channels, "login-code"))


async def login_code(channels: Mapping[str, Channel], phone: str, code: str) -> None:
    """Send the code that signs its holder in. Raises Unavailable when no channel takes it, TooManyRequests for a limit."""
    await _send(channels, messages.login_code(phone, code), {"code": code})


async def family_code(channels: Mapping[str, Channel], phone: str, code: str, who: str) -> None:
    """Send the code by which a patient lets in whom it names by a masked number. Raises as `login_code`."""
    await _send(channels, messages.family_code(phone, code, who), {"code": code, "who": who})


async def onsite_code(channels: Mapping[str, Channel], phone: str, code: str) -> None:
    """Send the code by which a kiosk or the desk knows whose phone it is. Raises as `login_code`."""
    await _send(channels, messages.onsite_code(phone, code), {"code": code})


async def _send(channels: Mapping[str, Channel], message: Message, params: Mapping[str, str]) -> None:
    failures: list[ChannelError] = []
    for channel, template in _lane(channels, message.kind):
        try:
            await channel.send(_outgoing(message, template, params))
        except Unknown:  # perhaps it arrives; who gets none asks again, which a second message now would make worse
            return
        except ChannelError as error:
            failures.append(error)
            continue
        return
    waits = [each.retry_after_seconds for each in failures if isinstance(each, Throttled)]
    if waits and len(waits) == len(failures):
        raise TooManyRequests("too many codes to this phone", retry_after_seconds=min(waits)) from failures[0]
    raise Unavailable("no code can be sent now; log in another way, or try again")


def _lane(channels: Mapping[str, Channel], kind: str) -> list[tuple[CarriesCodes, str]]:
    found: list[tuple[CarriesCodes, str]] = []
    for name in ORDER:
        channel = channels.get(name)
        template = channel.code_template(kind) if isinstance(channel, CarriesCodes) else None
        if isinstance(channel, CarriesCodes) and template is not None:
            found.append((channel, template))
    return found


def _outgoing(message: Message, template: str, params: Mapping[str, str]) -> Outgoing:
    return Outgoing(
        id=uuid7(),
        hospital="",
        kind=message.kind,
        to=message.to,
        template=template,
        params=params,
        text=message.text,
        tried_at=clock.now(),
    )

"""Calls that send by WeChat, and what their errors mean for a message (developers.weixin.qq.com)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import Misconfigured
from infra.elsewhere import CutOff, Unreachable
from infra.wechat import NoToken, WeChat
from notify.channels import ChannelDown, ChannelError, Refused, Throttled, Unknown

# errcode → seconds to rest, the whole channel
RESTS = {-1: 10, 45011: 60, 45009: 3600}
TAKES_NO_MORE = 43101  # refused, or what they agreed to is used up
NEVER = frozenset({40003, TAKES_NO_MORE, 47003})  # no such person; no more; these words
TOKEN_REFUSED = frozenset({40001, 40014, 42001})  # also the second one
# Every other one (40037 template, 41030 page, 48001 no right, …) says that something is set up wrongly.


async def called(wechat: WeChat, app_id: str, path: str, said: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """The answer of a call that sends; raises one of the channels' errors for every other than errcode 0."""
    app = wechat.mini if app_id == wechat.mini.app_id else wechat.official
    try:
        answer = await wechat.call(app, path, said, seconds=seconds)
    except (NoToken, Unreachable) as error:
        raise ChannelDown(str(error)) from error
    except CutOff as error:
        raise Unknown(str(error)) from error
    except Misconfigured as error:
        raise Refused(str(error), code="app", permanent=False, falls_back=True) from error
    number = answer.get("errcode") or 0
    if number != 0:
        raise _refusal(number)
    return answer


def _refusal(number: int) -> ChannelError:
    said = f"WeChat answers with errcode {number}"
    if number in RESTS:
        return Throttled(said, retry_after_seconds=RESTS[number])
    if number in TOKEN_REFUSED:
        return ChannelDown(said)
    return Refused(said, code=str(number), permanent=number in NEVER, falls_back=True)

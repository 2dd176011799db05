"""WeChat's medical assistant (cityservice/sendchannelmsg), for public hospitals: it needs nobody's tap."""

from __future__ import annotations

from infra.settings import Settings
from infra.wechat import WeChat
from notify.channels import WECHAT, Channel, Means, Outcome, Outgoing, Refused, Sent
from notify.channels.wechatcalls import called

NAME = "assistant"
SEND = "/cityservice/sendchannelmsg"
MEDICAL = 150  # business_id of all its messages


class Assistant:
    """Sends by the official account. A template's code is the status, such as 1505001, its names those of business_info."""

    name = NAME
    address = WECHAT

    def __init__(self, settings: Settings, wechat: WeChat) -> None:
        self._seconds = settings.message_seconds
        self._wechat = wechat
        self.app_id = wechat.official.app_id

    async def send(self, notice: Outgoing) -> Sent:
        """Our id is number of message and of order, since each message stands for itself."""
        if not (notice.template.isascii() and notice.template.isdigit()):
            raise Refused("no status of the assistant is set up", code="no-template", permanent=False, falls_back=True)
        link = {"redirect_page": {"page_type": "web", "url": notice.url}} if notice.url else {}
        message = {
            "status": int(notice.template),
            "open_id": notice.to,
            "order_id": notice.id,
            "msg_id": notice.id,
            "app_id": self.app_id,
            "business_id": MEDICAL,
            "business_info": {**notice.params, **link},
        }
        await called(self._wechat, self.app_id, SEND, message, self._seconds)
        return Sent(None)

    async def ask(self, notice: Outgoing) -> Outcome:
        """It cannot be asked."""
        return Outcome.UNKNOWN


def opened(means: Means) -> Channel | None:
    """When it is switched on, and the official account is set up."""
    settings = means.settings
    if not (settings.wechat_assistant and settings.wechat_oauth_app_id and settings.wechat_oauth_secret):
        return None
    return Assistant(settings, means.wechat)

"""Channels by which a message leaves, one file each: a file that is gone, or not set up, is a channel that does not exist."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import ModuleType
from typing import Protocol, runtime_checkable

import httpx

from core.errors import CloudfilmError
from infra.alipay import Alipay
from infra.sealing import Sealer
from infra.settings import Settings
from infra.wechat import WeChat

PHONE, WECHAT, ALIPAY = "phone", "wechat", "alipay"  # kinds of addresses: a number as +86…, an open id, an open or user id


class Outcome(StrEnum):
    """What became of a message."""

    DELIVERED = "delivered"  # it reached the phone
    ACCEPTED = "accepted"  # the provider has it
    NOT_SENT = "not-sent"  # the provider does not know it: it may be sent now
    FAILED = "failed"  # the provider had it and could not deliver it
    UNKNOWN = "unknown"  # nobody can say: sending again might be the second time


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to one address.

    `id` (uuid7) goes with it wherever the provider takes one, so that it is found again. `template` is the provider's
    code of it, `signature` the hospital's own name before an SMS (empty: the deployment's). `text` is the whole message in
    words, for channels without templates. `tried_at` is when it was first handed to the channel; `ask` looks from there.
    """

    id: str
    hospital: str
    kind: str
    to: str
    template: str
    params: Mapping[str, str]
    text: str
    url: str | None = None
    signature: str = ""
    tried_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider took the message; its own number of it, where it gives one."""

    provider_id: str | None


class Channel(Protocol):
    """A way to a person. `address` is the kind of address that it sends to."""

    name: str
    address: str

    async def send(self, notice: Outgoing) -> Sent:
        """Hand the message over, once, within seconds; raises one of the errors below."""
        ...

    async def ask(self, notice: Outgoing) -> Outcome:
        """What became of a message whose sending was cut off; raises ChannelDown or Throttled when it cannot be asked now."""
        ...


class ChannelError(CloudfilmError):
    """A message was not handed over, or perhaps. The text says which code came, never to whom."""


class ChannelDown(ChannelError):
    """The provider cannot be reached or is broken: for certain not sent, and no other message would be."""


class Throttled(ChannelError):
    """Not sent: too many. `recipient_only` = to this address; else the channel as a whole shall rest."""

    def __init__(self, message: str, *, retry_after_seconds: int, recipient_only: bool = False) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        self.recipient_only = recipient_only


class Refused(ChannelError):
    """Not sent: the provider said no.

    `permanent`: this message to this address will never be taken. Otherwise something is set up wrongly (template,
    signature, account), and after a person has mended it, it may be sent. `falls_back`: another channel may try now.
    """

    def __init__(self, message: str, *, code: str, permanent: bool, falls_back: bool) -> None:
        super().__init__(message)
        self.code = code
        self.permanent = permanent
        self.falls_back = falls_back


class Unknown(ChannelError):
    """It may have been sent: `ask` before it is sent again."""


@runtime_checkable
class ByHospital(Protocol):
    """A channel that is another server for each hospital: when one of them is away, that is nobody else's rest."""

    def lane(self, hospital: str) -> str:
        """By which its pace and its rests are counted: the channel's name, a colon, and whose it is."""
        ...


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provider reported of one message, known by its number of it or by our id. `code` is the provider's word."""

    channel: str
    provider_id: str | None
    out_id: str | None
    outcome: Outcome
    code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Call:
    """A provider's call to us, as it came. `place` is the last part of its path, header names are in small letters."""

    method: str
    query: Mapping[str, str]
    body: bytes
    place: str = ""
    address: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a call said, and the answer that its provider expects. `once` is the same when the same call comes again."""

    receipts: tuple[Receipt, ...]
    answer: bytes
    media_type: str = "text/plain; charset=utf-8"
    once: str = ""


@runtime_checkable
class Listening(Protocol):
    """A channel whose provider calls us."""

    async def heard(self, call: Call, now: datetime) -> Heard:
        """Raises Unauthenticated for a call that is not the provider's, Malformed for one that says nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Means:
    """What channels are made of. What must be closed in the end is given to `closing`."""

    settings: Settings
    client: httpx.AsyncClient
    sealer: Sealer
    wechat: WeChat
    alipay: Alipay
    closing: AsyncExitStack


def found(means: Means) -> dict[str, Channel]:
    """Name → channel, of every file here that can open one with these settings: `opened(means)` gives it, or None."""
    opened = [module.opened(means) for module in modules()]
    return {channel.name: channel for channel in opened if channel is not None}


def modules() -> list[ModuleType]:
    """The files here that are channels."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    imported = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return [module for module in imported if hasattr(module, "opened")]

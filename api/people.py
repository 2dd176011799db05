"""What a process needs to know who is asking and what is theirs, wired once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx

from identity.bindings import Bindings
from identity.consents import Consents
from identity.family import Family
from identity.links import Links
from identity.links_keys import QrKeys
from identity.links_proof import Proofs
from identity.onsite import Onsite
from identity.pairing import Pairing
from identity.persons import Persons
from identity.signins import SignIns
from identity.sms_codes import Caps, SmsCodes
from infra.alipay import Alipay
from infra.elsewhere import open_client
from infra.epoch import Epoch
from infra.sealing import Sealer
from infra.settings import Settings
from infra.wechat import App, WeChat
from notify.channels import Channel, Means, found
from notify.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class People:
    """Persons, how they log in, and how messages reach them: channels by name. `sandbox` only in a demo."""

    sealer: Sealer
    persons: Persons
    sign_ins: SignIns
    sms_codes: SmsCodes
    bindings: Bindings
    pairing: Pairing
    onsite: Onsite
    family: Family
    consents: Consents
    links: Links
    qr_keys: QrKeys
    proofs: Proofs
    wechat: WeChat
    alipay: Alipay
    sandbox: Sandbox | None
    channels: Mapping[str, Channel]


@asynccontextmanager
async def open_people(settings: Settings, sessions_epoch: Epoch) -> AsyncIterator[People]:
    """All of it; the database must be open."""
    sealer = Sealer(settings.keys)
    codes = SmsCodes(settings.keys, sealer, Caps(settings.sms_per_address_per_hour, settings.sms_per_hour))
    bindings = Bindings(sealer, sessions_epoch)
    links = Links(settings.keys, sessions_epoch)
    persons, pairing = Persons(sealer), Pairing(sealer)
    async with open_client() as client, AsyncExitStack() as closing:
        wechat, alipay = _wechat(client, settings, sealer), _alipay(client, settings)
        channels = found(Means(settings, client, sealer, wechat, alipay, closing))
        yield People(
            sealer,
            persons,
            SignIns(settings.keys, sessions_epoch),
            codes,
            bindings,
            pairing,
            Onsite(sealer, bindings, persons, codes, pairing),
            Family(sealer, codes, bindings, sessions_epoch),
            Consents(sealer, sessions_epoch),
            links,
            QrKeys(sealer),
            Proofs(sealer),
            wechat,
            alipay,
            Sandbox(sealer) if settings.demo else None,
            channels,
        )


def _wechat(client: httpx.AsyncClient, settings: Settings, sealer: Sealer) -> WeChat:
    mini = App(settings.wechat_mini_app_id, settings.wechat_mini_secret)
    official = App(settings.wechat_oauth_app_id, settings.wechat_oauth_secret)
    return WeChat(client, settings.wechat_base_url, mini, official, sealer)


def _alipay(client: httpx.AsyncClient, settings: Settings) -> Alipay:
    return Alipay(
        client,
        settings.alipay_gateway_url,
        settings.alipay_app_id,
        private_key=settings.alipay_private_key,
        public_key=settings.alipay_public_key,
        aes_key=settings.alipay_aes_key,
    )

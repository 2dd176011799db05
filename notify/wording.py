"""The words of a notice on its way: address, text and link, sealed into its row before it leaves, opened when it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from identity.links import Drawn, LinkKind, url
from notify import templates
from notify.channels import Outgoing
from notify.kinds import ABOUT, Kind
from notify.models import Notice
from notify.office import Office
from notify.recipients import Way

LINK_LIFE = timedelta(days=365)


def sealed(
    office: Office, notice: Notice, way: Way, values: Mapping[str, str], exams: Sequence[str], now: datetime
) -> tuple[bytes, Drawn | None]:
    """Address and words of this notice on this way; and its link, which is drawn once and kept with it."""
    kind, drawn, said_of = Kind(notice.kind), None, dict(values)
    if "code" in ABOUT[kind].variables:
        code = str(_opened(office, notice).get("code") or "") if notice.sealed else ""
        if not code:
            drawn = _link(office, notice, exams[0], now)
            code = drawn.token
        said_of |= {"code": code, "url": url(office.base_url, code)}
    said = {
        "to": way.to,
        "code": said_of.get("code"),
        "url": said_of.get("url"),
        "text": templates.text_of(kind, way.template, said_of),
        "params": templates.parameters(way.channel, way.template, said_of),
        "signature": way.template.signature if way.template else "",
    }
    return office.sealer.seal_bytes(orjson.dumps(said)), drawn


def outgoing(office: Office, notice: Notice) -> Outgoing:
    """The message of a notice, as its channel takes it."""
    said = _opened(office, notice)
    return Outgoing(
        id=notice.out_id,
        hospital=notice.hospital_id,
        kind=notice.kind,
        to=said["to"],
        template=notice.template,
        params=said["params"],
        text=said["text"],
        url=said["url"],
        signature=said["signature"],
        tried_at=notice.tried_at,
    )


def _link(office: Office, notice: Notice, exam_id: str, now: datetime) -> Drawn:
    return office.links.draw(
        LinkKind.NOTICE, notice.hospital_id, exam_id, now=now, expires_at=now + LINK_LIFE, person_id=notice.recipient
    )


def _opened(office: Office, notice: Notice) -> Mapping[str, Any]:
    said: Mapping[str, Any] = orjson.loads(office.sealer.open_bytes(bytes(notice.sealed or b"")))
    return said

"""What notices are written and sent with, wired once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from identity.links import Links
from infra.sealing import Sealer
from notify.channels import Channel


@dataclass(frozen=True, slots=True)
class Office:
    """`per_second`: so many messages leave by one channel in a second, whoever sends them; `lease_seconds`: of a claim."""

    sealer: Sealer
    channels: Mapping[str, Channel]
    links: Links
    base_url: str
    per_second: int = 20
    lease_seconds: float = 60.0

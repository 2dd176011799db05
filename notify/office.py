"""What notices are written and sent with, wired once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from identity.links import Links
from infra.sealing import Sealer
from notify.channels import ByHospital, Channel


@dataclass(frozen=True, slots=True)
class Office:
    """`per_second`: so many messages leave by one channel in a second, whoever sends them; `lease_seconds`: of a claim."""

    sealer: Sealer
    channels: Mapping[str, Channel]
    links: Links
    base_url: str
    per_second: int = 20
    lease_seconds: float = 60.0

    def lane(self, channel: str, hospital: str) -> str:
        """By which the pace and the rests of a channel are counted."""
        found = self.channels.get(channel)
        return found.lane(hospital) if isinstance(found, ByHospital) else channel

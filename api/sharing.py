"""What a process needs to share exams, wired once."""

from __future__ import annotations

from dataclasses import dataclass

from api.people import People
from infra.epoch import Epoch
from infra.settings import Settings
from share.making import Making
from share.opening import Openings
from share.pickup import Pickup
from share.shares import Shares
from share.shl import HealthLinks


@dataclass(frozen=True, slots=True)
class Sharing:
    """Shares made, shares of their owners, openings, codes to type in place of scanning, and links for health apps."""

    making: Making
    shares: Shares
    openings: Openings
    pickup: Pickup
    health_links: HealthLinks


def sharing(settings: Settings, people: People, sessions_epoch: Epoch) -> Sharing:
    """All of it; the database must be open."""
    return Sharing(
        Making(settings.keys, people.sealer, people.links),
        Shares(people.links, sessions_epoch),
        Openings(settings.keys, people.sealer, people.links),
        Pickup(people.sealer, people.links),
        HealthLinks(settings.keys, people.links, settings.base_url),
    )

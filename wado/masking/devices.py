"""The rules that hospitals drew for their devices, at hand for every answer under a mask."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial

from archive.read import Reader
from records import blackouts
from wado.masking.burnedin import Device, Rectangle

Devices = Mapping[str, tuple[Device, ...]]  # hospital → its rules for images

_RULE_BYTES = 500  # about what one takes in memory


async def devices_of(reader: Reader, hospitals: Iterable[str], now: datetime) -> Devices:
    """The rules that count now; a change is seen at once here, on other machines within the trust of `reader.current`."""
    return {
        hospital: await reader.current(
            f"blackouts/{hospital}", now, partial(_asked, hospital), cost=lambda rules: _RULE_BYTES * (1 + len(rules))
        )
        for hospital in sorted(set(hospitals))
    }


def digest(devices: Devices) -> str:
    """What tells these rules from others: part of the name of every answer made under them."""
    said = repr(sorted(devices.items())) if any(devices.values()) else ""
    return hashlib.sha256(said.encode()).hexdigest()[:16] if said else ""


async def _asked(hospital: str) -> tuple[Device, ...]:
    rules = [rule for rule in await blackouts.of_hospital(hospital) if rule.kind == blackouts.IMAGE]
    return tuple(
        Device(rule.maker, rule.model, rule.rows, rule.columns, tuple(Rectangle(*each) for each in rule.rectangles))
        for rule in rules
    )

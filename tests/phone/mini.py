"""A mini-program that was built, on a small stand-in of its platform."""

from __future__ import annotations

import json
from typing import Any

from tests.parts import npm
from tests.parts.installation import Installation
from tests.phone.conftest import built

TOKENS = "cloudfilm-tokens"  # where a mini-program keeps them


def run_mini_program(site: Installation, target: str, *steps: dict[str, Any]) -> dict[str, Any]:
    """What stands there after these steps of a finger, on a stand-in of the platform and the real server."""
    said: dict[str, Any] = npm.run("mini_program.cjs", str(built(target)), target, site.url, json.dumps(steps))
    return said

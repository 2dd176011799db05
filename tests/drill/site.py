"""A running installation with its hospital and a token, in a folder that goes when it ends."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.drill.client import Client
from tests.drill.instances import Sent
from tests.drill.stores import Stores, of_home
from tests.parts.installation import Installation

BATCH = 10
# Nothing is kept in memory unless a drill asks for it, so that every read meets what is broken; no scrub comes by itself.
SETTINGS: dict[str, str | int] = {
    "WORKERS": 2,
    "MEMORY_TIER_MIB": 0,
    "REDIS_URL": "none",
    "SCRUB_INTERVAL_DAYS": 0,
    "SCRUB_MIB_PER_SECOND": 0,
    "LOG_LEVEL": "WARNING",
}


@dataclass(frozen=True, slots=True)
class Site:
    """What a drill needs."""

    installation: Installation
    token: str
    stores: Stores

    def client(self) -> Client:
        """A new connection of the hospital."""
        return Client(self.installation.url, self.token)

    def fill(self, instances: Sequence[Sent]) -> None:
        """Store all of these, or raise RuntimeError: nothing is broken yet."""
        client = self.client()
        for start in range(0, len(instances), BATCH):
            answer = client.store(instances[start : start + BATCH])
            if answer.status != 200:
                raise RuntimeError(f"a healthy server answers {answer.status}: {answer.refused}")
        client.close()

    def scrub(self) -> dict[str, int]:
        """What `scrub --json` ends with."""
        done = self.installation.command("scrub", "--json", "--pace", "0")
        try:
            found: dict[str, int] = json.loads(done.stdout.strip().splitlines()[-1])
        except (IndexError, ValueError) as error:
            raise RuntimeError(f"scrub: exit {done.returncode}: {done.stderr[-500:]}") from error
        return found


@contextmanager
def site(home: Path | None = None, **settings: str | int) -> Iterator[Site]:
    """Start one. Without `home` it lives in a temporary folder."""
    folder = Path(tempfile.mkdtemp(prefix="cloudfilm-drill-"))
    installation = Installation(home or folder / "home", **{**SETTINGS, **settings})
    try:
        installation.start()
        named = installation.command("hospital", "demo", "--name", "Drill")
        if named.returncode:
            raise RuntimeError(f"no hospital: {named.stderr}")
        yield Site(installation, installation.token(), _stores(installation.home, str(settings.get("STORES", ""))))
    finally:
        installation.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _stores(home: Path, urls: str) -> Stores:
    return Stores([Path(url.removeprefix("file://")) for url in urls.split(",")]) if urls else of_home(home)

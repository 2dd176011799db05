"""`make drill`: the long fault runs against the real server; prints a ledger, exit 1 on any loss."""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.drill import away, copies, disk, kills, lying_redis, notices, outage
from tests.drill.ledger import Line, table
from tests.drill.messaging import DATABASES
from tests.drill.site import site
from tests.parts.redis import RedisBeside

KILLS = 200
KILL_MEMORY_MIB = 16
OUTAGE_NOTICES = 5000
OUTAGE_SECONDS = 600.0

Part = Callable[[argparse.Namespace], list[Line]]


def main() -> int:
    """Exit 0 only when nothing was lost, wrong, or refused without need."""
    disk.become_root_of_a_namespace()
    arguments = _arguments()
    print(f"seed {arguments.seed}", flush=True)
    lines: list[Line] = []
    all_begun = time.monotonic()
    for name in arguments.only or PARTS:
        begun = time.monotonic()
        lines += PARTS[name](arguments)
        print(f"{name}: {time.monotonic() - begun:.0f} s", flush=True)
    print(f"all: {time.monotonic() - all_begun:.0f} s", flush=True)
    print(table(lines))
    return int(not all(line.good for line in lines))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.drill", description=__doc__)
    parser.add_argument("--kills", type=int, default=KILLS, help=f"how many (default {KILLS})")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(100_000), help="of what is sent and when it is broken")
    parser.add_argument(
        "--outage-seconds",
        type=float,
        default=OUTAGE_SECONDS,
        help=f"how long the provider of messages is away at least (default {OUTAGE_SECONDS:.0f})",
    )
    parser.add_argument(
        "--outage-notices", type=int, default=OUTAGE_NOTICES, help=f"that are due meanwhile (default {OUTAGE_NOTICES})"
    )
    parser.add_argument(
        "--database",
        action="append",
        choices=DATABASES,
        help="of the parts notices and outage; may be given twice (default: notices on both, outage on the first)",
    )
    parser.add_argument("--beside", type=int, default=0, help="workers beside the one that is killed, in the part notices")
    parser.add_argument("--only", action="append", choices=list(PARTS), help="this part alone; may be given several times")
    return parser.parse_args()


def _kills(arguments: argparse.Namespace) -> list[Line]:
    with site(REDIS_URL="", MEMORY_TIER_MIB=KILL_MEMORY_MIB) as here:
        line = kills.drill(here.installation, here.token, arguments.kills, arguments.seed)
        return [line, _afterwards(here.scrub(), here.installation.command("audit", "verify").returncode)]


def _afterwards(scrubbed: dict[str, int], audit: int) -> Line:
    note = f"{scrubbed}; audit chain {'whole' if audit == 0 else 'BROKEN'}"
    return Line("scrub after the kills", lost=scrubbed["lost"] + scrubbed["bad"] + (audit != 0), note=note)


def _copies(arguments: argparse.Namespace) -> list[Line]:
    with site() as here:
        return copies.drill(here, arguments.seed)


def _redis(arguments: argparse.Namespace) -> list[Line]:
    with tempfile.TemporaryDirectory() as folder, RedisBeside(Path(folder)) as beside, site(REDIS_URL=beside.url) as here:
        return lying_redis.drill(here, beside, arguments.seed)


def _away(arguments: argparse.Namespace) -> list[Line]:
    with site() as here:
        return [away.drill(here, arguments.seed + position, position) for position in (3, 1)]


def _disk(arguments: argparse.Namespace) -> list[Line]:
    if disk.can_mount():
        return disk.drill(arguments.seed)
    note = "NOT DONE: a small disk needs root, or user namespaces (sysctl kernel.unprivileged_userns_clone=1)"
    return [Line("full disk", note=note)]


def _notices(arguments: argparse.Namespace) -> list[Line]:
    lines = []
    for database in arguments.database or DATABASES:
        kept = Path(tempfile.gettempdir()) / f"cloudfilm-notices-{database}-{arguments.seed}.jsonl"
        plan = notices.Plan(arguments.kills, arguments.seed, database, arguments.beside)
        killed, left = notices.drill(plan, ledger=kept)
        lines += [replace(killed, note=f"{killed.note}, kept in {kept}"), left]
    return lines


def _outage(arguments: argparse.Namespace) -> list[Line]:
    away = [
        outage.drill(arguments.outage_notices, arguments.outage_seconds, database=database)
        for database in arguments.database or DATABASES[:1]
    ]
    return [line for lines in away for line in lines]


PARTS: dict[str, Part] = {
    "copies": _copies,
    "redis": _redis,
    "away": _away,
    "disk": _disk,
    "kills": _kills,
    "notices": _notices,
    "outage": _outage,
}

if __name__ == "__main__":
    sys.exit(main())

"""Takes the pictures of the phone that docs/phone.md shows: `.venv/bin/python -m docs.take_pictures [NAME …]`.

A demo of its own runs for it, with pages that were built before (`infra/deploy/phone.sh h5 viewer`). Needs Chromium.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from docs.take_pictures.fitting import small
from docs.take_pictures.table import FOLDER, PICTURES
from docs.take_pictures.world import World, with_films
from tests.parts.chromium import launched
from tests.parts.installation import Installation

SETTLE_MS = 700  # a picture that came is painted


def main() -> int:
    """Take those that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m docs.take_pictures", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PICTURES)}; all when none is named")
    wanted = parser.parse_args().names or list(PICTURES)
    if unknown := [name for name in wanted if name not in PICTURES]:
        parser.error(f"no such picture: {', '.join(unknown)}")
    with tempfile.TemporaryDirectory(prefix="cloudfilm-pictures-") as folder, Installation(Path(folder), WORKERS=1) as site:
        done = site.command("demo")
        if done.returncode != 0:
            print(done.stderr, file=sys.stderr)
            return 1
        with_films(site)
        with sync_playwright() as playwright, launched(playwright) as browser:
            for name in wanted:
                world = World(site, browser)
                page = PICTURES[name](world)
                page.wait_for_load_state("networkidle")
                page.wait_for_timeout(SETTLE_MS)
                content = small(page.screenshot())
                (FOLDER / f"{name}.png").write_bytes(content)
                print(f"{name}.png {len(content):,} bytes", flush=True)
                world.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

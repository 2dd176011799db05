"""`python -m bench.phone`: how long a patient waits for list, film and first picture on 4G and 3G, and for 300 slices."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page

from api.pages.assets import SHARE
from bench import chromium, machine, study
from bench.chromium import FOUR_G, THREE_G, Received, phone, until_drawn
from bench.farslice import far_slice
from bench.orthanc import INSTALL, Orthanc
from bench.study import Series
from bench.wholeseries import Loaded, Party, all_unpacked, loaded, table
from tests.parts.installation import Installation

OUT = Path(__file__).with_name("out")
PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks-phone.md"
NETWORKS = (FOUR_G, THREE_G)
DEMO_PHONE = "13800138000"
FILM_SECONDS = 120.0
CARD, ENTRY = ".exam-card", ".tile"
EXAM = "胸部CT增强"  # of the demo: a phantom of a chest, with a film of 20 cells
FILM, IMAGES = 1, 2  # places of the entries of an exam
ACCESSION, PATIENT = "BENCHCT", "BENCH"
STEPS = 60
FRAME_MS = 1000 / 60
KILOBYTE = 1000
REMARK = """\
A slice counts when it is unpacked and can be looked at; bytes are all that the page received, as they came over the line. The
line is full with either server, so bytes decide: the phantom's noise packs 2.8 : 1 in HTJ2K, 2.3 : 1 by gzip; JPEG-LS would
reach 3.2, JPEG XL 3.4. No lossless code is twice as small as gzip here, so no server can be twice as fast as an Orthanc that
gzips frames. Other settings of the HTJ2K encoder (levels of resolution, parts, order) change its size by less than 0.2 %.
A film is visible so soon because the list, from which the tap comes, has brought its smallest size; who comes by another way
waits for that first. A slice far away is moved to 8 s after the first was there; until then, all of the series have come small,
in one answer, and are seen as soon as the slider stands on them."""
PACKAGED = "Orthanc 1.10.1 as packaged (gzips frames)"
PLAIN = "Orthanc 1.10.1 with HttpCompressionEnabled false, as is the default since 1.12.2"
REQUIRED_RATIO, REQUIRED_SCRIPT_KB = 2.0, 200.0
# Presses the key for the next slice, and tells how many frames of the screen and milliseconds it took to see another picture.
STEP = """() => new Promise((done) => {
  const canvas = document.querySelector('canvas.picture');
  const side = 64, x = (canvas.width - side) / 2, y = (canvas.height - side) / 2;
  const look = () => canvas.getContext('2d').getImageData(x, y, side, side).data.join();
  const before = look(), begun = performance.now();
  document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowDown', code: 'ArrowDown', bubbles: true}));
  let frames = 0;
  const next = () => {
    frames += 1;
    const took = performance.now() - begun;
    if (look() !== before || frames > 120) done([frames, took]);
    else requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
})"""


@dataclass
class Line:
    """One wait. `unit` is ms, kB or × (times faster); `limit` is the most, for × the least."""

    title: str
    network: str
    unit: str
    limit: float | None
    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.values) if self.values else 0.0

    @property
    def verdict(self) -> str:
        """Whether what was asked for was reached."""
        if self.limit is None or not self.values:
            return ""
        return "reached" if (self.median >= self.limit if self.unit == "×" else self.median <= self.limit) else "SHORT"


def main() -> int:
    """Exit 0 when everything that was asked for was reached, 1 otherwise."""
    arguments = _arguments()
    at = datetime.now(UTC)
    series = study.made(OUT / "study")["ct"]
    lines, wholes = [], []
    with _servers(series, arguments.peer) as (installation, peers), chromium.running() as browser:
        for line in _measured(arguments, installation, browser, series):
            print(_text(line), flush=True)
            lines.append(line)
        for party in (Party("cloudfilm (HTJ2K)", installation.url, installation.token("clinician")), *peers):
            wholes.append(loaded(browser, party, FOUR_G, _viewer(series), len(series.files)))
    rows = list(table(wholes[0], wholes[1:], REQUIRED_RATIO))
    print("\n".join(rows))
    print(f"written: {_write(at, lines, wholes, rows, arguments)}")
    return int(any(line.verdict == "SHORT" for line in lines) or any("SHORT" in row for row in rows))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.phone", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of each wait, each with an empty cache (default 5)")
    parser.add_argument("--no-peer", dest="peer", action="store_false", help="without the same viewer on Orthanc")
    parser.add_argument("--page", action="store_true", help=f"write {PAGE.relative_to(PAGE.parents[1])}")
    return parser.parse_args()


@contextmanager
def _servers(series: Series, peer: bool) -> Iterator[tuple[Installation, list[Party]]]:
    """The demo with a CT of 300 slices beside, and Orthanc, with and without gzip, with the same slices and the same viewer."""
    if peer and not Orthanc.is_installed():
        sys.exit(INSTALL)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cloudfilm-bench-")))
        installation = stack.enter_context(Installation(folder / "ours", WORKERS=2))
        assert installation.command("demo").returncode == 0
        _store(f"{installation.url}/dicom-web", {"Authorization": f"Bearer {installation.token()}"}, series)
        _wait_for_film(installation)
        peers = []
        for name, gzips in ((PACKAGED, True), (PLAIN, False)) if peer else ():
            orthanc = Orthanc(folder / f"orthanc-{gzips}", pages=SHARE / "viewer", gzips=gzips)
            orthanc.start()
            stack.callback(orthanc.stop)
            _store(orthanc.dicomweb, {}, series)
            peers.append(Party(name, orthanc.url, None))
        yield installation, peers


def _store(root: str, headers: dict[str, str], series: Series) -> None:
    kind = 'multipart/related; type="application/dicom"; boundary=b'
    with httpx.Client(headers={**headers, "Content-Type": kind}, timeout=300) as client:
        for first in range(0, len(series.files), 20):
            parts = [
                b"--b\r\nContent-Type: application/dicom\r\n\r\n" + path.read_bytes() + b"\r\n"
                for path in series.files[first : first + 20]
            ]
            client.post(f"{root}/studies", content=b"".join([*parts, b"--b--\r\n"])).raise_for_status()


def _wait_for_film(installation: Installation) -> None:
    """The worker makes films and tiers ahead; what is measured is an exam that has them."""
    headers = {"Authorization": f"Bearer {_patient(installation)}"}
    end = time.monotonic() + FILM_SECONDS
    with httpx.Client(base_url=f"{installation.url}/api/v1", headers=headers) as client:
        while time.monotonic() < end:
            items = client.get("/exams", params={"limit": 100}).raise_for_status().json()["items"]
            if items and sum(bool(item["films"]) for item in items) >= len([item for item in items if item["images"]]) // 2:
                return
            time.sleep(1)
    sys.exit("the demo's films were not made in time")


def _patient(installation: Installation) -> str:
    done = installation.command("token", "--role", "patient", "--hospital", "demo", "--person", DEMO_PHONE, "--ttl", "12h")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _measured(arguments: argparse.Namespace, installation: Installation, browser: Browser, series: Series) -> Iterator[Line]:
    token = _patient(installation)
    script = Line("JavaScript of list and film pages, compressed", "", "kB", REQUIRED_SCRIPT_KB)
    for network, listed, filmed, pictured in ((FOUR_G, 1500.0, 700.0, 1500.0), (THREE_G, 4000.0, 1500.0, 4000.0)):
        lists = Line("exam list usable, cold cache", network.name, "ms", listed)
        films = Line("film page visible after tap", network.name, "ms", filmed)
        sharps = Line("the same, as sharp as the screen", network.name, "ms", None)
        pictures = Line("first picture in the viewer after tap, cold", network.name, "ms", pictured)
        for _ in range(arguments.runs):
            with phone(browser, installation.url, token, network) as page:
                scripts = Received(page, "Script")
                lists.values.append(_list(page))
                _open_exam(page)
                visible, sharp = _film(page)
                films.values.append(visible)
                sharps.values.append(sharp)
                script.values.append(scripts.bytes / KILOBYTE)
            with phone(browser, installation.url, token, network) as page:
                _list(page)
                _open_exam(page)
                pictures.values.append(_first_picture(page))
        yield from (lists, films, sharps, pictures)
    yield script
    clinician = installation.token("clinician")
    yield _next_slice(browser, installation.url, clinician, series)
    far = [
        Line(f"a slice far away that has not come yet: {seen}", THREE_G.name, "ms", None) for seen in ("seen", "sharp", "whole")
    ]
    for _ in range(arguments.runs):
        for line, value in zip(far, far_slice(browser, installation.url, clinician, THREE_G, _viewer(series)), strict=True):
            line.values.append(value)
    yield from far


def _list(page: Page) -> float:
    """Milliseconds until the first exam can be tapped."""
    begun = time.perf_counter()
    page.goto("/", wait_until="commit")
    page.locator(CARD).first.wait_for()
    return (time.perf_counter() - begun) * 1000


def _open_exam(page: Page) -> None:
    """The exam of a CT phantom: it has a film and images."""
    page.locator(CARD).filter(has_text=EXAM).first.tap()
    page.locator(f"{ENTRY}:not([disabled])").nth(IMAGES).wait_for()
    page.wait_for_load_state("networkidle")


def _film(page: Page) -> tuple[float, float]:
    """Milliseconds from the tap until the sheet is painted, and until it is as sharp as the screen."""
    begun = time.perf_counter()
    page.locator(ENTRY).nth(FILM).tap()
    visible, sharp = (_painted(page, name, begun) for name in ("film-first", "film-picture"))
    return min(visible, sharp), sharp


def _painted(page: Page, name: str, begun: float) -> float:
    page.wait_for_function(
        f"() => [...document.querySelectorAll('img.{name}')].some((each) => each.complete && each.naturalWidth > 0)",
        polling="raf",
    )
    return (time.perf_counter() - begun) * 1000


def _first_picture(page: Page) -> float:
    """Milliseconds from the tap, the viewer's own files not yet here."""
    begun = time.perf_counter()
    page.locator(ENTRY).nth(IMAGES).tap()
    return until_drawn(page, begun)


def _viewer(series: Series) -> str:
    """Orthanc knows no index of a folder."""
    _, _, study_uid, _, series_uid = series.path.split("/")
    return f"/viewer/index.html#study={study_uid}&series={series_uid}"


def _next_slice(browser: Browser, url: str, token: str, series: Series) -> Line:
    """Slices that are here already, one after the other: frames of the screen from key to picture."""
    line = Line("next slice of a 300-slice CT, prefetched: frames of the screen", "none", "frames", 1.0)
    with phone(browser, url, token, None) as page:
        page.goto(_viewer(series))
        all_unpacked(page, len(series.files))
        for _ in range(STEPS):
            count, _milliseconds = page.evaluate(STEP)
            line.values.append(count)
    return line


def _text(line: Line) -> str:
    limit = f"{'≥' if line.unit == '×' else '≤'} {line.limit:g}" if line.limit is not None else ""
    return f"{line.title:62.62s} {line.network:5s} {line.median:9.1f} {line.unit:6s} {limit:8s} {line.verdict}"


def _write(
    at: datetime, lines: Sequence[Line], wholes: Sequence[Loaded], rows: Sequence[str], asked: argparse.Namespace
) -> Path:
    """All values as JSON; as a page when that is asked for."""
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / f"phone-{at:%Y%m%d-%H%M%S}.json"
    found = {"at": at.isoformat(), "machine": machine.described(), "lines": [asdict(line) for line in lines]}
    found["all slices"] = [asdict(whole) for whole in wholes]
    path.write_text(json.dumps(found, ensure_ascii=False))
    if asked.page:
        PAGE.write_text(_page(at, lines, rows, asked))
    return path


def _page(at: datetime, lines: Sequence[Line], wholes: Sequence[str], asked: argparse.Namespace) -> str:
    rows = [
        f"| {line.title} | {line.network} | {line.median:.1f} {line.unit} | "
        f"{'' if line.limit is None else f'{line.limit:g} {line.unit}'} | {line.verdict} |"
        for line in lines
    ]
    told = "\n".join(f"* {what}: {which}" for what, which in machine.described().items() if what != "client")
    networks = ", ".join(f"{each.name} {each.megabits:g} Mbit/s and {each.latency_ms} ms" for each in NETWORKS)
    return (
        "# Benchmarks: the phone\n\n"
        f"Measured {at:%Y-%m-%d %H:%M} UTC by `python -m bench.phone`: medians of {asked.runs} runs in a headless Chromium of"
        f" 390×844 at three pixels a pixel, each with an empty cache; simulated networks: {networks}. Browser and servers share"
        " the cores. Orthanc serves the very same files of the viewer from its own address, without login.\n\n"
        f"{told}\n\n| wait | network | median | asked | |\n|---|---|--:|--:|---|\n" + "\n".join(rows) + "\n\n"
        f"All slices of a CT of 300 over {FOUR_G.name}, once by each server:\n\n" + "\n".join(wholes) + f"\n\n{REMARK}\n"
    )


if __name__ == "__main__":
    sys.exit(main())

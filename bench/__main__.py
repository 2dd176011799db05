"""`make bench`: cloudfilm beside Orthanc on this machine, as a table, as JSON in bench/out, and as docs/benchmarks.md."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from bench import filmpage, filmsheet, load, machine, notices, report, storing, study
from bench.interleaved import interleaved
from bench.orthanc import INSTALL, Orthanc
from bench.parties import Party
from bench.plan import Plan
from bench.restart import cold
from bench.results import HEADER, Row, line
from bench.steps import steps
from bench.study import Series
from tests.parts.installation import Installation

OUT = Path(__file__).with_name("out")
SETTLE_SECONDS = 120.0


def main() -> int:
    """Exit 0 when everything answered and every required ratio was reached, 1 otherwise."""
    arguments = _arguments()
    at = datetime.now(UTC)
    series = study.made(OUT / "study")
    with _servers(arguments) as (installation, orthanc, ours, peer):
        for party in (ours, peer):
            if party is not None:
                _fill(party, series)
        _settle(installation)
        rows = list(_measured(arguments, installation, orthanc, ours, peer, series))
    for row in notices.rows(quick=arguments.quick, wanted=lambda name: _wanted(arguments, name)):
        print(line(row), flush=True)
        rows.append(row)
    found = steps(series["ct"].files) if _wanted(arguments, "stow") else None
    described = machine.described()
    print(f"written: {report.write_json(OUT, at, described, rows, found)}")
    if arguments.page or not (arguments.quick or arguments.only or peer is None):
        report.write_page(_command(), at, described, rows, found)
        print(f"written: {report.PAGE}")
    return int(any(row.failed or row.verdict == "SHORT" for row in rows))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--only", metavar="WORDS", help="regular expression over job names: frame, rendered, film, stow, pull, cold…"
    )
    parser.add_argument("--seconds", type=int, default=4, help="of one run (default 4)")
    parser.add_argument("--runs", type=int, default=4, help="of each job and server (default 4: A B B A A B B A)")
    parser.add_argument("--instances", type=int, default=200, help="stored in one run of a STOW job (default 200)")
    parser.add_argument("--quick", action="store_true", help="one second, two runs, 60 instances stored: to see that it works")
    parser.add_argument("--no-peer", action="store_true", help="without Orthanc")
    parser.add_argument("--page", action="store_true", help="write docs/benchmarks.md even of a part of the jobs")
    parser.add_argument(
        "--tries", type=int, default=3, help="of a run while strangers use more than 10 %% of the machine (default 3)"
    )
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.tries = 1
        arguments.seconds, arguments.runs, arguments.instances = 1, 2, 60
    return arguments


@contextmanager
def _servers(arguments: argparse.Namespace) -> Iterator[tuple[Installation, Orthanc | None, Party, Party | None]]:
    """Both servers in a temporary folder; both end, and the folder goes, whatever happens."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="cloudfilm-bench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        installation = Installation(folder / "cloudfilm")
        stack.callback(installation.kill)
        installation.start()
        _hospital(installation)
        headers = {"Authorization": f"Bearer {installation.token()}"}
        ours = Party("cloudfilm", f"{installation.url}/dicom-web", headers, installation.processes)
        if arguments.no_peer or not Orthanc.is_installed():
            print("without the peer" if arguments.no_peer else INSTALL, file=sys.stderr)
            yield installation, None, ours, None
            return
        orthanc = Orthanc(folder / "orthanc")
        stack.callback(orthanc.stop)
        orthanc.start()
        yield installation, orthanc, ours, Party("Orthanc", orthanc.dicomweb, {}, orthanc.processes)


def _hospital(installation: Installation) -> None:
    done = installation.command("hospital", "demo", "--name", "Bench")
    if done.returncode:
        raise SystemExit(f"no hospital: {done.stderr}")


def _fill(party: Party, series: dict[str, Series]) -> None:
    for each in series.values():
        files = [path.read_bytes() for path in each.files]
        if storing.store(party, files, connections=2).failed:
            raise SystemExit(f"{party.name} refuses the study")


def _settle(installation: Installation) -> None:
    """Until every third copy is written, so that one run does not slow the next."""
    end = time.monotonic() + SETTLE_SECONDS
    counts: set[int] = set()
    while time.monotonic() < end:
        counts = {sum(1 for _ in (installation.home / "stores" / str(n)).rglob("*.dcm")) for n in (1, 2, 3)}
        if len(counts) == 1:
            return
        time.sleep(0.2)
    raise SystemExit(f"the third copies do not come: {sorted(counts)} objects in the stores")


def _measured(
    arguments: argparse.Namespace,
    installation: Installation,
    orthanc: Orthanc | None,
    ours: Party,
    peer: Party | None,
    series: dict[str, Series],
) -> Iterator[Row]:
    if not load.has_wrk():
        print(load.INSTALL, file=sys.stderr)
    print(f"{HEADER[0]:52s} {'':3s} {HEADER[2]:>13s} {HEADER[3]:>13s} {'ratio':>8s} {'asked':>6s} {'':10s} strangers")
    plan = Plan(
        ours=ours,
        peer=peer,
        study=series,
        seconds=arguments.seconds,
        runs=arguments.runs,
        tries=arguments.tries,
        wanted=lambda name: _wanted(arguments, name),
        stored_instances=arguments.instances,
        settle=lambda: _settle(installation),
    )
    folder = installation.home.with_name("static")
    how = (arguments.seconds, arguments.runs, arguments.tries)
    pages = filmpage.rows(installation, folder, series["ct"], *how, wanted=plan.wanted)
    sheets = filmsheet.rows(series["ct"], arguments.runs) if plan.wanted("film-sheet") else ()
    for row in chain(pages, sheets, plan.rows()):
        print(line(row), flush=True)
        yield row
    if _wanted(arguments, "cold"):
        for row in _cold(arguments.runs, installation, orthanc, ours, peer, series["ct"]):
            print(line(row), flush=True)
            yield row


def _cold(
    runs: int, installation: Installation, orthanc: Orthanc | None, ours: Party, peer: Party | None, series: Series
) -> tuple[Row, Row]:
    start = Row("cold-start", "cold start until it answers", "ms", 1)
    film = Row("cold-film", "first film after a cold start", "ms", 1)

    def measure(party: Party) -> tuple[float, int]:
        if party is ours:
            started, opened = cold(installation.home, installation.stop, installation.start, party, series)
        else:
            assert orthanc is not None
            started, opened = cold(orthanc.home, orthanc.stop, orthanc.start, party, series)
        (film.ours if party is ours else film.peers).append(opened)
        return started, 0

    interleaved(start, ours, peer, measure, min(runs, 2))
    return start, film


def _wanted(arguments: argparse.Namespace, name: str) -> bool:
    return arguments.only is None or re.search(arguments.only, name) is not None


def _command() -> str:
    return " ".join(["python -m bench", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())

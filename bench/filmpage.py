"""Film pages, their PDF and that of a report, all asked for before, beside a static file of the very same bytes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pydicom
from PIL import Image

from bench import load
from bench.interleaved import interleaved
from bench.parties import Party
from bench.results import Row, median
from bench.static import NAME, Static
from bench.study import Series
from tests.parts.installation import Installation

REQUIRED = 0.5
CONNECTIONS = (16, 1)
ACCESSION, PATIENT = "BENCHFILM", "BENCH"
PAGES = 2
FINDINGS = "两肺纹理清晰，右肺上叶见磨玻璃结节，大小约 6 mm×5 mm，边界清。\n" * 8
CELLS = (4, 5)  # columns and rows of CT slices on a page
CELL_PIXELS = 1024
# job → title, path of ours below the exam, file name of the static server
JOBS = {
    "filmpage-1080": ("film page 1080 wide, asked before", "/films/1.jpg?width=1080", "page-1080.jpg"),
    "filmpage-full": ("film page 14×17 in. at full size, asked before", "/films/1.jpg", "page.jpg"),
    "filmpage-pdf": (f"film as PDF, {PAGES} pages, asked before", "/films.pdf", "film.pdf"),
    "report-pdf": ("report on A4, sealed, asked before", "/report.pdf", "report.pdf"),
}


def rows(
    installation: Installation, folder: Path, series: Series, seconds: int, runs: int, tries: int, wanted: Callable[[str], bool]
) -> Iterator[Row]:
    """One line a job and number of connections; the peer's column is the static server's."""
    names = [name for name in JOBS if wanted(name)]
    if not names:
        return
    exam = _film(installation, series)
    headers = {"Authorization": f"Bearer {installation.token('clinician')}"}
    ours = Party("cloudfilm", f"{installation.url}/api/v1/exams/{exam}", headers, installation.processes)
    static = Static(folder)
    peer = Party(NAME, static.url, {}, static.processes)
    try:
        for name in names:
            for connections in CONNECTIONS:
                yield _row(name, connections, ours, peer, folder, (seconds, runs, tries))
    finally:
        static.stop()


def _row(name: str, connections: int, ours: Party, peer: Party, folder: Path, how: tuple[int, int, int]) -> Row:
    title, path, file = JOBS[name]
    seconds, runs, tries = how
    status, body = load.get(ours.root + path, ours.headers)
    assert status == 200, f"{status} for {path}"
    (folder / file).write_bytes(body)
    row = Row(name, f"{title} (peer: {NAME})", "/s", connections, REQUIRED if connections == 16 else None)
    row.notes["kB an answer"] = round(len(body) / 1000, 1)
    p50: dict[str, list[float]] = {}

    def measure(party: Party) -> tuple[float, int]:
        paths = [path] if party is ours else [f"/{file}"]
        got = load.run(party.root, paths, party.headers, connections=connections, seconds=seconds)
        p50.setdefault(party.name, []).append(got.p50_ms)
        return got.per_second, got.failed

    interleaved(row, ours, peer, measure, runs, tries)
    row.notes |= {f"{each} p50 ms": round(median(values), 3) for each, values in p50.items()}
    return row


def _film(installation: Installation, series: Series) -> str:
    """An exam with a film of so many pages, each twenty slices; our id of it."""
    headers = {"Authorization": f"Bearer {installation.token()}"}
    with httpx.Client(base_url=f"{installation.url}/api/v1/hospital", headers=headers, timeout=120) as client:
        client.put(f"/patients/{PATIENT}", json={"name": "Bench"}).raise_for_status()
        said = {"patient_id": PATIENT, "category": "radiology", "performed_at": "2026-11-20T08:00:00+08:00"}
        exam = client.put(f"/exams/{ACCESSION}", json=said).raise_for_status().json()
        for number in range(PAGES):
            told = {"accession": ACCESSION, "page": str(number + 1)}
            client.post("/films", params=told, content=_page(series, number)).raise_for_status()
        report = {"status": "final", "findings": FINDINGS, "impression": "右肺结节。", "reporting_doctor": "某某"}
        client.put(f"/exams/{ACCESSION}/report", json=report).raise_for_status()
    return str(exam["id"])


def _page(series: Series, number: int) -> bytes:
    columns, lines = CELLS
    files = series.files[number * columns * lines :][: columns * lines]
    cells = [_cell(file) for file in files]
    strips = [np.hstack(cells[line * columns : (line + 1) * columns]) for line in range(lines)]
    target = io.BytesIO()
    Image.fromarray(np.vstack(strips)).save(target, "JPEG", quality=92)
    return target.getvalue()


def _cell(file: Path) -> np.ndarray:
    values = pydicom.dcmread(file).pixel_array.astype(float)
    low, high = np.percentile(values, (30, 99))
    shades = np.clip((values - low) * 255 / (high - low), 0, 255).astype(np.uint8)
    return np.asarray(Image.fromarray(shades).resize((CELL_PIXELS, CELL_PIXELS), Image.Resampling.BILINEAR))

"""The bench measures what it says: the same study every time, fresh copies that differ, and ratios the right way round."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest

from bench import load, phantoms, results, storing, study
from bench.jobs import JOBS
from bench.results import Row


@pytest.fixture
def small_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, study.Series]:
    """Two slices; radiograph and cine are left blank, which saves seconds."""
    monkeypatch.setattr(phantoms, "radiograph", lambda _dice: np.zeros((8, 8), np.uint16))
    monkeypatch.setattr(phantoms, "cine", lambda _dice: np.zeros((2, 8, 8, 3), np.uint8))
    return study.made(tmp_path, slices=2)


def test_the_same_slice_is_drawn_the_same_and_its_noise_is_like_a_scanners() -> None:
    first, again = (phantoms.ct_slice(290, np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(first, again)
    assert 25 < first[200:230, 330:360].std() < 60  # HU, in soft tissue


def test_fresh_copies_are_other_instances_of_another_patient(small_study: dict[str, study.Series]) -> None:
    series = small_study["ct"]
    copies = [pydicom.dcmread(BytesIO(file)) for file in series.fresh(2, 1)]
    kept = [pydicom.dcmread(path) for path in series.files]
    for copy, original in zip(copies, kept, strict=True):
        assert copy.file_meta.MediaStorageSOPInstanceUID == copy.SOPInstanceUID != original.SOPInstanceUID
        assert copy.StudyInstanceUID != original.StudyInstanceUID
        assert copy.PatientID != original.PatientID
        assert copy.PixelData == original.PixelData


def test_paths_of_every_job_name_what_was_stored(small_study: dict[str, study.Series]) -> None:
    stored = pydicom.dcmread(small_study["ct"].files[0])
    assert small_study["ct"].instances[0].endswith(f"/instances/{stored.SOPInstanceUID}")
    assert small_study["ct"].study_path == f"/studies/{stored.StudyInstanceUID}"
    for job in JOBS:
        assert all(path.startswith("/studies") for path in job.paths(small_study)[:5])


def test_windows_never_asked_before_are_new_each_time(small_study: dict[str, study.Series]) -> None:
    job = next(job for job in JOBS if job.name == "rendered-new")
    first, second = (set(job.paths(small_study)) for _ in range(2))
    assert len(first & second) < len(first) / 100


def test_more_answers_a_second_and_fewer_milliseconds_are_both_better() -> None:
    answers = Row("a", "A", "/s", 16, 4, ours=[90, 100, 110], peers=[20, 10, 30])
    times = Row("b", "B", "ms", 1, 4, ours=[5], peers=[20])
    assert (answers.ratio, times.ratio) == (5, 4)
    assert (answers.verdict, times.verdict) == ("reached", "reached")
    answers.required = 6
    assert answers.verdict == "SHORT"
    assert "| SHORT |" in results.markdown([answers])


def test_a_row_without_a_peer_has_no_ratio() -> None:
    row = Row("a", "A", "/s", 16, 4, ours=[90])
    assert (row.ratio, row.verdict) == (None, "")
    assert "–" in results.line(row)


def test_a_store_message_holds_every_file() -> None:
    message = storing.body([b"one", b"two"])
    assert message.count(b"Content-Type: application/dicom") == 2
    assert message.endswith(b"--\r\n")


class _Hello(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def http_server() -> Iterator[str]:
    """Answers everything with a little text."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hello)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_both_clients_tell_the_same_of_a_server(http_server: str) -> None:
    for ask in (load._by_python, load._by_wrk) if load.has_wrk() else (load._by_python,):
        got = ask(http_server, ["/a", "/b"], {"Accept": "*/*"}, 2, 1)
        assert got.requests > 0
        assert got.failed == 0

"""Metrics: every process counts for itself, each of them can tell the sum."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra import metrics

ROOT = Path(__file__).parents[2]
COUNT = "from infra import metrics; metrics.count('outbox_jobs', 2, topic='copy', outcome='done')"
TELL = "import sys; from infra import metrics; sys.stdout.write(metrics.exposition().decode())"


def python(code: str, folder: Path) -> str:
    environment = {**os.environ, metrics.FOLDER_VARIABLE: str(folder)}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def test_counts_of_all_processes_are_added_up_even_of_those_that_ended(tmp_path: Path) -> None:
    python(COUNT, tmp_path)
    python(COUNT, tmp_path)
    assert 'cloudfilm_outbox_jobs_total{outcome="done",topic="copy"} 4.0' in python(TELL, tmp_path)


def test_one_process_alone_tells_its_own() -> None:
    metrics.observe("ingest_seconds", 0.3)
    metrics.set_level("outbox_waiting", 7)
    text = metrics.exposition().decode()
    assert "cloudfilm_outbox_waiting 7.0" in text
    assert "cloudfilm_ingest_seconds_count" in text


def test_a_name_outside_the_table_is_our_mistake() -> None:
    with pytest.raises(KeyError):
        metrics.count("requests_typo")

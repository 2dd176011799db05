"""The world of shares, masked and named, running once for all tests of this folder that a process runs."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from tests.stories.masked.world import HEADER, UID, World, clean_capture, running


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A server with patients, exams and files."""
    with running(tmp_path_factory.mktemp("masked")) as made:
        yield made


@pytest.fixture(scope="package")
def film(world: World) -> None:
    """A film of the CT, the ultrasound picture and the capture, as a doctor chose them."""
    images = [{"series": f"{UID}.1.{number}", "instance": f"{UID}.1.{number}.1"} for number in (1, 2, 3)]
    with world.client("clinician") as doctor:
        made = doctor.post(f"/api/v1/exams/{world.exams['CT']}/films", json={"images": images, "layout": "2x2"})
        assert made.status_code == 201, made.text


@pytest.fixture(scope="package")
def rule(world: World) -> str:
    """The hospital drew where its capture writes."""
    picture = {"study": world.studies["CT"], "series": f"{UID}.1.3", "instance": f"{UID}.1.3.1"}
    with world.client("admin") as admin:
        assert admin.post("/api/v1/admin/blackouts/trial", json=picture).status_code == 409
        tried = admin.post("/api/v1/admin/blackouts/trial", json={**picture, "rectangles": [HEADER]})
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(tried.content))), clean_capture())
        drawn = admin.post("/api/v1/admin/blackouts", json={**picture, "rectangles": [HEADER]})
        assert (drawn.status_code, drawn.json()["manufacturer"], drawn.json()["model"]) == (201, "ACME", "Capture 1")
        assert admin.post("/api/v1/admin/blackouts/trial", json=picture).status_code == 200
        wrong = admin.post("/api/v1/admin/blackouts", json={**picture, "rectangles": [[0, 0, 101, 20]]})
        assert (wrong.status_code, "rectangles[0]" in wrong.json()["detail"]) == (422, True)
        unnamed = {"study": world.studies["CT"], "series": f"{UID}.1.4", "instance": f"{UID}.1.4.1", "rectangles": [HEADER]}
        assert admin.post("/api/v1/admin/blackouts", json=unnamed).status_code == 409
        (listed,) = admin.get("/api/v1/admin/blackouts").json()["items"]
        assert (listed["id"], listed["rectangles"]) == (drawn.json()["id"], [list(HEADER)])
    return str(listed["id"])

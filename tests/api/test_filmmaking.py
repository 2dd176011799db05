"""Staff choose the images of a film: what they get, what they are refused, and how it is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.parts.site import SERIES_OF_THREE, Site

STUDY, SERIES = SERIES_OF_THREE
FIRST = {"series": SERIES, "instance": f"{SERIES}.1"}


@pytest.fixture(scope="module")
def exam(site: Site) -> str:
    """The id of an exam that has the series of three."""
    said: dict[str, Any] = {"category": "radiology", "item": "胸部CT平扫", "performed_at": "2026-01-02T09:00:00+08:00"}
    with site.client() as client:
        patient = client.put("/api/v1/hospital/patients/FILM-1", json={"name": "林知夏", "sex": "F"})
        exam = client.put("/api/v1/hospital/exams/FILM-1", json=said | {"patient_id": "FILM-1", "study_uids": [STUDY]})
    assert (patient.status_code, exam.status_code) == (201, 201)
    return str(exam.json()["id"])


@pytest.fixture
def doctor(site: Site) -> Iterator[httpx.Client]:
    with site.client("clinician") as client:
        yield client


def choose(client: httpx.Client, exam: str, images: list[dict[str, Any]], layout: str = "2x2") -> httpx.Response:
    return client.post(f"/api/v1/exams/{exam}/films", json={"images": images, "layout": layout})


def chosen(client: httpx.Client, exam: str) -> list[dict[str, Any]]:
    """The versions that somebody chose, newest first: the worker makes one too, when it comes to it."""
    versions = client.get(f"/api/v1/exams/{exam}/films/versions").json()["items"]
    return [each for each in versions if each["source"] == "chosen"]


def test_a_doctor_makes_a_film_of_chosen_images_and_takes_it_back(doctor: httpx.Client, exam: str) -> None:
    images = [{**FIRST, "instance": f"{SERIES}.{number}"} for number in (3, 1)]
    made = choose(doctor, exam, [*images, {**FIRST, "frame": 1, "window": {"center": 2000, "width": 800}}], "1x2")
    assert made.status_code == 201, made.text
    assert (made.json()["source"], made.json()["layout"], made.json()["replaced_at"]) == ("chosen", "1x2", None)
    versions = chosen(doctor, exam)
    assert versions[0]["id"] == made.json()["id"]
    assert doctor.delete(f"/api/v1/exams/{exam}/films").status_code == 204
    assert doctor.delete(f"/api/v1/exams/{exam}/films").status_code == 404
    assert chosen(doctor, exam)[0]["replaced_at"] is not None


@pytest.mark.parametrize(
    ("images", "layout", "field"),
    [
        ([FIRST], "9x9", "layout"),
        ([FIRST] * 13, "1x1", "layout"),
        ([], "2x2", "images"),
        ([{**FIRST, "instance": "1.2.3"}], "2x2", "images[0]"),
        ([FIRST, {**FIRST, "frame": 2}], "2x2", "images[1].frame"),
        ([{**FIRST, "frame": 0}], "2x2", "images[0].frame"),
        ([{**FIRST, "window": {"center": 40, "width": 0}}], "2x2", "images[0].window.width"),
        ([{**FIRST, "window": {"center": "40", "width": 400}}], "2x2", "images[0].window.center"),
        ([{**FIRST, "study": STUDY}], "2x2", "images[0].study"),
        ([FIRST] * 241, "4x5", "images"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_choice_is_refused_and_says_which_field(
    doctor: httpx.Client, exam: str, images: list[dict[str, Any]], layout: str, field: str
) -> None:
    before = chosen(doctor, exam)
    refused = choose(doctor, exam, images, layout)
    assert refused.status_code == 422, refused.text
    assert refused.json()["detail"].startswith(f"{field}: ")
    assert chosen(doctor, exam) == before


def test_another_hospitals_exam_looks_exactly_like_none(site: Site, exam: str) -> None:
    with site.client("clinician", "demo2") as stranger:
        answers = [choose(stranger, each, [FIRST]) for each in (exam, "0" * 36)]
        answers += [stranger.delete(f"/api/v1/exams/{each}/films") for each in (exam, "0" * 36)]
        answers += [stranger.get(f"/api/v1/exams/{each}/films/versions") for each in (exam, "0" * 36)]
    assert {(answer.status_code, answer.content) for answer in answers} == {(404, answers[0].content)}


def test_only_staff_choose(site: Site, exam: str) -> None:
    with site.client("kiosk") as kiosk:
        assert choose(kiosk, exam, [FIRST]).status_code == 403
        assert kiosk.delete(f"/api/v1/exams/{exam}/films").status_code == 403

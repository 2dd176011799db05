"""The demo as a newcomer starts and finds it: a line that says ready, a link that opens, images that are brought once.

Its patient logs in by a code and sees the exams of two hospitals; a stranger sees nothing.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from api.demo import CT_EXAM, DX_EXAM
from api.demo_people import story
from api.demo_phantoms import study_uid
from api.tickets import new_ticket
from infra.settings import from_environ
from records import identifiers
from tests.parts.installation import ROOT, Installation
from tests.parts.phone import Phone

PATIENT, STRANGER = "13800138000", "13800138001"
EXAMS, WITH_PICTURES = 10, 9
WITH_FILMS = 8  # one exam is only planned, and an ECG holds no picture
FILMS_SECONDS = 120.0  # far more than it takes
CT = "胸部CT增强（模体）"
SLICES_OF_CT = 128
STOP_SECONDS = 120


@dataclass(frozen=True)
class Start:
    """A `run` in a terminal, and the lines that it said up to its last hint."""

    process: subprocess.Popen[str]
    said: list[str]

    def value(self, word: str) -> str:
        """What stands behind that word."""
        (found,) = [line.removeprefix(word) for line in self.said if line.startswith(word)]
        return found

    def stop(self, number: signal.Signals) -> int:
        """Stop it as a terminal or a machine does; the exit status."""
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)


@contextmanager
def started(place: Installation) -> Iterator[Start]:
    """Typed once more in this folder and at this port."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDFILM_")}
    settings = {"CLOUDFILM_HOME": str(place.home), "CLOUDFILM_PORT": str(place.port), "CLOUDFILM_WORKERS": "1"}
    command = [sys.executable, "-m", "api", "run"]
    process = subprocess.Popen(command, cwd=ROOT, env=plain | settings, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said: list[str] = []
    try:
        for line in process.stdout:
            said.append(line.rstrip("\n"))
            if line.startswith("Stop:"):
                break
        yield Start(process, said)
    finally:
        process.kill()
        process.communicate()


def scanned(lines: list[str]) -> str:
    """What a phone's camera reads in the code that the terminal shows: each character is a module above another."""
    code = [line for line in lines if line and set(line) <= set("█▀▄ ")]
    upper = [[character in "█▀" for character in line] for line in code]
    lower = [[character in "█▄" for character in line] for line in code]
    white = np.array([row for pair in zip(upper, lower, strict=True) for row in pair], np.uint8) * 255
    text, _, _ = cv2.QRCodeDetectorAruco().detectAndDecode(np.pad(white, 4, constant_values=255).repeat(8, 0).repeat(8, 1))
    return str(text)


def studies_told() -> set[str]:
    """The phantoms are matched by their numbers, the others were named."""
    named = {uid for exam in story()["exams"] for uid in exam.get("studies", ())}
    return named | {study_uid(CT_EXAM, "CT"), study_uid(DX_EXAM, "DX")}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An empty folder and a port."""
    return Installation(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def first(place: Installation) -> Iterator[Start]:
    """The first start in it."""
    with started(place) as start:
        yield start


@pytest.fixture(scope="module")
def site(place: Installation, first: Start) -> Installation:
    """What runs there."""
    assert first.value("ready: ") == place.url
    return place


@pytest.fixture(scope="module")
def patient(site: Installation) -> Iterator[Phone]:
    with Phone(site.url, PATIENT) as phone:
        phone.log_in()
        yield phone


def one(patient: Phone, item: str) -> dict[str, Any]:
    (found,) = [each for each in patient.exams() if each["item"] == item]
    return found


def exams_with_films(patient: Phone) -> list[dict[str, Any]]:
    """The exams, once the films are made; as they are after a long time in which that did not happen."""
    end = time.monotonic() + FILMS_SECONDS
    while sum(each["films"] > 0 for each in patient.exams()) < WITH_FILMS and time.monotonic() < end:
        time.sleep(0.5)
    return list(patient.exams())


def report(patient: Phone, item: str) -> httpx.Response:
    return patient.get(f"/exams/{one(patient, item)['id']}/report")


def test_the_first_start_brings_images_and_a_link_that_opens(first: Start) -> None:
    said = first.said
    assert any(line.startswith("loading the demo images") for line in said)
    base, link = first.value("ready: "), first.value("open: ")
    assert said.index(f"open: {link}") == said.index(f"ready: {base}") + 1
    assert scanned(said[said.index(f"open: {link}") + 1 :]) == link
    with httpx.Client(base_url=base, timeout=60) as browser:
        assert browser.get(link, follow_redirects=True).status_code == 200
        studies = browser.get("/dicom-web/studies").json()
    assert len(studies) == WITH_PICTURES
    assert SLICES_OF_CT in [study["00201208"]["Value"][0] for study in studies]


def test_the_patient_is_bound_at_both_and_finds_the_exams_of_two_hospitals(patient: Phone) -> None:
    me = patient.get("/me").json()
    assert sorted(each["hospital"] for each in me["bindings"]) == ["demo", "demo2"]
    found = patient.exams()
    assert len(found) == EXAMS
    assert {each["hospital"]["name"] for each in found} == {"示范医院", "示范第二医院"}
    assert {each["modality"] for each in found} == {"CT", "DX", "MR", "US", "NM", "ECG"}
    assert sum(each["images"] > 0 for each in found) == WITH_PICTURES


def test_the_identity_card_is_right_and_of_no_place() -> None:
    card = identifiers.identifier("id_card", story()["patient"]["id_card"])
    assert (card.usable, card.birth_date, card.sex) == (True, story()["patient"]["birth_date"], story()["patient"]["sex"])
    assert card.value.startswith("110100")


def test_reports_are_final_corrected_or_preliminary_and_found_by_their_words(patient: Phone) -> None:
    corrected = report(patient, CT).json()
    assert (corrected["status"], corrected["version"]) == ("corrected", 2)
    assert "左肺上叶实性小结节" in corrected["impression"]
    assert report(patient, "头颅CT平扫").json()["status"] == "preliminary"
    assert report(patient, "全身骨显像").json()["status"] == "final"
    assert [each["item"] for each in patient.exams(q="结节 右肺")] == [CT]


def test_an_exam_to_come_has_no_report(patient: Phone) -> None:
    coming = one(patient, "腰椎MR平扫（预约）")
    assert (coming["state"], coming["report"], coming["images"]) == ("registered", None, 0)
    assert report(patient, "腰椎MR平扫（预约）").status_code == 404


def test_pictures_are_exactly_those_of_the_exams(patient: Phone) -> None:
    answer = patient.client.get("/dicom-web/studies")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert {each["0020000D"]["Value"][0] for each in found} == studies_told()
    assert len(found) == WITH_PICTURES
    for uid in studies_told():
        assert patient.client.get(f"/dicom-web/studies/{uid}/metadata").status_code == 200


def test_the_link_signs_in_as_the_patient(site: Installation) -> None:
    link = new_ticket(from_environ({"CLOUDFILM_HOME": str(site.home), "CLOUDFILM_DEMO": "1"}))
    with httpx.Client(base_url=site.url, timeout=30) as browser:
        assert browser.get(link, follow_redirects=True).status_code == 200
        assert len(browser.get("/api/v1/exams").json()["items"]) == EXAMS
        assert len(browser.get("/dicom-web/studies").json()) == WITH_PICTURES


def test_a_phone_that_is_bound_nowhere_sees_nothing(site: Installation, patient: Phone) -> None:
    exam = patient.exams()[0]["id"]
    with Phone(site.url, STRANGER) as stranger:
        stranger.log_in()
        assert stranger.exams() == []
        assert stranger.client.get("/dicom-web/studies").json() == []
        assert stranger.get(f"/exams/{exam}/report").status_code == 404
        uid = study_uid(CT_EXAM, "CT")
        assert stranger.client.get(f"/dicom-web/studies/{uid}/metadata").status_code == 404


def test_every_exam_with_pictures_has_a_film_soon(patient: Phone) -> None:
    films = {each["item"]: (each["id"], each["films"]) for each in exams_with_films(patient)}
    assert sum(pages > 0 for _, pages in films.values()) == WITH_FILMS
    exam_id, pages = films[CT]
    assert pages == 2  # lung and mediastinum
    page = patient.get(f"/exams/{exam_id}/films/2.jpg?width=720")
    assert (page.status_code, page.headers["content-type"]) == (200, "image/jpeg")


def test_loading_it_again_adds_nothing(site: Installation, patient: Phone) -> None:
    before, me = exams_with_films(patient), patient.get("/me").json()
    again = site.command("demo")
    assert again.returncode == 0, again.stderr
    assert patient.exams() == before
    assert patient.get("/me").json()["bindings"] == me["bindings"]
    assert report(patient, CT).json()["version"] == 2


def test_an_operator_gets_the_patients_token_by_the_phone(site: Installation, patient: Phone) -> None:
    printed = site.command("token", "--role", "patient", "--person", PATIENT)
    headers = {"Authorization": f"Bearer {printed.stdout.strip()}"}
    assert httpx.get(f"{site.url}/api/v1/me", headers=headers, timeout=30).json()["id"] == patient.get("/me").json()["id"]


def test_it_ends_in_order_and_the_second_start_has_the_images(place: Installation, first: Start) -> None:
    assert first.stop(signal.SIGTERM) == 0
    with started(place) as second:
        assert not any(line.startswith("loading") for line in second.said)
        assert second.stop(signal.SIGINT) == 0

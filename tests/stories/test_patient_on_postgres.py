"""The patient's stories once more, on PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from tests.conftest import TEMPLATE
from tests.parts.installation import Installation
from tests.parts.leavings import files_and_metrics, leaks, tables_of_postgres
from tests.parts.phone import Phone
from tests.parts.postgres import Postgres
from tests.stories import test_patient as stories
from tests.stories.test_at_the_hospital import statement

MESSAGE_SECONDS = 120
patient, stranger, daughter, kin = stories.patient, stories.stranger, stories.daughter, stories.kin

test_one_list = stories.test_the_exams_of_two_hospitals_are_one_list_newest_first
test_declined_and_held = stories.test_what_was_declined_and_what_is_held_back_is_not_there
test_preliminary = stories.test_a_preliminary_report_is_hidden_and_not_found_by_its_words
test_filters = stories.test_filters_sorting_and_pages
test_pictures = stories.test_the_patient_sees_exactly_their_own_pictures
test_activation = stories.test_the_digital_service_is_opened_once_after_its_notice
test_stranger = stories.test_a_stranger_sees_nothing_and_cannot_tell_what_there_is
test_access_follows = stories.test_access_follows_a_release_a_merge_and_the_end_of_a_binding_at_once
test_given_up = stories.test_an_account_that_is_given_up_ends_at_once_and_says_what_stays


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Iterator[Installation]:
    """As for the stories, with a database of its own in PostgreSQL."""
    asyncio.run(statement(postgres, f"CREATE DATABASE patient TEMPLATE {TEMPLATE}"))
    with stories.two_hospitals(tmp_path_factory.mktemp("postgres"), DATABASE_URL=postgres.url("patient")) as installation:
        yield installation


def test_nothing_private_lies_in_clear_in_log_metrics_or_a_dump(site: Installation, postgres: Postgres) -> None:
    """After all of the above. The hospitals' records hold names as they told them; nothing else does."""
    links = _links(site)
    phones = [stories.PHONE, stories.STRANGER, stories.KIN, stories.DAUGHTER, stories.MOTHER]
    token = site.token("admin")
    private = [*phones, stories.ID_CARD, *links, token]
    tables = asyncio.run(tables_of_postgres(postgres.url("patient")))
    assert {"notice", "notice_step", "link", "person_phone", "patient_phone", "patient_record"} <= set(tables)
    assert leaks(files_and_metrics(site, token), [*private, stories.NAME]) == []
    assert leaks(tables, [*private, stories.NAME], {"patient_record": [stories.NAME]}) == []
    assert leaks(tables, [stories.NAME]), "what is there is found"


def _links(site: Installation) -> list[str]:
    """Tokens of the links in messages, once there are any: they wait for the pictures of an exam to be complete."""
    end = time.monotonic() + MESSAGE_SECONDS
    with Phone(site.url, stories.STRANGER) as anybody:
        while time.monotonic() < end:
            messages = anybody.client.get("/demo/messages", headers={"Accept": "application/json"}).json()["items"]
            if links := [each["url"].rsplit("/", 1)[1] for each in messages if each["url"]]:
                return links
            time.sleep(0.2)
    raise AssertionError("no message with a link came")

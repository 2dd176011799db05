"""Proof by knowledge: right answers open as often as one likes and count nowhere, wrong ones lock the link and the device."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.errors import CloudfilmError, InvalidField, TooManyRequests
from identity.links import Link, LinkEnded, LinkKind, Links
from identity.links_proof import Asker, Known, Proofs
from identity.models import Attempt
from infra.epoch import Epoch
from infra.sealing import Sealer
from infra.settings import Settings
from records import exams, merging, patients
from records.exams import ExamKey
from records.models import Hospital
from records.patients import Patient
from tests.identity.conftest import NOON

ID_CARD, NAME = "11010519491231002X", "阿依古丽·买买提"
HERE = Asker("a phone", "192.0.2.1")


@pytest.fixture
def links(hospital: Hospital, settings: Settings, epoch: Epoch) -> Links:
    return Links(settings.keys, epoch)


@pytest.fixture
def proofs(links: Links, sealer: Sealer) -> Proofs:
    return Proofs(sealer)


@pytest.fixture
async def link(links: Links, sealer: Sealer) -> Link:
    """To an exam of a patient with an identity card, a card of the hospital and a visit number."""
    papers = (("id_card", ID_CARD), ("visit_card", "0012345"))
    await patients.put(sealer, "demo", "1", Patient(name=NAME, identifiers=papers))
    return await linked(links, "1")


async def linked(links: Links, number: str) -> Link:
    said = {"patient_id": number, "category": "radiology", "performed_at": NOON, "visit_number": "O-2601"}
    told = await exams.put(ExamKey("demo", f"A{number}"), said, study_uids=None, subject="t", now=NOON)  # type: ignore[arg-type]
    return await links.find(await links.issue(LinkKind.NOTICE, "demo", told.id, now=NOON), NOON)


RIGHT = (
    Known(last_six="31002X"),
    Known(last_six=" 31002x "),
    Known(last_six="３１００２Ｘ"),
    Known(name="阿依古丽买买提", visit="O-2601"),
    Known(name=NAME, visit="o2601"),
    Known(name=NAME, visit="0012345"),
)
WRONG = (
    Known(last_six="310021"),
    Known(last_six="012345"),
    Known(name="阿依古丽", visit="O-2601"),
    Known(name=NAME, visit="O-2602"),
    Known(name=NAME, visit=ID_CARD),
)
NO_ANSWERS = (
    Known(),
    Known(last_six="12345"),
    Known(last_six="31002%"),
    Known(name=NAME),
    Known(visit="1"),
    Known(name="·", visit="1"),
)


async def test_right_answers_as_people_write_them(proofs: Proofs, link: Link) -> None:
    for known in RIGHT:
        assert await proofs.prove(link, known, HERE, NOON), known


async def test_every_wrong_answer_costs_a_try(proofs: Proofs, links: Links, link: Link) -> None:
    for left, known in zip((4, 3, 2, 1, 0), WRONG, strict=True):
        assert not await proofs.prove(link, known, HERE, NOON), known
        assert await links.tries_left(link) == left


async def test_what_can_be_no_answer_costs_no_try(proofs: Proofs, links: Links, link: Link) -> None:
    for known in NO_ANSWERS:
        with pytest.raises(InvalidField):
            await proofs.prove(link, known, HERE, NOON)
    assert await links.tries_left(link) == 5


async def test_of_fifty_answers_at_once_from_anywhere_five_are_looked_at(proofs: Proofs, links: Links, link: Link) -> None:
    outcomes = await asyncio.gather(*(tried(proofs, link, number) for number in range(50)))
    assert outcomes.count("wrong") == 5
    with pytest.raises(LinkEnded):
        await proofs.prove(link, Known(last_six="31002X"), HERE, NOON)


async def tried(proofs: Proofs, link: Link, number: int) -> str:
    try:
        right = await proofs.prove(link, Known(last_six="000000"), Asker(f"phone {number}", f"192.0.2.{number}"), NOON)
    except CloudfilmError as error:
        return type(error).__name__
    return "right" if right else "wrong"


async def test_a_device_that_guesses_at_many_links_is_locked_and_others_are_not(
    proofs: Proofs, links: Links, link: Link
) -> None:
    for _ in range(5):
        assert await proofs.prove(link, Known(last_six="31002X"), HERE, NOON), "to be right in one's own wipes nothing out"
        other = await links.find(await links.issue(LinkKind.NOTICE, link.hospital, link.subject, now=NOON), NOON)
        for _ in range(3):
            assert not await proofs.prove(other, Known(last_six="000000"), HERE, NOON)
    with pytest.raises(TooManyRequests):
        await proofs.prove(link, Known(last_six="31002X"), HERE, NOON)
    assert await links.tries_left(link) == 5, "what was not looked at costs the link nothing"
    assert await proofs.prove(link, Known(last_six="31002X"), Asker("another", "192.0.2.1"), NOON)
    assert await proofs.prove(link, Known(last_six="31002X"), HERE, NOON + timedelta(days=1, seconds=1))


async def test_right_answers_lock_no_device_however_many_come_from_it(proofs: Proofs, link: Link) -> None:
    for _ in range(20):
        assert await proofs.prove(link, Known(last_six="31002X"), HERE, NOON)
    assert await Attempt.all().count() == 0


async def test_papers_of_every_number_that_was_merged_count(proofs: Proofs, links: Links, sealer: Sealer, link: Link) -> None:
    await patients.put(sealer, "demo", "2", Patient(name=NAME))
    other = await linked(links, "2")
    assert not await proofs.prove(other, Known(last_six="31002X"), HERE, NOON)
    await merging.merge("demo", "1", "2", subject="t", now=NOON)
    assert await proofs.prove(other, Known(last_six="31002X"), HERE, NOON)


async def test_without_any_paper_the_number_of_the_visit_proves(proofs: Proofs, links: Links, sealer: Sealer) -> None:
    await patients.put(sealer, "demo", "3", Patient(name="王五之子", identifiers=(("id_card", "110105194912310021"),)))
    newborn = await linked(links, "3")
    assert not await proofs.prove(newborn, Known(last_six="310021"), HERE, NOON), "a number that cannot be right proves nothing"
    assert await proofs.prove(newborn, Known(name="王五之子", visit="O-2601"), HERE, NOON)


async def test_a_patient_who_is_not_known_is_proved_by_nothing(proofs: Proofs, links: Links, link: Link) -> None:
    unknown = await linked(links, "nobody")
    assert not await proofs.prove(unknown, Known(name=NAME, visit="O-2601"), HERE, NOON)

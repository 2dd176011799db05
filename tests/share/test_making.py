"""Making a share: what may be shared, by whom, and what is decided."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest

from core.errors import Conflict, ConsentNeeded, InvalidField, NotFound, OnlyLooking, ReportNotFinal, Sensitive
from core.uids import uuid7
from identity.consents import REMOTE_SHARING
from identity.models import Consent, Person, Proxy
from records.models import Exam, Hospital, PatientRecord, Report
from share import sensitive
from share.models import Share, ShareExam
from share.terms import Wanted
from tests.share.conftest import DAY, HOUR, NOON, World, agree

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # what differs is in test_opening.py


async def test_a_share_is_made_with_a_link_and_six_digits_of_which_only_hashes_are_kept(world: World) -> None:
    made = await world.made("CT", "US")
    assert made.kept.exams == (world.exams["CT"], world.exams["US"])
    assert made.passcode and len(made.passcode) == 6 and made.passcode.isdigit()
    share = await Share.get(id=made.kept.share.id)
    link = await world.links.find(made.token, NOON)
    assert (link.subject, link.hospital, link.expires_at) == (share.id, "demo2", share.expires_at), "of the newest exam"
    assert len(made.token) == 39, "decimal digits of 128 bits"
    stored = str(await Share.all().values()) + str(await ShareExam.all().values())
    assert made.token not in stored and made.passcode not in stored


async def test_exams_of_others_unknown_ones_and_declined_ones_are_not_there(world: World) -> None:
    stranger = (await Person.create(id=uuid7(), created_at=NOON)).id
    await agree(world.settings, world.epoch, stranger)
    with pytest.raises(NotFound):
        await world.making.create(stranger, world.asked("CT"), NOON)
    await Exam.filter(id=world.exams["CT"]).update(service_chosen=False)
    with pytest.raises(NotFound):
        await world.made("CT")
    world.exams["unknown"] = uuid7()
    with pytest.raises(NotFound):
        await world.made("MR", "unknown")
    assert not await Share.all()


async def test_without_consent_nothing_is_shared(world: World) -> None:
    await Consent.filter(person_id=world.person).update(withdrawn_at=NOON, live=None)
    with pytest.raises(ConsentNeeded) as refused:
        await world.made("CT")
    assert refused.value.kind == REMOTE_SHARING


async def test_only_exams_with_a_final_report_are_shared(world: World) -> None:
    await Hospital.filter(code="demo").update(policies={"preliminary": [{"show": "marked"}], "held_items": []})
    with pytest.raises(ReportNotFinal):
        await world.made("CT", "PRE")
    await Report.filter(exam_id=world.exams["MR"]).update(status="withdrawn")
    with pytest.raises(ReportNotFinal):
        await world.made("MR")


async def test_what_a_doctor_holds_back_cannot_be_shared_and_is_not_there(world: World) -> None:
    await Hospital.filter(code="demo").update(policies={"held_items": ["CT"]})
    with pytest.raises(NotFound):
        await world.made("CT")


async def test_a_sensitive_exam_is_asked_about_again(world: World) -> None:
    with pytest.raises(Sensitive):
        await world.made("CT", "HIV")
    made = await world.making.create(world.person, world.asked("CT", "HIV", confirm_sensitive=True), NOON)
    assert len(made.kept.exams) == 2
    rows = {row.exam_id: row.sensitive for row in await ShareExam.filter(share_id=made.kept.share.id)}
    assert rows == {world.exams["CT"]: False, world.exams["HIV"]: True}


async def test_the_patients_own_mark_makes_any_exam_sensitive(world: World) -> None:
    await sensitive.mark(world.exams["CT"], world.person, NOON)
    await sensitive.mark(world.exams["CT"], world.person, NOON)
    with pytest.raises(Sensitive):
        await world.made("CT")
    await sensitive.unmark(world.exams["CT"])
    await world.made("CT")


@pytest.mark.parametrize(("relation", "may"), [("guardian", True), ("parent", False)])
async def test_a_guardian_shares_for_the_child_and_others_of_the_family_only_look(
    world: World, relation: str, may: bool
) -> None:
    family = (await Person.create(id=uuid7(), created_at=NOON)).id
    await agree(world.settings, world.epoch, family)
    await PatientRecord.filter(id=world.record).update(birth_date=date(2020, 1, 1))
    await Proxy.create(
        id=uuid7(),
        person_id=family,
        record_id=world.record,
        relation=relation,
        evidence="papers",
        granted_at=NOON - DAY,
        agreed_at=NOON - DAY,
        expires_at=NOON + DAY,
        live=f"{family}:{world.record}",
    )
    if may:
        assert (await world.making.create(family, world.asked("CT"), NOON)).token
        return
    with pytest.raises(OnlyLooking):
        await world.making.create(family, world.asked("CT"), NOON)


FORBIDDEN = {
    "too short": Wanted(expires_in=HOUR - timedelta(seconds=1)),
    "too long": Wanted(expires_in=31 * DAY),
    "with the name for more than a week": Wanted(mask=False, expires_in=8 * DAY),
    "with the name and without passcode": Wanted(mask=False, has_passcode=False),
    "begins after its end": Wanted(not_before=NOON + 8 * DAY),
}


async def test_what_is_not_permitted_is_refused(world: World) -> None:
    for why, wanted in FORBIDDEN.items():
        with pytest.raises(InvalidField):
            assert not await world.making.create(world.person, world.asked("CT", wanted=wanted), NOON), why


async def test_the_strictest_hospital_of_a_share_counts(world: World) -> None:
    with pytest.raises(InvalidField, match="passcode"):
        await world.made("CT", "US", has_passcode=False)
    await Hospital.filter(code="demo2").update(policies={"share_days": 2})
    with pytest.raises(InvalidField, match="expires_in"):
        await world.made("CT", "US", expires_in=3 * DAY)
    made = await world.made("CT", "US")
    assert made.kept.share.expires_at == NOON + 2 * DAY


async def test_face_to_face_is_cut_to_ten_minutes_and_one_opening(world: World) -> None:
    made = await world.made("CT", has_passcode=False, expires_in=DAY, max_opens=100)
    share = made.kept.share
    assert made.passcode is None and share.passcode_hash is None and share.face_to_face
    assert (share.expires_at, share.max_opens) == (NOON + timedelta(minutes=10), 1)


async def test_a_chosen_passcode_is_six_digits_and_not_the_same_six(world: World) -> None:
    for digits in ("111111", "12345", "1234567", "abcdef", "１１１１１１"):
        with pytest.raises(InvalidField, match="passcode"):
            await world.making.create(world.person, world.asked("CT", passcode=digits), NOON)
    assert (await world.making.create(world.person, world.asked("CT", passcode="４９ 2017"), NOON)).passcode == "492017"


async def test_series_that_are_not_of_the_exam_are_not_there(world: World) -> None:
    with pytest.raises(NotFound):
        await world.making.create(world.person, world.asked("CT", series={world.exams["CT"]: ("1.2.3.4",)}), NOON)
    with pytest.raises(InvalidField, match="series"):
        await world.making.create(world.person, world.asked("CT", series={world.exams["MR"]: ("1.2.3.4",)}), NOON)


async def test_a_repeated_request_makes_one_share_and_tells_the_same(world: World) -> None:
    many = await asyncio.gather(*(world.making.create(world.person, world.asked("CT"), NOON, "k") for _ in range(6)))
    assert len({made.kept.share.id for made in many}) == 1 and await Share.all().count() == 1
    assert len({made.token for made in many}) == len({made.passcode for made in many}) == 1
    assert sorted(made.repeated for made in many) == [False] + [True] * 5
    with pytest.raises(Conflict):
        await world.making.create(world.person, world.asked("MR"), NOON, "k")
    other = await world.making.create(world.person, world.asked("CT"), NOON, "another")
    assert other.kept.share.id != many[0].kept.share.id

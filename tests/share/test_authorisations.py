"""Third parties see what they were authorised to, for as long as each word behind it still holds, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import Conflict, ConsentNeeded, NotFound, OnlyLooking, Sensitive, Unauthenticated
from core.grants import Grant, Role
from core.uids import uuid7
from identity.consents import RESEARCH, Consents
from identity.models import Binding, Consent, Person, Proxy
from infra.audit import by
from infra.sealing import Sealer
from records.models import Exam, PatientRecord
from share import authorisations, third_parties
from share.authorisations import Terms
from share.models import Authorisation, ThirdParty
from share.third_parties import Purpose, subject
from tests.share.conftest import DAY, HOUR, NOON, World

ONE_IS_ENOUGH = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # what differs is in the first test
WEEK = 7 * DAY


async def let_in(*purposes: Purpose, hospital: str = "demo") -> ThirdParty:
    return (await third_parties.register(hospital, "某保险公司", purposes or tuple(Purpose), NOON))[0]


async def seen(world: World, who: ThirdParty, purpose: Purpose, at: timedelta = timedelta()) -> Grant:
    grant = Grant(subject(who.id, purpose), Role.THIRD_PARTY, "session", NOON + 30 * DAY, home=who.hospital_id)
    return await authorisations.seen(world.settings.keys, grant, NOON + at)


async def given(world: World, who: ThirdParty, purpose: Purpose, *accessions: str, **more: bool) -> Authorisation:
    """By the patient, for a week."""
    exams = [world.exams[each] for each in accessions]
    return await authorisations.by_patient(world.person, Terms(who, purpose, NOON + WEEK), exams, NOON, **more)


async def agree_to_research(world: World) -> None:
    consents = Consents(Sealer(world.settings.keys), world.epoch)
    terms = next(each for each in await consents.offered(world.person) if each.kind == RESEARCH)
    await consents.give(world.person, RESEARCH, terms.version, NOON - DAY)


async def test_a_patients_word_opens_the_named_exams_for_that_purpose_until_its_end(world: World) -> None:
    who = await let_in()
    row = await given(world, who, Purpose.INSURANCE, "CT")
    grant = await seen(world, who, Purpose.INSURANCE)
    assert grant.studies == {("demo", "1.2.1")}
    assert (grant.mask, grant.until, grant.hospitals) == ("", NOON + WEEK, frozenset())
    for purpose in (Purpose.TREATMENT, Purpose.AI, Purpose.RESEARCH):
        assert not (await seen(world, who, purpose)).studies
    assert not (await seen(world, await let_in(), Purpose.INSURANCE)).studies, "another third party"
    assert not (await seen(world, who, Purpose.INSURANCE, WEEK)).studies
    await authorisations.revoke_by_person(world.person, row.id, NOON)
    assert not (await seen(world, who, Purpose.INSURANCE)).studies


@ONE_IS_ENOUGH
async def test_what_is_read_is_on_record_with_the_authorisation_behind_it(world: World) -> None:
    who = await let_in()
    row = await given(world, who, Purpose.INSURANCE, "CT", "MR")
    grant = await seen(world, who, Purpose.INSURANCE)
    entry = by(grant, chain="demo", at=NOON, action="read", address="", study_uid="1.2.2", what="frames")
    assert entry.detail == {"authorisation": row.id}
    assert entry.subject == f"{who.id}:insurance"
    other = by(grant, chain="demo", at=NOON, action="read", address="", study_uid="1.2.9", detail={"a": 1})
    assert other.detail == {"a": 1}


@ONE_IS_ENOUGH
@pytest.mark.parametrize("purpose", [Purpose.RESEARCH, Purpose.AI])
async def test_research_and_ai_see_nothing_but_under_their_mask(world: World, purpose: Purpose) -> None:
    await agree_to_research(world)
    who, other = await let_in(), await let_in()
    await given(world, who, purpose, "CT")
    masks = {(await seen(world, each, purpose)).mask for each in (who, other, who)}
    assert len(masks) == 2, "one for each third party, always the same"
    assert all(len(bytes.fromhex(mask)) == 32 for mask in masks)


@ONE_IS_ENOUGH
async def test_research_needs_the_consent_to_it_and_ends_with_it(world: World) -> None:
    who = await let_in()
    with pytest.raises(ConsentNeeded):
        await given(world, who, Purpose.RESEARCH, "CT")
    await agree_to_research(world)
    await given(world, who, Purpose.RESEARCH, "CT")
    await given(world, who, Purpose.AI, "CT")
    assert (await seen(world, who, Purpose.RESEARCH)).studies
    await Consent.filter(person_id=world.person, kind=RESEARCH).update(withdrawn_at=NOON, live=None)
    assert not (await seen(world, who, Purpose.RESEARCH)).studies
    assert (await seen(world, who, Purpose.AI)).studies


@ONE_IS_ENOUGH
async def test_a_hospital_authorises_treatment_and_nothing_else(world: World) -> None:
    who = await let_in()
    exam, record = await Exam.get(id=world.exams["CT"]), await PatientRecord.get(id=world.record)
    for purpose in (Purpose.INSURANCE, Purpose.RESEARCH, Purpose.AI):
        with pytest.raises(Conflict):
            await authorisations.by_hospital("admin", Terms(who, purpose, NOON + WEEK), [exam], None, NOON)
    one = await authorisations.by_hospital("admin", Terms(who, Purpose.TREATMENT, NOON + WEEK), [exam], None, NOON)
    assert (await seen(world, who, Purpose.TREATMENT)).studies == {("demo", "1.2.1")}
    await authorisations.by_hospital("admin", Terms(who, Purpose.TREATMENT, NOON + WEEK), [], record, NOON)
    grant = await seen(world, who, Purpose.TREATMENT)
    assert grant.studies == {("demo", "1.2.1"), ("demo", "1.2.2"), ("demo", "1.2.4")}, (
        "all of the patient but the sensitive one"
    )
    with pytest.raises(NotFound):
        await authorisations.revoke_by_person(world.person, one.id, NOON)
    assert [each.row.id for each in await authorisations.of_person(world.person, NOON)].count(one.id) == 1, (
        "but the patient sees it"
    )
    for row in await authorisations.of_third_party(who.id, NOON):
        await authorisations.revoke_by_hospital(who.id, row.id, NOON)
    assert not (await seen(world, who, Purpose.TREATMENT)).studies


@ONE_IS_ENOUGH
async def test_a_purpose_that_the_hospital_did_not_let_it_in_for_is_refused(world: World) -> None:
    who = await let_in(Purpose.INSURANCE)
    with pytest.raises(Conflict):
        await given(world, who, Purpose.AI, "CT")
    with pytest.raises(Unauthenticated):
        await seen(world, who, Purpose.AI)


@ONE_IS_ENOUGH
async def test_a_sensitive_exam_is_asked_about_again_and_one_that_becomes_so_is_gone(world: World) -> None:
    who = await let_in()
    with pytest.raises(Sensitive):
        await given(world, who, Purpose.INSURANCE, "CT", "HIV")
    await given(world, who, Purpose.INSURANCE, "HIV", confirm_sensitive=True)
    await given(world, who, Purpose.INSURANCE, "CT")
    assert (await seen(world, who, Purpose.INSURANCE)).studies == {("demo", "1.2.5"), ("demo", "1.2.1")}
    await Exam.filter(id=world.exams["CT"]).update(item="梅毒检测")
    assert (await seen(world, who, Purpose.INSURANCE)).studies == {("demo", "1.2.5")}


@ONE_IS_ENOUGH
async def test_only_exams_of_the_hospital_that_knows_the_third_party_and_of_ones_own(world: World) -> None:
    who = await let_in()
    with pytest.raises(NotFound):
        await given(world, who, Purpose.INSURANCE, "US")
    with pytest.raises(NotFound):
        await authorisations.by_patient(world.person, Terms(who, Purpose.INSURANCE, NOON + WEEK), [uuid7()], NOON)
    stranger = (await Person.create(id=uuid7(), created_at=NOON)).id
    terms = Terms(who, Purpose.INSURANCE, NOON + WEEK)
    with pytest.raises(NotFound):
        await authorisations.by_patient(stranger, terms, [world.exams["CT"]], NOON)
    await Proxy.create(
        id=uuid7(),
        person_id=stranger,
        record_id=world.record,
        relation="parent",
        evidence="code",
        granted_at=NOON,
        expires_at=NOON + DAY,
    )
    with pytest.raises(OnlyLooking):
        await authorisations.by_patient(stranger, terms, [world.exams["CT"]], NOON)
    row = await given(world, who, Purpose.INSURANCE, "CT")
    assert await authorisations.of_person(stranger, NOON) == []
    with pytest.raises(NotFound):
        await authorisations.revoke_by_person(stranger, row.id, NOON)


@ONE_IS_ENOUGH
async def test_who_speaks_no_more_for_the_patient_has_authorised_nothing(world: World) -> None:
    who = await let_in()
    await given(world, who, Purpose.INSURANCE, "CT")
    await Binding.filter(person_id=world.person).update(revoked_at=NOON, live=None)
    assert not (await seen(world, who, Purpose.INSURANCE)).studies


@ONE_IS_ENOUGH
async def test_an_exam_that_turns_out_to_be_somebody_elses_or_is_declined_is_gone(world: World) -> None:
    who = await let_in()
    other = await PatientRecord.create(id=uuid7(), hospital_id="demo", patient_id="2", name="李四", name_folded="李四")
    exam = await Exam.get(id=world.exams["CT"])
    await given(world, who, Purpose.INSURANCE, "CT", "MR")
    await authorisations.by_hospital("admin", Terms(who, Purpose.TREATMENT, NOON + WEEK), [exam], None, NOON)
    await Exam.filter(id=exam.id).update(record_id=other.id)
    assert not (await seen(world, who, Purpose.TREATMENT)).studies
    assert (await seen(world, who, Purpose.INSURANCE)).studies == {("demo", "1.2.2")}
    await Exam.filter(id=world.exams["MR"]).update(service_chosen=False)
    assert not (await seen(world, who, Purpose.INSURANCE)).studies


@ONE_IS_ENOUGH
async def test_a_secret_is_told_once_and_ends_with_the_next_one_and_with_the_third_party(world: World) -> None:
    who, secret = await third_parties.register("demo", "某医院", [Purpose.TREATMENT], NOON)
    assert secret not in str(await ThirdParty.all().values())
    proved = await third_parties.proved(who.id, secret)
    assert proved is not None and proved.id == who.id
    for wrong in ("", secret[:-1], secret + "x", "\ud800", "x" * 1000):
        assert await third_parties.proved(who.id, wrong) is None
    for nobody in (uuid7(), "", "\0", "x" * 500):
        assert await third_parties.proved(nobody, secret) is None
    newer = await third_parties.renew_secret("demo", who.id)
    assert await third_parties.proved(who.id, secret) is None
    with pytest.raises(NotFound):
        await third_parties.end("demo2", who.id, NOON)
    await third_parties.end("demo", who.id, NOON)
    assert await third_parties.proved(who.id, newer) is None
    with pytest.raises(Unauthenticated):
        await seen(world, who, Purpose.TREATMENT, HOUR)


@ONE_IS_ENOUGH
async def test_who_gives_up_the_account_takes_a_copy_and_leaves_nothing_authorised(world: World) -> None:
    who = await let_in()
    first, second = [await given(world, who, Purpose.INSURANCE, each) for each in ("CT", "MR")]
    await authorisations.revoke_by_person(world.person, first.id, NOON + HOUR)
    copied = await authorisations.export(world.person)
    assert [(each["third_party"], each["exams"], each["revoked_at"]) for each in copied] == [
        (who.name, [world.exams["CT"]], NOON + HOUR),
        (who.name, [world.exams["MR"]], None),
    ]
    assert await authorisations.revoke_all(world.person, NOON) == 1
    assert not (await seen(world, who, Purpose.INSURANCE)).studies
    assert (await Authorisation.get(id=second.id)).revoked_at == NOON


@ONE_IS_ENOUGH
async def test_so_many_exams_at_a_time_and_no_more(world: World) -> None:
    who = await let_in()
    term = {"person_id": world.person, "given_by": world.person, "given_at": NOON, "expires_at": NOON + WEEK}
    row = Authorisation(third_party_id=who.id, purpose=Purpose.AI, record_id=world.record, **term)
    await Authorisation.bulk_create([row.clone(pk=uuid7()) for _ in range(authorisations.MOST_AT_ONCE - 1)])
    await given(world, who, Purpose.AI, "CT")
    with pytest.raises(Conflict):
        await given(world, who, Purpose.AI, "MR")
    await given(world, who, Purpose.INSURANCE, "MR")

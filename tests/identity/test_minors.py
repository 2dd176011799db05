"""Guardians, newborns and next of kin: what each may see at which day, compared at every read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from core.errors import BindingRefused, Conflict, NotFound
from identity import minors
from identity.bindings import Bindings, Claim
from identity.family import Family
from identity.mine import persons_who_see, records_of, records_to_choose_for
from identity.models import FamilyReminder, Proxy
from identity.newborns import mother_of
from identity.persons import Persons
from identity.sms_codes import Caps, SmsCodes
from infra.database import transaction
from infra.epoch import Epoch
from infra.models import Outbox
from infra.sealing import Sealer
from infra.settings import Settings
from records import merging, patients
from records.models import Hospital, PatientRecord
from records.patients import Patient
from tests.identity.conftest import NOON

PARENTS, CHILDS = "+8613800138001", "+8613800138002"
BORN = date(2014, 3, 1)  # twelve at NOON
CHILD = Patient("李小明", phones=(PARENTS,), identifiers=(("visit_card", "C100"),), birth_date=BORN)
CLAIM = Claim("demo", "visit_card", "C100", "李小明")
FOURTEEN = datetime(2028, 2, 29, 16, tzinfo=UTC)  # midnight of 1 March in China
EIGHTEEN = datetime(2032, 2, 29, 16, tzinfo=UTC)
SECOND = timedelta(seconds=1)

LetIn = Callable[..., Awaitable[Proxy]]


@pytest.fixture
def bindings(hospital: Hospital, sealer: Sealer, epoch: Epoch) -> Bindings:
    return Bindings(sealer, epoch)


@pytest.fixture
def family(hospital: Hospital, settings: Settings, sealer: Sealer, bindings: Bindings, epoch: Epoch) -> Family:
    return Family(sealer, SmsCodes(settings.keys, sealer, Caps(100, 100)), bindings, epoch)


@pytest.fixture
async def parent(hospital: Hospital, sealer: Sealer) -> str:
    return await Persons(sealer).of_phone(PARENTS, NOON)


@pytest.fixture
async def child(hospital: Hospital, sealer: Sealer) -> PatientRecord:
    return await PatientRecord.get(id=(await patients.put(sealer, "demo", "C1", CHILD)).id)


@pytest.fixture
def let_in(family: Family) -> LetIn:
    """As the desk does."""

    async def at_desk(
        person: str, record: PatientRecord, relation: str, now: datetime = NOON, days: int | None = None, **more: bool
    ) -> Proxy:
        async with transaction():
            return await family.let_in_by_papers(person, record, relation, timedelta(days=days) if days else None, now, **more)

    return at_desk


async def test_a_guardian_sees_until_fourteen_then_asks_the_child_and_never_after_eighteen(
    family: Family, let_in: LetIn, bindings: Bindings, sealer: Sealer, parent: str, child: PatientRecord
) -> None:
    proxy = await let_in(parent, child, "guardian")
    assert (proxy.evidence, proxy.expires_at) == ("papers", EIGHTEEN)
    assert await records_of(parent, FOURTEEN - SECOND) == {child.id}
    assert await persons_who_see(child.id, FOURTEEN - SECOND) == {parent}
    assert await records_of(parent, FOURTEEN) == frozenset()
    assert await persons_who_see(child.id, FOURTEEN) == frozenset()
    await patients.put(sealer, "demo", "C1", replace(CHILD, phones=(CHILDS,)))
    own = await Persons(sealer).of_phone(CHILDS, FOURTEEN)
    await bindings.bind(own, CLAIM, "192.0.2.1", FOURTEEN)
    with pytest.raises(Conflict):
        await family.agree(own, proxy.id, FOURTEEN - SECOND)
    with pytest.raises(NotFound):
        await family.agree(parent, proxy.id, FOURTEEN)
    agreed = await family.agree(own, proxy.id, FOURTEEN)
    assert agreed.agreed_at == FOURTEEN
    assert (await family.agree(own, proxy.id, FOURTEEN + SECOND)).agreed_at == FOURTEEN
    assert await records_of(parent, EIGHTEEN - SECOND) == {child.id}
    assert await records_of(parent, EIGHTEEN) == frozenset()
    await family.revoke(own, proxy.id, FOURTEEN + SECOND)
    assert await records_of(parent, FOURTEEN + SECOND) == frozenset(), "and the child may end it"


async def test_a_hospital_may_give_guardians_some_days_for_the_answer(let_in: LetIn, parent: str, child: PatientRecord) -> None:
    await Hospital.filter(code="demo").update(policies={"guardian_grace_days": 30})
    await let_in(parent, child, "guardian")
    assert await records_of(parent, FOURTEEN + timedelta(days=30) - SECOND) == {child.id}
    assert await records_of(parent, FOURTEEN + timedelta(days=30)) == frozenset()


async def test_from_fourteen_on_the_code_goes_to_a_phone_that_the_guardian_does_not_hold(
    family: Family, sealer: Sealer, parent: str, child: PatientRecord
) -> None:
    assert (await family.ask(parent, CLAIM, "guardian", "192.0.2.1", NOON)).phone == PARENTS
    assert (await family.ask(parent, CLAIM, "guardian", "192.0.2.1", FOURTEEN)).phone == ""
    await patients.put(sealer, "demo", "C1", replace(CHILD, phones=(PARENTS, CHILDS)))
    asked = await family.ask(parent, CLAIM, "guardian", "192.0.2.1", FOURTEEN)
    assert asked.phone == CHILDS
    proxy = await family.let_in(parent, asked.challenge, asked.code, FOURTEEN)
    assert proxy.agreed_at == FOURTEEN
    assert await records_of(parent, FOURTEEN) == {child.id}


async def test_at_the_desk_a_child_of_fourteen_is_asked_too(
    family: Family, let_in: LetIn, parent: str, child: PatientRecord
) -> None:
    proxy = await let_in(parent, child, "guardian", FOURTEEN)
    assert await records_of(parent, FOURTEEN) == frozenset(), "papers alone do not do any more"
    with pytest.raises(NotFound):
        await family.agree_at_desk("demo2", proxy.id, FOURTEEN)
    await family.agree_at_desk("demo", proxy.id, FOURTEEN)
    assert await records_of(parent, FOURTEEN) == {child.id}
    again = await let_in(parent, child, "guardian", FOURTEEN, child_agreed=True)
    assert again.agreed_at == FOURTEEN


async def test_nobody_is_guardian_of_a_grown_up_or_of_who_has_no_birthday(
    let_in: LetIn, sealer: Sealer, parent: str, child: PatientRecord
) -> None:
    with pytest.raises(BindingRefused):
        await let_in(parent, child, "guardian", EIGHTEEN)
    unknown = await PatientRecord.get(id=(await patients.put(sealer, "demo", "C2", Patient("李四"))).id)
    with pytest.raises(BindingRefused):
        await let_in(parent, unknown, "guardian")


async def test_what_is_due_is_said_once_and_only_while_it_holds(
    family: Family, let_in: LetIn, parent: str, child: PatientRecord
) -> None:
    proxy = await let_in(parent, child, "guardian")
    dues = {row.kind: row.due_at for row in await FamilyReminder.filter(proxy_id=proxy.id)}
    month = timedelta(days=30)
    assert dues == {"fourteen-soon": FOURTEEN - month, "fourteen": FOURTEEN, "eighteen-soon": EIGHTEEN - month}
    assert await minors.say_what_is_due(FOURTEEN - month - SECOND) == 0
    assert await minors.say_what_is_due(FOURTEEN - month) == 1
    assert await minors.say_what_is_due(FOURTEEN - month) == 0
    (said,) = await Outbox.filter(topic=minors.FAMILY_DUE)
    assert said.payload == {
        "event": "family-fourteen-soon",
        "hospital": "demo",
        "proxy": proxy.id,
        "person": parent,
        "record": child.id,
    }
    await family.revoke(parent, proxy.id, NOON)
    assert await minors.say_what_is_due(EIGHTEEN) == 2
    assert await Outbox.filter(topic=minors.FAMILY_DUE).count() == 1, "nobody is told of what was taken back"


@pytest.mark.parametrize(
    ("name", "mother"),
    [
        ("王芳之子", "王芳"),
        ("王 芳之女", "王芳"),
        ("欧阳小红之大双", "欧阳小红"),
        ("王芳之子2", "王芳"),
        ("王芳之男婴", "王芳"),
        ("王之子", ""),  # nobody is called 王 alone
        ("王芳", ""),
        ("张之洞", ""),
        ("", ""),
    ],
)
def test_whose_newborn_a_name_says(name: str, mother: str) -> None:
    assert mother_of(name) == mother


async def test_a_mother_sees_her_newborn_until_it_is_named(
    let_in: LetIn, bindings: Bindings, sealer: Sealer, parent: str
) -> None:
    newborn = await PatientRecord.get(id=(await patients.put(sealer, "demo", "N1", Patient("王芳之子"))).id)
    with pytest.raises(BindingRefused):
        await let_in(parent, newborn, "newborn")  # nobody knows yet that she is 王芳
    mother = Patient("王芳", phones=(PARENTS,), identifiers=(("visit_card", "M1"),))
    own = (await patients.put(sealer, "demo", "M1", mother)).id
    await bindings.bind(parent, Claim("demo", "visit_card", "M1", "王芳"), "192.0.2.1", NOON)
    await let_in(parent, newborn, "newborn")
    assert await records_of(parent, NOON) == {own, newborn.id}
    assert await records_to_choose_for(parent, NOON) == {own, newborn.id}
    await patients.put(sealer, "demo", "N1", Patient("李小明"))
    assert await records_of(parent, NOON) == {own}


async def test_a_newborn_that_is_merged_into_its_name_is_its_mothers_no_more(
    let_in: LetIn, bindings: Bindings, sealer: Sealer, parent: str
) -> None:
    newborn = await PatientRecord.get(id=(await patients.put(sealer, "demo", "N1", Patient("王芳之女"))).id)
    mother = Patient("王芳", phones=(PARENTS,), identifiers=(("visit_card", "M1"),))
    own = (await patients.put(sealer, "demo", "M1", mother)).id
    await bindings.bind(parent, Claim("demo", "visit_card", "M1", "王芳"), "192.0.2.1", NOON)
    await let_in(parent, newborn, "newborn")
    await patients.put(sealer, "demo", "N2", Patient("李小红"))
    await merging.merge("demo", "N1", "N2", subject="hospital-demo", now=NOON)
    assert await records_of(parent, NOON) == {own}


async def test_next_of_kin_are_let_in_for_a_time_and_only_once_somebody_died(
    family: Family, let_in: LetIn, sealer: Sealer, parent: str, child: PatientRecord
) -> None:
    with pytest.raises(BindingRefused):
        await let_in(parent, child, "next_of_kin", days=90)
    await patients.put(sealer, "demo", "C1", replace(CHILD, deceased_on=date(2026, 11, 1)))
    late = await PatientRecord.get(id=child.id)
    with pytest.raises(BindingRefused):
        await let_in(parent, late, "parent")
    assert (await family.ask(parent, CLAIM, "parent", "192.0.2.1", NOON)).phone == "", "no code opens it either"
    proxy = await let_in(parent, late, "next_of_kin", days=90)
    assert await records_of(parent, NOON) == {child.id}
    assert await records_of(parent, NOON + timedelta(days=90)) == frozenset()
    assert await records_to_choose_for(parent, NOON) == frozenset(), "they look, and choose nothing"
    async with transaction():
        await family.take_back("demo", proxy.id, NOON)
    assert await records_of(parent, NOON) == frozenset()

"""Messages and reports that nobody took up end with their hospital's term; what still waits for a person stays listed."""

from __future__ import annotations

from datetime import timedelta

from core.uids import uuid7
from records import waiting
from records.forgetting import Forgotten, forget
from records.models import Hl7Message, Hospital, Waiting
from tests.records.saying import NOW, SEALER, say_exam, say_report


async def dead(days: int, hospital: str = "demo") -> None:
    """A kept message that came so many days ago."""
    await Hl7Message.create(
        id=uuid7(),
        hospital_id=hospital,
        digest=str(days),
        sealed=SEALER.seal("MSH|…"),
        error="…",
        received_at=NOW - timedelta(days=days),
    )


async def test_what_is_over_its_term_goes_and_is_counted(hospital: Hospital) -> None:
    await Hospital.filter(code="demo").update(policies={"hl7_kept_days": 30})
    for days in (29, 31, 400):
        await dead(days)
    await say_report("NEVER")
    await say_report("LATER")
    oldest = await Waiting.all().order_by("id").first()
    assert oldest is not None
    await Waiting.filter(id=oldest.id).update(created_at=NOW - timedelta(days=731))
    await Waiting.exclude(id=oldest.id).update(created_at=NOW - timedelta(days=729))
    assert await forget(NOW) == [Forgotten("demo", 2, 1)]
    assert await forget(NOW) == []
    assert await Hl7Message.all().count() == 1
    assert [line.place[-1] for line in await waiting.listed("demo", after="", limit=10)] == ["LATER"]


async def test_each_hospital_has_its_own_term(hospital: Hospital) -> None:
    await Hospital.create(code="demo2", name="另一家", policies={"hl7_kept_days": 1000})
    await dead(500)
    await dead(500, "demo2")
    assert await forget(NOW) == [Forgotten("demo", 1, 0)]


async def test_an_exam_that_waits_for_its_patient_stays_on_the_list(hospital: Hospital) -> None:
    await say_exam(patient_id="NOBODY")
    await Waiting.all().update(created_at=NOW - timedelta(days=5000))
    assert await forget(NOW) == []
    assert len(await waiting.listed("demo", after="", limit=10)) == 1

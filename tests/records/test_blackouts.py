"""A hospital's rules for its devices: the newest counts, another hospital's never, and a nameless device can have none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.errors import Conflict, InvalidField, NotFound
from records import blackouts
from records.blackouts import FILM, IMAGE, Device
from records.models import Blackout, Hospital
from records.writing import Outcome

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
ECHO = Device(IMAGE, "ACME", "Echo 7", 60, 80)


@pytest.mark.usefixtures("hospital")
async def test_the_newest_rule_of_a_device_counts_and_only_in_its_hospital() -> None:
    first = await blackouts.put("demo", ECHO, [(0, 0, 80, 9)], "admin", NOW)
    again = await blackouts.put("demo", ECHO, [(0, 0, 80, 9)], "admin", NOW)
    other = await blackouts.put("demo", ECHO, [(0, 0, 80, 12), (0, 50, 40, 60)], "admin", NOW)
    assert (first.outcome, again.outcome, other.outcome) == (Outcome.NEW, Outcome.SAME, Outcome.CHANGED)
    assert again.id == first.id
    (rule,) = await blackouts.of_hospital("demo")
    assert (rule.id, rule.rectangles) == (other.id, [[0, 0, 80, 12], [0, 50, 40, 60]])
    assert await Blackout.filter(hospital_id="demo").count() == 2  # the old one is kept, with its end
    await blackouts.remove("demo", rule.id, NOW)
    assert await blackouts.of_hospital("demo") == []
    with pytest.raises(NotFound):
        await blackouts.remove("demo", rule.id, NOW)
    await Hospital.create(code="demo2", name="demo2")
    theirs = await blackouts.put("demo2", ECHO, [(0, 0, 80, 9)], "admin", NOW)
    assert await blackouts.of_hospital("demo") == []
    with pytest.raises(NotFound):
        await blackouts.remove("demo", theirs.id, NOW)
    assert (await blackouts.put("demo", ECHO, [(0, 0, 80, 9)], "admin", NOW)).outcome is Outcome.NEW


@pytest.mark.parametrize(
    "device", [Device(IMAGE, "", "Echo 7", 60, 80), Device(IMAGE, "ACME", "", 60, 80), Device(FILM, "", "", 60, 80)]
)
def test_a_device_without_a_name_has_no_rule(device: Device) -> None:
    with pytest.raises(Conflict):
        device.verify()


@pytest.mark.parametrize("rectangle", [(0, 0, 81, 9), (0, 0, 80, 61), (5, 5, 5, 9), (9, 5, 5, 9), (-1, 0, 5, 9)])
def test_a_rectangle_lies_inside_its_picture(rectangle: tuple[int, int, int, int]) -> None:
    with pytest.raises(InvalidField) as refused:
        blackouts.require_inside([(0, 0, 80, 9), rectangle], ECHO.rows, ECHO.columns)
    assert (refused.value.field, refused.value.fault) == ("rectangles[1]", "not-inside")

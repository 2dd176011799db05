"""Opening a share: limits, passcode, tries, openings, and what the session sees afterwards."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from core.errors import CloudfilmError, NotFound, PasscodeWrong, Unauthenticated
from identity.links import LinkEnded
from identity.models import Binding
from identity.sessions import Sessions
from infra.models import Outbox
from infra.sealing import Sealer
from records.models import Exam, Report
from share import sensitive, visits
from share.events import SHARE_CHANGED
from share.models import Share, ShareVisit
from share.opening import Opened, Openings, Visitor
from share.parts import Part
from share.viewing import shown, view_of
from tests.share.conftest import DAY, HOUR, NOON, World

SQLITE_ONLY = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
DOCTOR = Visitor("203.0.113.9", "browser on Windows", "省立医院", "李医生")


@pytest.fixture
def openings(world: World) -> Openings:
    return Openings(world.settings.keys, Sealer(world.settings.keys), world.links)


@pytest.fixture
def sessions(world: World) -> Sessions:
    return Sessions(world.settings.keys, world.epoch, DAY, shown)


def wrong(digits: str, number: int = 0) -> str:
    """Another passcode than this one."""
    return f"{(int(digits) + 1 + number) % 1_000_000:06}"


async def told() -> list[str]:
    """What owners will be told."""
    return sorted([row.payload["kind"] for row in await Outbox.filter(topic=SHARE_CHANGED)])


async def outcome(openings: Openings, token: str, passcode: str, address: str) -> str:
    try:
        await openings.open(token, passcode, Visitor(address, ""), NOON)
    except PasscodeWrong:
        return "wrong"
    except LinkEnded as ended:
        return ended.why
    return "opened"


async def test_of_fifty_wrong_passcodes_at_once_only_five_are_looked_at_and_the_link_is_dead(
    world: World, openings: Openings
) -> None:
    made = await world.made("CT")
    assert made.passcode
    tries = (outcome(openings, made.token, wrong(made.passcode, n), f"198.51.100.{n}") for n in range(50))
    found = Counter(await asyncio.gather(*tries))
    assert found == {"wrong": 4, "locked": 46}, "the fifth wrong one says that it was the last"
    assert (await Share.get(id=made.kept.share.id)).wrong_tries == 5
    assert await ShareVisit.filter(kind="wrong-passcode").count() == 5
    assert await outcome(openings, made.token, made.passcode, "198.51.100.1") == "locked", "the right one comes too late"
    assert await told() == ["share-locked"]


async def test_right_passcodes_at_once_all_open_it_and_cost_no_try(world: World, openings: Openings) -> None:
    made = await world.made("CT")
    found = await asyncio.gather(*(outcome(openings, made.token, made.passcode or "", "a") for _ in range(12)))
    assert set(found) == {"opened"}
    assert await world.links.tries_left(await world.links.find(made.token, NOON)) == 5
    assert await told() == ["share-opened"], "once"


async def test_of_many_openings_at_once_only_so_many_as_allowed(world: World, openings: Openings) -> None:
    made = await world.made("CT", max_opens=3)
    found = Counter(await asyncio.gather(*(outcome(openings, made.token, made.passcode or "", "a") for _ in range(10))))
    assert found == {"opened": 3, "used": 7}
    assert (await Share.get(id=made.kept.share.id)).opens == 3


@SQLITE_ONLY
async def test_without_a_passcode_nothing_is_told_and_no_try_is_lost(world: World, openings: Openings) -> None:
    made = await world.made("CT")
    with pytest.raises(PasscodeWrong) as asked:
        await openings.open(made.token, "", DOCTOR, NOON)
    assert asked.value.remaining == 5
    with pytest.raises(PasscodeWrong) as refused:
        await openings.open(made.token, wrong(made.passcode or ""), DOCTOR, NOON)
    assert refused.value.remaining == 4
    blanks = " ".join(made.passcode or "")
    assert (await openings.open(made.token, blanks, DOCTOR, NOON)).view.exams == {world.exams["CT"]}
    with pytest.raises(NotFound):
        await openings.open("1" * 39, made.passcode or "", DOCTOR, NOON)


@SQLITE_ONLY
async def test_each_limit_says_what_stands_in_the_way(world: World, openings: Openings) -> None:
    early = await world.made("CT", not_before=NOON + HOUR)
    with pytest.raises(LinkEnded, match="early"):
        await openings.open(early.token, early.passcode or "", DOCTOR, NOON)
    assert await openings.open(early.token, early.passcode or "", DOCTOR, NOON + HOUR)
    late = await world.made("CT", expires_in=HOUR)
    with pytest.raises(LinkEnded, match="expired"):
        await openings.open(late.token, late.passcode or "", DOCTOR, NOON + HOUR)
    face = await world.made("CT", has_passcode=False)
    assert await openings.open(face.token, "", DOCTOR, NOON)
    with pytest.raises(LinkEnded, match="used"):
        await openings.open(face.token, "", DOCTOR, NOON)


async def opened(openings: Openings, world: World, *accessions: str, **more: object) -> tuple[Opened, str]:
    made = await world.made(*accessions, **more)  # type: ignore[arg-type]  # names of Wanted
    return await openings.open(made.token, made.passcode or "", DOCTOR, NOON), made.kept.share.id


@SQLITE_ONLY
async def test_the_session_sees_the_shared_studies_of_all_hospitals_and_nothing_else(
    world: World, openings: Openings, sessions: Sessions
) -> None:
    found, _ = await opened(openings, world, "CT", "US")
    grant = await sessions.grant(found.token, NOON)
    assert grant.studies == {("demo", "1.2.1"), ("demo2", "1.2.3")} and not grant.hospitals and grant.masked
    plain, _ = await opened(openings, world, "CT", mask=False)
    assert not (await sessions.grant(plain.token, NOON)).masked
    view = await view_of(grant, NOON)
    assert view is not None and view.mask_key == grant.mask and view.exams == {world.exams["CT"], world.exams["US"]}


async def test_images_that_were_not_chosen_are_no_part_of_the_session(
    world: World, openings: Openings, sessions: Sessions
) -> None:
    asked = world.asked("CT", "US", parts={world.exams["CT"]: frozenset({Part.REPORT, Part.FILM})})
    made = await world.making.create(world.person, asked, NOON, "key")
    found = await openings.open(made.token, made.passcode or "", DOCTOR, NOON)
    grant = await sessions.grant(found.token, NOON)
    assert grant.studies == {("demo2", "1.2.3")} and not grant.series
    view = await view_of(grant, NOON)
    assert view is not None and view.shows(world.exams["CT"], Part.FILM) and not view.shows(world.exams["CT"], Part.IMAGES)
    assert view.left_out(world.exams["CT"]) == "分享者没有分享影像。" and not view.left_out(world.exams["US"])
    again = await world.making.create(world.person, asked, NOON, "key")
    assert again.repeated and again.kept.choices == made.kept.choices


@SQLITE_ONLY
async def test_a_session_ends_with_the_share_by_the_clock(world: World, openings: Openings, sessions: Sessions) -> None:
    found, _ = await opened(openings, world, "CT", has_passcode=False)
    end = NOON + timedelta(minutes=10)
    assert (await sessions.grant(found.token, NOON)).until == end
    await sessions.grant(found.token, end - timedelta(seconds=1))
    with pytest.raises(Unauthenticated):
        await sessions.grant(found.token, end)


@SQLITE_ONLY
async def test_a_stopped_share_shows_nothing_at_the_next_request(world: World, openings: Openings, sessions: Sessions) -> None:
    found, share = await opened(openings, world, "CT")
    grant = await sessions.grant(found.token, NOON)
    await world.shares.revoke(world.person, share, NOON)
    with pytest.raises(Unauthenticated):
        await sessions.grant(found.token, NOON)
    with pytest.raises(Unauthenticated):
        await view_of(grant, NOON)


@SQLITE_ONLY
async def test_wrong_passcodes_afterwards_do_not_shut_out_who_is_in(
    world: World, openings: Openings, sessions: Sessions
) -> None:
    made = await world.made("CT")
    found = await openings.open(made.token, made.passcode or "", DOCTOR, NOON)
    for number in range(5):
        with pytest.raises(CloudfilmError):
            await openings.open(made.token, wrong(made.passcode or "", number), DOCTOR, NOON)
    assert (await sessions.grant(found.token, NOON)).studies


@SQLITE_ONLY
async def test_what_is_no_longer_the_owners_to_show_is_gone_from_the_share(world: World, openings: Openings) -> None:
    found, share = await opened(openings, world, "CT", "MR", "US")

    async def seen() -> set[str]:
        view = await view_of(await Sessions(world.settings.keys, world.epoch, DAY, shown).grant(found.token, NOON), NOON)
        assert view is not None
        return {accession for accession, exam in world.exams.items() if exam in view.exams}

    assert await seen() == {"CT", "MR", "US"}
    await Exam.filter(id=world.exams["CT"]).update(service_chosen=False)
    assert await seen() == {"MR", "US"}, "declined"
    await sensitive.mark(world.exams["MR"], world.person, NOON)
    assert await seen() == {"US"}, "marked as sensitive since"
    await Binding.filter(person_id=world.person, hospital_id="demo2").update(revoked_at=NOON, live=None)
    assert await seen() == set(), "not the owner's any more"
    assert share


@SQLITE_ONLY
async def test_a_pinned_share_names_the_version_and_the_others_follow_the_newest(world: World, openings: Openings) -> None:
    pinned, _ = await opened(openings, world, "CT", pinned=True)
    following, _ = await opened(openings, world, "CT")
    exam = world.exams["CT"]
    await Report.create(id="2" * 36, exam_id=exam, version=2, status="corrected", content_sha256="", received_at=NOON)
    await Exam.filter(id=exam).update(report_version=2)
    sessions = Sessions(world.settings.keys, world.epoch, DAY, shown)
    for found, versions in ((pinned, {exam: 1}), (following, {})):
        view = await view_of(await sessions.grant(found.token, NOON), NOON)
        assert view is not None and view.pinned == versions
        newest = view.exam(exam).report
        assert newest is not None and newest.version == 2


async def test_where_a_visitor_came_from_is_forgotten_after_its_term_and_the_visit_is_not(
    world: World, openings: Openings
) -> None:
    made = await world.made("CT")
    for days in (0, 1, 2):
        at = NOON + days * DAY
        with pytest.raises(PasscodeWrong):
            await openings.open(made.token, wrong(made.passcode or "", days), DOCTOR, at)
    await visits.forget_traces(NOON + 2 * DAY)
    seen, _ = await visits.visits_of(made.kept.share, Sealer(world.settings.keys), cursor="", limit=10)
    assert [(each.place.kind, each.device) for each in seen] == [("internal", DOCTOR.device), ("unknown", ""), ("unknown", "")]
    assert await ShareVisit.filter(address="", device="").count() == 2

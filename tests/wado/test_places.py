"""Which instances a person may see, and which of them stands for a series or study."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from archive.read import Reader
from archive.replicas import Replicas
from archive.tiers import Tiers
from core.errors import Malformed, NotFound, Unauthenticated
from core.grants import Grant, Role
from infra.epoch import Epoch
from tests.archive import samples
from tests.archive.stored import NOW, SERIES, STUDY, picture, put
from wado import places
from wado.places import Asker, Place, place

pytestmark = pytest.mark.usefixtures("hospital")
OTHER_SERIES = "1.2.3.7"


@pytest.fixture
async def arrivals(tmp_path: Path) -> AsyncIterator[Epoch]:
    epoch = Epoch(tmp_path / "arrivals.epoch")
    yield epoch
    epoch.close()


@pytest.fixture
async def reader(replicas: Replicas, tmp_path: Path, arrivals: Epoch) -> AsyncIterator[Reader]:
    """A study of a series of three pictures and one of a single report."""
    await put(replicas, tmp_path / "in", picture(1), picture(2), picture(3), report())
    tiers, epoch = Tiers(1 << 24), Epoch(tmp_path / "archive.epoch")
    yield Reader(tiers, replicas, epoch, arrivals)
    await tiers.close()
    epoch.close()


def report() -> bytes:
    names = {"StudyInstanceUID": STUDY, "SeriesInstanceUID": OTHER_SERIES, "SOPInstanceUID": "1.2.3.8", "InstanceNumber": 1}
    return samples.instance(**names, SeriesNumber=0)  # type: ignore[arg-type]  # attributes


def asker(**more: frozenset[tuple[str, ...]] | frozenset[str]) -> Asker:
    grant = Grant("somebody", Role.PATIENT, "session", NOW + timedelta(hours=1), **more)  # type: ignore[arg-type]  # one of three
    return Asker(grant, NOW)


WHOLE_HOSPITAL = asker(hospitals=frozenset({"demo"}))
ONE_STUDY = asker(studies=frozenset({("demo", STUDY)}))
ONE_SERIES = asker(series=frozenset({("demo", STUDY, OTHER_SERIES)}))
NOBODY = asker(hospitals=frozenset({"other"}))


async def test_a_grant_shows_what_it_names_and_nothing_else(reader: Reader) -> None:
    for seeing, count in ((WHOLE_HOSPITAL, 4), (ONE_STUDY, 4), (ONE_SERIES, 1)):
        assert len(await places.instances(seeing, Place(STUDY))) == count
    with pytest.raises(NotFound):
        await places.instances(ONE_SERIES, Place(STUDY, SERIES))
    with pytest.raises(NotFound):
        await places.instances(NOBODY, Place(STUDY))


async def test_an_instance_outside_the_grant_is_not_found(reader: Reader) -> None:
    where = Place(STUDY, SERIES, f"{STUDY}.6.1")
    assert (await places.instance(reader, ONE_STUDY, where)).sop_uid == where.sop_uid
    for seeing in (ONE_SERIES, NOBODY):
        with pytest.raises(NotFound):
            await places.instance(reader, seeing, where)


async def test_nothing_is_shown_once_the_grant_is_over(reader: Reader) -> None:
    late = Asker(ONE_STUDY.grant, NOW + timedelta(hours=1))
    with pytest.raises(Unauthenticated):
        await places.instance(reader, late, Place(STUDY, SERIES, f"{STUDY}.6.1"))
    with pytest.raises(Unauthenticated):
        await places.instances(late, Place(STUDY))


async def test_the_middle_picture_stands_for_a_series_and_for_its_study(reader: Reader) -> None:
    for where in (Place(STUDY, SERIES), Place(STUDY)):
        assert (await places.representative(reader, ONE_STUDY, where)).sop_uid == f"{STUDY}.6.2"


async def test_what_stands_for_a_study_is_inside_the_grant(reader: Reader) -> None:
    assert (await places.representative(reader, ONE_SERIES, Place(STUDY))).sop_uid == "1.2.3.8"
    with pytest.raises(NotFound):
        await places.representative(reader, ONE_SERIES, Place(STUDY, SERIES))
    with pytest.raises(NotFound):
        await places.representative(reader, NOBODY, Place(STUDY))


async def test_a_series_without_pictures_has_one_too(reader: Reader) -> None:
    assert (await places.representative(reader, ONE_STUDY, Place(STUDY, OTHER_SERIES))).sop_uid == "1.2.3.8"


async def test_an_arrival_moves_the_middle_at_once(reader: Reader, replicas: Replicas, tmp_path: Path, arrivals: Epoch) -> None:
    before = await places.representative(reader, ONE_STUDY, Place(STUDY, SERIES))
    await put(replicas, tmp_path / "more", picture(4), picture(5))
    assert (await places.representative(reader, ONE_STUDY, Place(STUDY, SERIES))).sop_uid == before.sop_uid
    arrivals.advance()
    assert (await places.representative(reader, ONE_STUDY, Place(STUDY, SERIES))).sop_uid == f"{STUDY}.6.3"


async def test_another_machines_arrival_is_seen_a_second_later(reader: Reader, replicas: Replicas, tmp_path: Path) -> None:
    await places.representative(reader, ONE_STUDY, Place(STUDY, SERIES))
    await put(replicas, tmp_path / "more", picture(4), picture(5))
    later = Asker(ONE_STUDY.grant, NOW + timedelta(seconds=1))
    assert (await places.representative(reader, later, Place(STUDY, SERIES))).sop_uid == f"{STUDY}.6.3"


def test_a_place_has_uids_only() -> None:
    assert place("1.2", "1.3", "1.4") == Place("1.2", "1.3", "1.4")
    for wrong in (("x",), ("1.2", ""), ("1.2", "1.3", "../1.4"), ("1." + "2" * 64,)):
        with pytest.raises(Malformed):
            place(*wrong)

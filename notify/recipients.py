"""Where a patient can be reached: the channels of their hospital in its order, each with an address on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from identity.models import Binding, Login
from infra.sealing import Sealer
from notify import templates
from notify.channels import PHONE, Channel
from notify.models import Contact, NoticeTemplate
from records import lineage
from records.models import PatientPhone, PatientRecord

SUBJECTS = ("openid", "userid")  # kinds of logins that messages go to; a union id is none


@dataclass(frozen=True, slots=True)
class Way:
    """One channel to somebody, and the address there. `template` None: the channel sends our own words."""

    channel: str
    to: str
    template: NoticeTemplate | None


async def ways_to_patient(
    sealer: Sealer, channels: Mapping[str, Channel], order: Sequence[str], record: PatientRecord, kind: str
) -> list[Way]:
    """All ways to a patient, the best first; none for whom no channel reaches."""
    rows, persons = await _templates(record.hospital_id, kind), await _bound_persons(record)
    found = []
    for name in _ordered(channels, order):
        if name not in rows and templates.needs_template(name):
            continue
        to = await _address(sealer, record, persons, channels[name])
        if to:
            found.append(Way(name, to, rows.get(name)))
    return found


async def ways_to_contact(
    sealer: Sealer, channels: Mapping[str, Channel], order: Sequence[str], contact: Contact, kind: str
) -> list[Way]:
    """As `ways_to_patient`, to a telephone of the staff."""
    rows = await _templates(contact.hospital_id, kind)
    by_phone = [name for name in _ordered(channels, order) if channels[name].address == PHONE]
    usable = [name for name in by_phone if name in rows or not templates.needs_template(name)]
    return [Way(name, sealer.open(contact.sealed), rows.get(name)) for name in usable]


def index_of(sealer: Sealer, way: Way, channels: Mapping[str, Channel]) -> str:
    """By which messages to one address are counted."""
    kind = channels[way.channel].address
    return sealer.index(kind, way.to)


def _ordered(channels: Mapping[str, Channel], order: Sequence[str]) -> Iterable[str]:
    return [name for name in order if name in channels] if order else sorted(channels)


async def _templates(hospital: str, kind: str) -> dict[str, NoticeTemplate]:
    return {row.channel: row for row in await NoticeTemplate.filter(hospital_id=hospital, kind=kind)}


async def _address(sealer: Sealer, record: PatientRecord, persons: Sequence[str], channel: Channel) -> str:
    """The hospital's own number of the patient, or what a bound person logs in with; empty for none."""
    if channel.address == PHONE:
        phone = await PatientPhone.filter(record_id=record.id, usable=True).order_by("id").first()
        return sealer.open(phone.sealed) if phone else ""
    if not persons:
        return ""
    logins = Login.filter(provider=channel.address, kind__in=SUBJECTS, person_id__in=persons)
    app_id = getattr(channel, "app_id", "")  # a subject is good in its own app alone
    login = await logins.filter(**({"app_id": app_id} if app_id else {})).order_by("-id").first()
    return sealer.open(login.sealed) if login else ""


async def _bound_persons(record: PatientRecord) -> list[str]:
    """Who proved that this record, or one that was merged into it, is theirs; not their family."""
    numbers = await lineage.numbers(record)
    bound = Binding.filter(record__hospital_id=record.hospital_id, record__patient_id__in=numbers, revoked_at=None)
    return sorted({row.person_id for row in await bound})

"""Where people can be reached: the channels of their hospital in its order, each with an address on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from identity.models import Binding, Login
from infra.sealing import Sealer
from notify import templates, wishes
from notify.channels import PHONE, Channel
from notify.models import Contact, NoticeTemplate
from notify.wishes import WAYS, Wishes
from records import lineage
from records.models import PatientPhone, PatientRecord

SUBJECTS = ("openid", "userid")  # kinds of logins that messages go to; a union id is none

Templates = Mapping[str, NoticeTemplate]  # by channel


@dataclass(frozen=True, slots=True)
class Way:
    """One channel to somebody, and the address there. `template` None: the channel sends our own words."""

    channel: str
    to: str
    template: NoticeTemplate | None


@dataclass(frozen=True, slots=True)
class People:
    """Patients: recipient → the record that counts; by that record's id what they want, and where they are reached."""

    records: Mapping[str, PatientRecord]
    wishes: Wishes
    phones: Mapping[str, PatientPhone]
    logins: Mapping[str, Sequence[Login]]


async def people(record_ids: Iterable[str], channels: Iterable[Channel]) -> People:
    """All these patients in a few questions."""
    counts = await lineage.survivors(set(record_ids))
    rows = {row.id: row for row in await PatientRecord.filter(id__in=list(set(counts.values())))} if counts else {}
    members = await lineage.members(rows)
    beyond_phones = {channel.address for channel in channels} - {PHONE}
    return People(
        {each: rows[last] for each, last in counts.items() if last in rows},
        await wishes.of(members),
        await _phones(rows),
        await _logins(members, beyond_phones),
    )


async def templates_of(hospitals: Collection[str], kinds: Collection[str]) -> Mapping[tuple[str, str], Templates]:
    """(hospital, kind) → its templates."""
    found: dict[tuple[str, str], dict[str, NoticeTemplate]] = defaultdict(dict)
    for row in await NoticeTemplate.filter(hospital_id__in=list(hospitals), kind__in=list(kinds)):
        found[row.hospital_id, row.kind][row.channel] = row
    return found


def ways_to_patient(
    sealer: Sealer,
    channels: Mapping[str, Channel],
    order: Sequence[str],
    known: People,
    record: PatientRecord,
    kind: str,
    rows: Templates,
) -> list[Way]:
    """All ways to a patient that they want, the best first; none for whom no channel reaches."""
    found = []
    for name in _usable(channels, order, rows):
        channel = channels[name]
        if not known.wishes.wants(record.id, kind, WAYS.get(channel.address, channel.address)):
            continue
        to = _address(sealer, known, record, channel)
        if to:
            found.append(Way(name, to, rows.get(name)))
    return found


def ways_to_contact(
    sealer: Sealer, channels: Mapping[str, Channel], order: Sequence[str], contact: Contact, rows: Templates
) -> list[Way]:
    """As `ways_to_patient`, to a telephone of the staff."""
    by_phone = [name for name in _usable(channels, order, rows) if channels[name].address == PHONE]
    return [Way(name, sealer.open(contact.sealed), rows.get(name)) for name in by_phone]


def index_of(sealer: Sealer, way: Way, channels: Mapping[str, Channel]) -> str:
    """By which messages to one address are counted."""
    kind = channels[way.channel].address
    return sealer.index(kind, way.to)


def _usable(channels: Mapping[str, Channel], order: Sequence[str], rows: Templates) -> list[str]:
    ordered = [name for name in order if name in channels] if order else sorted(channels)
    return [name for name in ordered if name in rows or not templates.needs_template(name)]


def _address(sealer: Sealer, known: People, record: PatientRecord, channel: Channel) -> str:
    """The hospital's own number of the patient, or what a bound person logs in with; empty for none."""
    if channel.address == PHONE:
        phone = known.phones.get(record.id)
        return sealer.open(phone.sealed) if phone else ""
    app_id = getattr(channel, "app_id", "")  # a subject is good in its own app alone
    theirs = (each for each in known.logins.get(record.id, ()) if each.provider == channel.address)
    login = next((each for each in theirs if app_id in ("", each.app_id)), None)
    return sealer.open(login.sealed) if login else ""


async def _phones(record_ids: Iterable[str]) -> dict[str, PatientPhone]:
    """The first usable one of each."""
    rows = await PatientPhone.filter(record_id__in=list(record_ids), usable=True).order_by("-id")
    return {row.record_id: row for row in rows}


async def _logins(members: Mapping[str, str], providers: Collection[str]) -> dict[str, list[Login]]:
    """Newest first, of who proved that a record, or one that was merged into it, is theirs; not their family."""
    bound: dict[str, set[str]] = defaultdict(set)
    if providers:
        for binding in await Binding.filter(record_id__in=list(members), revoked_at=None):
            bound[binding.person_id].add(members[binding.record_id])
    found: dict[str, list[Login]] = defaultdict(list)
    if bound:
        logins = Login.filter(provider__in=list(providers), kind__in=SUBJECTS, person_id__in=list(bound))
        for login in await logins.order_by("-id"):
            for record_id in bound[login.person_id]:
                found[record_id].append(login)
    return found

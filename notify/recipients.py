"""Where people can be reached: the channels of their hospital in its order, each with an address on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from identity.models import Binding, Login, PersonPhone
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
    """Whom a round may tell: by a key what each wants, the sealed number of their phone, and their logins, newest first.

    A patient's key is the id of the record that counts; `records` leads from the recipient of a notice to it. An owner's key
    is that of `owner`.
    """

    records: Mapping[str, PatientRecord]
    wishes: Wishes
    phones: Mapping[str, bytes]
    logins: Mapping[str, Sequence[Login]]


def owner(person: str, hospital: str) -> str:
    """Key of who has an account, as far as one hospital goes."""
    return f"{person} {hospital}"


async def owners(pairs: Collection[tuple[str, str]], channels: Iterable[Channel]) -> People:
    """Persons with accounts, each with a hospital: reached by what they log in with."""
    persons = sorted({person for person, _ in pairs})
    records: dict[str, list[str]] = defaultdict(list)
    for row in await Binding.filter(person_id__in=persons, revoked_at=None) if persons else []:
        records[owner(row.person_id, row.hospital_id)].append(row.record_id)
    said = await wishes.of({record: record for each in records.values() for record in each})
    keys = {person: [owner(*pair) for pair in pairs if pair[0] == person] for person in persons}
    phones = await PersonPhone.filter(person_id__in=persons).order_by("proved_at") if persons else []
    logins: dict[str, list[Login]] = defaultdict(list)
    for login in await _newest_logins(persons, channels):
        for key in keys[login.person_id]:
            logins[key].append(login)
    return People(
        {},
        said.together({owner(*pair): records.get(owner(*pair), ()) for pair in pairs}),
        {key: bytes(row.sealed) for row in phones for key in keys[row.person_id]},
        logins,
    )


async def people(record_ids: Iterable[str], channels: Collection[Channel]) -> People:
    """All these patients in a few questions."""
    counts = await lineage.survivors(set(record_ids))
    rows = {row.id: row for row in await PatientRecord.filter(id__in=list(set(counts.values())))} if counts else {}
    members = await lineage.members(rows)
    return People(
        {each: rows[last] for each, last in counts.items() if last in rows},
        await wishes.of(members),
        await _phones(rows),
        await _logins(members, channels),
    )


async def templates_of(hospitals: Collection[str], kinds: Collection[str]) -> Mapping[tuple[str, str], Templates]:
    """(hospital, kind) → its templates."""
    found: dict[tuple[str, str], dict[str, NoticeTemplate]] = defaultdict(dict)
    for row in await NoticeTemplate.filter(hospital_id__in=list(hospitals), kind__in=list(kinds)):
        found[row.hospital_id, row.kind][row.channel] = row
    return found


def ways_to_person(
    sealer: Sealer, channels: Mapping[str, Channel], order: Sequence[str], known: People, key: str, kind: str, rows: Templates
) -> list[Way]:
    """All ways to a patient or an owner that they want, the best first; none for whom no channel reaches."""
    found = []
    for name in _usable(channels, order, rows):
        channel = channels[name]
        if not known.wishes.wants(key, kind, WAYS.get(channel.address, channel.address)):
            continue
        to = _address(sealer, known, key, channel)
        if to:
            found.append(Way(name, to, rows.get(name)))
    return found


def ways_to_contact(
    sealer: Sealer, channels: Mapping[str, Channel], order: Sequence[str], contact: Contact, rows: Templates
) -> list[Way]:
    """As `ways_to_person`, to a telephone of the staff."""
    by_phone = [name for name in _usable(channels, order, rows) if channels[name].address == PHONE]
    return [Way(name, sealer.open(contact.sealed), rows.get(name)) for name in by_phone]


def index_of(sealer: Sealer, way: Way, channels: Mapping[str, Channel]) -> str:
    """By which messages to one address are counted."""
    kind = channels[way.channel].address
    return sealer.index(kind, way.to)


def _usable(channels: Mapping[str, Channel], order: Sequence[str], rows: Templates) -> list[str]:
    ordered = [name for name in order if name in channels] if order else sorted(channels)
    return [name for name in ordered if name in rows or not templates.needs_template(name)]


def _address(sealer: Sealer, known: People, key: str, channel: Channel) -> str:
    """A patient's number as the hospital has it, an owner's as proved, or what they log in with; empty for none."""
    if channel.address == PHONE:
        phone = known.phones.get(key)
        return sealer.open(phone) if phone else ""
    app_id = getattr(channel, "app_id", "")  # a subject is good in its own app alone
    theirs = (each for each in known.logins.get(key, ()) if each.provider == channel.address)
    login = next((each for each in theirs if app_id in ("", each.app_id)), None)
    return sealer.open(login.sealed) if login else ""


async def _phones(record_ids: Iterable[str]) -> dict[str, bytes]:
    """The first usable one of each."""
    rows = await PatientPhone.filter(record_id__in=list(record_ids), usable=True).order_by("-id")
    return {row.record_id: bytes(row.sealed) for row in rows}


async def _logins(members: Mapping[str, str], channels: Iterable[Channel]) -> dict[str, list[Login]]:
    """Of who proved that a record, or one that was merged into it, is theirs; not of their family."""
    beyond_phones = [channel for channel in channels if channel.address != PHONE]
    bound: dict[str, set[str]] = defaultdict(set)
    for row in await Binding.filter(record_id__in=list(members), revoked_at=None) if beyond_phones else []:
        bound[row.person_id].add(members[row.record_id])
    found: dict[str, list[Login]] = defaultdict(list)
    for login in await _newest_logins(bound, beyond_phones):
        for record_id in bound[login.person_id]:
            found[record_id].append(login)
    return found


async def _newest_logins(persons: Iterable[str], channels: Iterable[Channel]) -> list[Login]:
    providers, wanted = sorted({channel.address for channel in channels} - {PHONE}), list(persons)
    if not (providers and wanted):
        return []
    return await Login.filter(provider__in=providers, kind__in=SUBJECTS, person_id__in=wanted).order_by("-id")

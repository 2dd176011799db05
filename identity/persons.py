"""Persons: all the ways in which one logs in lead to the same one. None of them says whose films may be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.errors import Conflict, NotFound, Unauthenticated
from core.uids import row_id, uuid7
from identity.events import person_joined
from identity.models import Binding, Consent, Feedback, Login, PairingCode, Person, PersonPhone, Proxy, ServiceEvent, SignIn
from infra.database import transaction
from infra.sealing import Sealer


@dataclass(frozen=True, slots=True)
class Account:
    """An account elsewhere. `app_id` is empty for a subject that is the same in all apps of one owner."""

    provider: str
    app_id: str
    kind: str
    subject: str


@dataclass(frozen=True, slots=True)
class HeldPhone:
    """A phone of a person. Its id is the keyed hash of the number."""

    id: str
    number: str
    proved_at: datetime


class Persons:
    """Finds persons by what they proved, and makes new ones."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    async def of_phone(self, phone: str, now: datetime) -> str:
        """The id of who holds this phone, which was proved just now; a new person when nobody did."""
        async with transaction():
            known = await PersonPhone.get_or_none(index=self._sealer.index("phone", phone))
            if known is not None:
                return await self._holder(phone, known.person_id, now)
            new = await _new_person(now)
            holder = await self._holder(phone, new, now)
            if holder != new:  # another request was first
                await Person.filter(id=new).delete()
            return holder

    async def of_accounts(self, accounts: Sequence[Account], now: datetime) -> str:
        """The id of who has these accounts, all proved just now. The first that is known decides, the others join it."""
        async with transaction():
            known = [row.person_id for each in accounts if (row := await self._login(each))]
            person = known[0] if known else await _new_person(now)
            for other in dict.fromkeys(known):
                await _join(other, person, now)
            for each in accounts:
                await self._add_login(each, person, now)
            return person

    async def add_phone(self, person: str, phone: str, now: datetime) -> None:
        """`person` proved to hold this phone just now. Whoever else did is the same person from now on."""
        async with transaction():
            holder = await self._holder(phone, person, now)
            await _join(holder, person, now)

    async def phones(self, person: str) -> list[HeldPhone]:
        """The phones of a person, the last proved first."""
        rows = await PersonPhone.filter(person_id=person).order_by("-proved_at")
        return [HeldPhone(row.index, self._sealer.open(row.sealed), row.proved_at) for row in rows]

    async def remove_phone(self, person: str, phone_id: str) -> None:
        """Give up a phone; raises NotFound, and Conflict for the only way by which a person can log in."""
        async with transaction():
            await Person.filter(id=person).select_for_update().first()
            mine = [row.index for row in await PersonPhone.filter(person_id=person)]
            if phone_id not in mine:
                raise NotFound("no such phone")
            if len(mine) == 1 and not await Login.exists(person_id=person):
                raise Conflict("it is the only way to log in")
            await PersonPhone.filter(index=phone_id).delete()

    async def _holder(self, phone: str, otherwise: str, now: datetime) -> str:
        """Who holds the phone, `otherwise` that person from now on."""
        index = self._sealer.index("phone", phone)
        new = PersonPhone(index=index, person_id=otherwise, sealed=self._sealer.seal(phone), proved_at=now)
        await PersonPhone.bulk_create([new], ignore_conflicts=True)
        row = await PersonPhone.filter(index=index).select_for_update().get()
        await PersonPhone.filter(index=index).update(proved_at=now)
        return row.person_id

    async def _login(self, account: Account) -> Login | None:
        return await Login.get_or_none(
            provider=account.provider,
            app_id=account.app_id,
            kind=account.kind,
            subject_index=self._index(account),
        )

    async def _add_login(self, account: Account, person: str, now: datetime) -> None:
        row = Login(
            id=row_id(),
            person_id=person,
            provider=account.provider,
            app_id=account.app_id,
            kind=account.kind,
            subject_index=self._index(account),
            sealed=self._sealer.seal(account.subject),
            created_at=now,
        )
        await Login.bulk_create([row], ignore_conflicts=True)

    def _index(self, account: Account) -> str:
        return self._sealer.index(f"{account.provider}:{account.app_id}:{account.kind}", account.subject)


async def require_person(person: str) -> Person:
    """The person; raises Unauthenticated for one who gave up the account."""
    row = await Person.get_or_none(id=person, deleted_at=None)
    if row is None:
        raise Unauthenticated("nobody has this id")
    return row


async def _new_person(now: datetime) -> str:
    return (await Person.create(id=uuid7(), created_at=now)).id


async def _join(other: str, person: str, now: datetime) -> None:
    """All that `other` has becomes `person`'s; the sessions of `other` end."""
    if other == person:
        return
    await PersonPhone.filter(person_id=other).update(person_id=person)
    await Login.filter(person_id=other).update(person_id=person)
    await ServiceEvent.filter(person_id=other).update(person_id=person)
    await Feedback.filter(person_id=other).update(person_id=person)
    await PairingCode.filter(person_id=other).delete()
    await SignIn.filter(person_id=other, revoked_at=None).update(revoked_at=now)
    for proxy in await Proxy.filter(person_id=other, revoked_at=None):
        await Proxy.filter(live=live_key(person, proxy.record_id)).update(revoked_at=now, live=None)
        await Proxy.filter(id=proxy.id).update(person_id=person, live=live_key(person, proxy.record_id))
    for consent in await Consent.filter(person_id=other, withdrawn_at=None):  # what it opened is bound and comes along
        await Consent.filter(live=live_key(person, consent.kind)).update(withdrawn_at=now, live=None)
        await Consent.filter(id=consent.id).update(person_id=person, live=live_key(person, consent.kind))
    bound = {each.record_id for each in await Binding.filter(person_id=person, revoked_at=None)}
    for binding in await Binding.filter(person_id=other, revoked_at=None):
        if binding.record_id in bound:
            await Binding.filter(id=binding.id).update(revoked_at=now, live=None)
            continue
        await Binding.filter(id=binding.id).update(person_id=person, live=live_key(person, binding.record_id))
    await Person.filter(id=other).update(deleted_at=now)
    await person_joined(other, person, now)


def live_key(person: str, record: str) -> str:
    """What makes a second live binding of the same person and record impossible."""
    return f"{person}:{record}"

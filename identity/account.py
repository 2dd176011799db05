"""Giving an account up, or taking a copy of it along. What hospitals say of a patient is theirs to keep, by law."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from identity.feedback import Feedbacks, erase_all_of
from identity.models import Binding, Consent, Login, PairingCode, Person, PersonPhone, Proxy, ServiceEvent, SignIn
from infra.database import transaction
from infra.epoch import Epoch
from infra.sealing import Sealer


async def export(person: str, sealer: Sealer) -> dict[str, list[dict[str, Any]]]:
    """All that is kept of a person beside the hospitals' records; times as datetimes."""
    return {
        "phones": [
            {"number": sealer.open(row.sealed), "proved_at": row.proved_at}
            for row in await PersonPhone.filter(person_id=person).order_by("proved_at")
        ],
        "logins": [
            {"provider": row.provider, "kind": row.kind, "subject": sealer.open(row.sealed), "since": row.created_at}
            for row in await Login.filter(person_id=person).order_by("id")
        ],
        "sign_ins": await SignIn.filter(person_id=person).order_by("at").values("way", "at", "revoked_at"),
        "bindings": await Binding.filter(person_id=person)
        .order_by("proved_at")
        .values("hospital_id", "kind", "masked_value", "factors", "proved_at", "revoked_at"),
        "activations": await ServiceEvent.filter(person_id=person)
        .order_by("at", "id")
        .values("exam_id", "kind", "way", "at", "notice_version", "fee_state"),
        "consents": await Consent.filter(person_id=person)
        .order_by("given_at")
        .values("kind", "agreed", "version", "given_at", "withdrawn_at"),
        "family": await Proxy.filter(person_id=person)
        .order_by("granted_at")
        .values("relation", "evidence", "granted_at", "expires_at", "revoked_at"),
        "feedback": await Feedbacks(sealer).all_of(person),
    }


async def subjects(person: str) -> list[str]:
    """Keyed hashes of the accounts elsewhere by which a person logs in."""
    return [row.subject_index for row in await Login.filter(person_id=person).order_by("id")]


async def delete(person: str, epoch: Epoch, now: datetime) -> None:
    """Logins, phones and feedback go; bindings, family and sessions end. The id stays, since the audit trail names it."""
    async with transaction():
        await PersonPhone.filter(person_id=person).delete()
        await PairingCode.filter(person_id=person).delete()
        await Login.filter(person_id=person).delete()
        await Binding.filter(person_id=person, revoked_at=None).update(revoked_at=now, live=None)
        await Proxy.filter(person_id=person, revoked_at=None).update(revoked_at=now, live=None)
        await Consent.filter(person_id=person, withdrawn_at=None).update(withdrawn_at=now, live=None)
        await erase_all_of(person, now)
        await SignIn.filter(person_id=person, revoked_at=None).update(revoked_at=now)
        await Person.filter(id=person).update(deleted_at=now)
    epoch.advance()

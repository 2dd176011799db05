"""Tables of the machine room: the durable outbox, and the audit trail with its heads, cuts and names of staff."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.indexes import Index

from infra.tables import Model


class OutboxState(StrEnum):
    """Where a piece of promised work stands."""

    WAITING = "waiting"
    DONE = "done"
    DEAD = "dead"  # tried often enough; a person must look


class Outbox(Model):
    """Work promised in the transaction that made it necessary, done later at least once."""

    id = fields.BigIntField(primary_key=True, description="row id")
    topic = fields.CharField(max_length=32, description="what kind of work")
    key = fields.CharField(max_length=200, description="once a topic: promising it again changes nothing")
    payload: fields.JSONField[dict[str, Any]] = fields.JSONField(
        description="what the worker must know: ids only, never personal data"
    )
    state = fields.CharEnumField(OutboxState, max_length=8, default=OutboxState.WAITING, description="where it stands")
    attempts = fields.IntField(default=0, description="times tried")
    due_at = fields.DatetimeField(description="not before")
    leased_until = fields.DatetimeField(null=True, description="a worker has it until then")
    fence = fields.IntField(default=0, description="grows with each lease, so that a late worker cannot settle")
    last_error = fields.CharField(max_length=300, default="", description="why the last try failed")
    created_at = fields.DatetimeField(auto_now_add=True, description="when it was promised")
    settled_at = fields.DatetimeField(null=True, description="when it became done or dead")

    class Meta:
        table = "outbox"
        unique_together = (("topic", "key"),)
        indexes = (Index(fields=("state", "due_at")),)


class AuditEntry(Model):
    """One thing that someone did or was refused, chained by hash to the one before it in the same hospital."""

    id = fields.BigIntField(primary_key=True, description="row id")
    chain = fields.CharField(max_length=32, description="hospital code, or - for the deployment itself")
    number = fields.BigIntField(description="position in the chain, from 1 without gaps")
    at = fields.DatetimeField(description="when, or the first of its minute for counted reads")
    action = fields.CharField(max_length=32, description="store, read, delete, refuse, …")
    outcome = fields.CharField(max_length=16, description="done or refused")
    role = fields.CharField(max_length=16, description="role of who asked")
    subject = fields.CharField(max_length=64, description="who asked, as a pseudonymous id")
    session = fields.CharField(max_length=64, description="session id, never a token")
    address = fields.CharField(max_length=64, description="network address")
    device = fields.CharField(max_length=32, default="", description="coarse kind of device, such as WeChat on Android")
    study_uid = fields.CharField(max_length=64, default="", description="which study, if one")
    what = fields.CharField(max_length=32, default="", description="kind of access: metadata, frames, rendered, …")
    detail: fields.JSONField[dict[str, Any]] = fields.JSONField(description="more, without personal data")
    count = fields.IntField(default=1, description="how often within that minute")
    count_proof = fields.CharField(max_length=64, default="", description="keyed hash of hash and count, once counted")
    algorithm = fields.CharField(max_length=16, description="of the hash, e.g. hmac-sha256")
    previous = fields.CharField(max_length=64, description="hash of the entry before")
    hash = fields.CharField(max_length=64, description="over previous and every field but count and count_proof")

    class Meta:
        table = "audit_entry"
        unique_together = (("chain", "number"),)
        indexes = (Index(fields=("chain", "study_uid", "number")), Index(fields=("at",)))


class AuditHead(Model):
    """The end of each chain: who appends locks it, and a cut-off tail shows."""

    chain = fields.CharField(max_length=32, primary_key=True, description="which chain")
    number = fields.BigIntField(default=0, description="number of the newest entry")
    hash = fields.CharField(max_length=64, default="", description="hash of the newest entry")

    class Meta:
        table = "audit_head"


class AuditCut(Model):
    """The oldest entries of a chain were removed on purpose, after their term: where the chain begins since then."""

    chain = fields.CharField(max_length=32, primary_key=True, description="which chain")
    number = fields.BigIntField(description="number of the newest entry that was removed")
    hash = fields.CharField(max_length=64, description="hash of that entry, which the next one follows")
    at = fields.DatetimeField(description="when it was cut last")
    subject = fields.CharField(max_length=64, description="who cut it, as a pseudonymous id")
    proof = fields.CharField(max_length=64, description="keyed hash of all of it: nobody else can have cut it")

    class Meta:
        table = "audit_cut"


class StaffSession(Model):
    """The member of staff behind a session: kept as long as the entries that name the session, which itself is forgotten."""

    session = fields.CharField(max_length=64, primary_key=True, description="session id, as in the audit trail")
    department = fields.CharField(max_length=64, default="", description="code or name of the department")
    sealed_name = fields.BinaryField(null=True, description="the name, encrypted")

    class Meta:
        table = "staff_session"


class AccessToken(Model):
    """The access token of one app at a third party. Who renews it holds the lease, the others wait or use the old one."""

    app = fields.CharField(max_length=96, primary_key=True, description="provider and app id")
    sealed = fields.BinaryField(null=True, description="the token, encrypted")
    expires_at = fields.DatetimeField(null=True, description="end of its life")
    leased_until = fields.DatetimeField(null=True, description="one process renews it until then")

    class Meta:
        table = "access_token"

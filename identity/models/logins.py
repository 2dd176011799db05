"""Tables of logging in: by which platform, codes by SMS, limits of tries, and keys of hospitals that vouch for a person."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.indexes import Index

from identity.models.persons import Person
from infra.tables import Model


class Login(Model):
    """One account elsewhere by which a person logs in."""

    id = fields.BigIntField(primary_key=True, description="row id")
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "identity.Person", related_name="logins", on_delete=fields.RESTRICT, description="whose"
    )
    person_id: str
    provider = fields.CharField(max_length=16, description="wechat, alipay or handoff")
    app_id = fields.CharField(max_length=64, description="to which app the subject belongs, empty for a union id")
    kind = fields.CharField(max_length=16, description="openid, unionid or subject")
    subject_index = fields.CharField(max_length=64, description="keyed hash of the subject")
    sealed = fields.BinaryField(description="the subject, encrypted: messages are sent to it")
    created_at = fields.DatetimeField(description="first login with it")

    class Meta:
        table = "login"
        unique_together = (("provider", "app_id", "kind", "subject_index"),)


class SmsChallenge(Model):
    """A code that was sent to a phone: good once, for ten minutes, for five tries."""

    id = fields.CharField(max_length=32, primary_key=True, description="random, 128 bits")
    purpose = fields.CharField(max_length=16, description="what the code is for: login, family")
    phone_index = fields.CharField(max_length=64, description="keyed hash of the number")
    sealed = fields.BinaryField(description="the number, encrypted")
    code_hash = fields.CharField(max_length=64, description="keyed hash of challenge and code")
    tries_left = fields.IntField(description="codes that will still be looked at")
    expires_at = fields.DatetimeField(description="end of its life")
    used_at = fields.DatetimeField(null=True, description="when the right code came")

    class Meta:
        table = "sms_challenge"
        indexes = (Index(fields=("expires_at",)),)


class Gate(Model):
    """What is limited in number: who counts a try holds the row until the count is safe."""

    key = fields.CharField(max_length=96, primary_key=True, description="kind and keyed hash, or kind and our id")

    class Meta:
        table = "gate"


class Attempt(Model):
    """One counted try at a gate."""

    id = fields.BigIntField(primary_key=True, description="row id")
    key = fields.CharField(max_length=96, description="which gate")
    at = fields.DatetimeField(description="when")

    class Meta:
        table = "attempt"
        indexes = (Index(fields=("key", "at")), Index(fields=("at",)))


class OnceUsed(Model):
    """Something signed elsewhere that is good once, and has been used."""

    key = fields.CharField(max_length=64, primary_key=True, description="SHA-256 of what was used")
    forget_at = fields.DatetimeField(description="when it would be refused for its age anyway")

    class Meta:
        table = "once_used"


class HandoffKey(Model):
    """The public key by which a hospital's own app vouches for who logged in there."""

    id = fields.BigIntField(primary_key=True, description="row id")
    hospital: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Hospital", related_name="handoff_keys", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    key_id = fields.CharField(max_length=64, description="kid in the header of its tokens")
    algorithm = fields.CharField(max_length=8, description="the one that this key signs with: ES256, RS256 or EdDSA")
    public_key = fields.TextField(description="PEM")
    created_at = fields.DatetimeField(description="since when")
    revoked_at = fields.DatetimeField(null=True, description="not taken any more")

    class Meta:
        table = "handoff_key"
        unique_together = (("hospital", "key_id"),)

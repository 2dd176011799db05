"""Tables of links, and of the keys by which hospitals sign printed codes."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.indexes import Index

from infra.tables import Model


class IssuedLink(Model):
    """A link that paper, a message or a share carries. The token itself is not stored."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    kind = fields.CharField(max_length=8, description="exam, notice, share or check")
    hospital: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Hospital", related_name="links", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    subject = fields.CharField(max_length=64, description="id of what it opens")
    person_id = fields.CharField(max_length=36, null=True, description="id of the person or patient record it was made for")
    generation = fields.IntField(description="from 1, one more for each that took its place on paper")
    hash = fields.CharField(max_length=64, unique=True, description="keyed hash of the token")
    tries_left = fields.IntField(default=5, description="wrong answers that it still bears, in all its life")
    issued_at = fields.DatetimeField(description="when")
    expires_at = fields.DatetimeField(null=True, description="end of its life, null = none")
    revoked_at = fields.DatetimeField(null=True, description="ended before that")
    live = fields.CharField(max_length=128, null=True, unique=True, description="kind and subject of the one on paper")

    class Meta:
        table = "link"
        indexes = (Index(fields=("hospital_id", "kind", "subject", "generation")),)


class LinkTry(Model):
    """A try of a link, held while an answer is looked at."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    link: fields.ForeignKeyRelation[IssuedLink] = fields.ForeignKeyField(
        "identity.IssuedLink", related_name="tries_held", on_delete=fields.RESTRICT, description="of which link"
    )
    link_id: str
    until = fields.DatetimeField(description="then it is free again, whatever became of its answer")

    class Meta:
        table = "link_try"
        indexes = (Index(fields=("link_id",)), Index(fields=("until",)))


class QrKey(Model):
    """The key by which a hospital signs its printed QR codes, so that they can be checked without a network."""

    id = fields.CharField(max_length=8, primary_key=True, description="beginning of the hash of the public key")
    hospital: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Hospital", related_name="qr_keys", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    public = fields.CharField(max_length=44, description="Ed25519 public key, base64url (RFC 8037)")
    sealed = fields.BinaryField(description="the private key, encrypted")
    created_at = fields.DatetimeField(description="since when")
    retired_at = fields.DatetimeField(null=True, description="signs no more, and is still believed")
    withdrawn_at = fields.DatetimeField(null=True, description="is not believed any more: it fell into other hands")
    live = fields.CharField(max_length=32, null=True, unique=True, description="the hospital, null once it signs no more")

    class Meta:
        table = "qr_key"
        indexes = (Index(fields=("hospital_id",)),)

"""Tables of sign-ins, their sessions, and of short codes that make one on another device."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.indexes import Index

from identity.models.persons import Person
from infra.tables import Model


class SignIn(Model):
    """One login on one device: all its sessions and refresh tokens end with it."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "identity.Person", related_name="sign_ins", on_delete=fields.RESTRICT, description="who"
    )
    person_id: str
    way = fields.CharField(max_length=16, description="sms, wechat, alipay, handoff")
    at = fields.DatetimeField(description="when")
    device = fields.CharField(max_length=64, default="", description="kind of device, as its browser says")
    place = fields.CharField(max_length=16, default="", description="this-machine, internal, internet or unknown")
    network = fields.CharField(max_length=64, default="", description="its address without what names one machine")
    revoked_at = fields.DatetimeField(null=True, description="logged out, or a refresh token came twice")

    class Meta:
        table = "sign_in"


class Session(Model):
    """One issued bearer token, so that it can be taken back. The token itself is not stored."""

    id = fields.CharField(max_length=36, primary_key=True, description="jti of the token")
    hospital: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "records.Hospital", related_name="sessions", on_delete=fields.RESTRICT, null=True, description="tenant of a system"
    )
    hospital_id: str | None
    sign_in: fields.ForeignKeyNullableRelation[SignIn] = fields.ForeignKeyField(
        "identity.SignIn", related_name="sessions", on_delete=fields.RESTRICT, null=True, description="of a person's login"
    )
    sign_in_id: str | None
    role = fields.CharField(max_length=16, description="role")
    subject = fields.CharField(max_length=64, description="person or system, pseudonymous")
    parent = fields.CharField(max_length=36, null=True, description="id of the session by whose ticket it came")
    created_at = fields.DatetimeField(auto_now_add=True, description="when it was issued")
    expires_at = fields.DatetimeField(description="end of its life")
    revoked_at = fields.DatetimeField(null=True, description="taken back before its end")

    class Meta:
        table = "session"
        indexes = (Index(fields=("parent",)),)


class WebTicket(Model):
    """What a page inside a mini-program trades for a session of its own, once. Gone when it is used."""

    hash = fields.CharField(max_length=64, primary_key=True, description="SHA-256 of the ticket")
    session = fields.CharField(max_length=36, description="id of the session that asked for it")
    expires_at = fields.DatetimeField(description="end of its life")

    class Meta:
        table = "web_ticket"
        indexes = (Index(fields=("expires_at",)),)


class DownloadCode(Model):
    """A short address and a code, typed on a computer to download one exam of one's own. The code is good once."""

    handle = fields.CharField(max_length=8, primary_key=True, description="end of the address, says nothing")
    person_id = fields.CharField(max_length=36, description="who asked for it")
    hospital: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Hospital", related_name="download_codes", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    exam_id = fields.CharField(max_length=36, description="which exam")
    code_hash = fields.CharField(max_length=64, description="keyed hash of handle and code")
    tries_left = fields.IntField(description="codes that will still be looked at")
    expires_at = fields.DatetimeField(description="end of the code's life")
    link_id = fields.CharField(max_length=36, null=True, description="the link that the right code opened, null before")

    class Meta:
        table = "download_code"
        indexes = (Index(fields=("person_id",)), Index(fields=("expires_at",)))


class RefreshToken(Model):
    """What a phone trades for a new session, once."""

    hash = fields.CharField(max_length=64, primary_key=True, description="SHA-256 of the token")
    sign_in: fields.ForeignKeyRelation[SignIn] = fields.ForeignKeyField(
        "identity.SignIn", related_name="refresh_tokens", on_delete=fields.RESTRICT, description="of which login"
    )
    sign_in_id: str
    expires_at = fields.DatetimeField(description="end of its life")
    used_at = fields.DatetimeField(null=True, description="when it was traded")

    class Meta:
        table = "refresh_token"

"""Tables of who is asking: persons, how they log in, what they proved, and their sessions."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.indexes import Index

from infra.tables import Model


class Person(Model):
    """Someone who logs in. Who that is in a hospital's eyes, only a binding says."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7, the pseudonym in tokens and the audit trail")
    created_at = fields.DatetimeField(description="first login")
    deleted_at = fields.DatetimeField(null=True, description="the account was given up")

    class Meta:
        table = "person"


class PersonPhone(Model):
    """A phone that a person proved to hold, by a code or by WeChat's or Alipay's word. One person a phone."""

    index = fields.CharField(max_length=64, primary_key=True, description="keyed hash of the number")
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "identity.Person", related_name="phones", on_delete=fields.RESTRICT, description="who holds it"
    )
    person_id: str
    sealed = fields.BinaryField(description="the number, encrypted")
    proved_at = fields.DatetimeField(description="last proof")

    class Meta:
        table = "person_phone"


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


class Binding(Model):
    """A person proved that a hospital's patient record is theirs."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "identity.Person", related_name="bindings", on_delete=fields.RESTRICT, description="who"
    )
    person_id: str
    hospital: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Hospital", related_name="bindings", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    record: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.PatientRecord", related_name="bindings", on_delete=fields.RESTRICT, description="whose record"
    )
    record_id: str
    kind = fields.CharField(max_length=16, description="kind of the identifier that was known")
    masked_value = fields.CharField(max_length=64, description="what may be shown of it")
    factors: fields.JSONField[list[str]] = fields.JSONField(description="what was proved: identifier, name, phone, …")
    proved_at = fields.DatetimeField(description="when")
    revoked_at = fields.DatetimeField(null=True, description="given up, or taken back")
    live = fields.CharField(max_length=80, null=True, unique=True, description="person and record, null once revoked")

    class Meta:
        table = "binding"
        indexes = (Index(fields=("person_id", "revoked_at")), Index(fields=("record_id",)))


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


class FamilyRequest(Model):
    """A person asked a patient to be let in, the code that answers it names them."""

    challenge = fields.CharField(max_length=32, primary_key=True, description="id of the code")
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "identity.Person", related_name="family_requests", on_delete=fields.RESTRICT, description="who asks"
    )
    person_id: str
    record: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.PatientRecord", related_name="family_requests", on_delete=fields.RESTRICT, description="whose exams"
    )
    record_id: str
    relation = fields.CharField(max_length=16, description="what the patient is to who asks")
    asked_at = fields.DatetimeField(description="when")

    class Meta:
        table = "family_request"
        indexes = (Index(fields=("asked_at",)),)


class Proxy(Model):
    """A person may see another's exams, until the end of the term or until either side takes it back."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "identity.Person", related_name="proxies", on_delete=fields.RESTRICT, description="who may see"
    )
    person_id: str
    record: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.PatientRecord", related_name="proxies", on_delete=fields.RESTRICT, description="whose exams"
    )
    record_id: str
    relation = fields.CharField(max_length=16, description="what the patient is to the person")
    evidence = fields.CharField(max_length=16, description="how it was proved: code or papers")
    agreed_at = fields.DatetimeField(null=True, description="when a child of 14 or more agreed to its guardian")
    granted_at = fields.DatetimeField(description="when")
    expires_at = fields.DatetimeField(description="end of the term")
    revoked_at = fields.DatetimeField(null=True, description="taken back")
    live = fields.CharField(max_length=80, null=True, unique=True, description="person and record, null once revoked")

    class Meta:
        table = "proxy"
        indexes = (Index(fields=("person_id", "expires_at")), Index(fields=("record_id",)))


class ServiceEvent(Model):
    """The digital service of an exam was opened or declined, after its notice was answered. Rows are only ever added."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    hospital: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Hospital", related_name="service_events", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    exam: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Exam", related_name="service_events", on_delete=fields.RESTRICT, description="of which exam"
    )
    exam_id: str
    number = fields.IntField(description="of the exam, from 1: of two answers at once, one has it")
    kind = fields.CharField(max_length=8, description="opened or declined")
    way = fields.CharField(max_length=16, description="phone, sms_link, qr, kiosk, desk or his")
    person: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "identity.Person", related_name="service_events", on_delete=fields.RESTRICT, null=True, description="if one is known"
    )
    person_id: str | None
    role = fields.CharField(max_length=16, description="of who wrote it down: patient, kiosk, guide, hospital")
    subject = fields.CharField(max_length=64, description="who wrote it down, pseudonymous")
    at = fields.DatetimeField(description="when")
    notice_version = fields.CharField(max_length=32, description="version of the notice that was answered")
    notice_sha256 = fields.CharField(max_length=64, default="", description="of its text, empty where it was not ours")
    fee_class = fields.CharField(max_length=16, description="which price it belongs to")
    fee_state = fields.CharField(max_length=16, description="open, charged, free, waived, included or none")

    class Meta:
        table = "service_event"
        unique_together = (("exam", "number"),)
        indexes = (Index(fields=("hospital_id", "at", "id")), Index(fields=("person_id", "at")))


class Consent(Model):
    """A person agreed to a text, or refused it. A new text asks anew, and what was agreed to can be taken back."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "identity.Person", related_name="consents", on_delete=fields.RESTRICT, description="who"
    )
    person_id: str
    kind = fields.CharField(max_length=40, description="to what: group and the code of one, privacy, …")
    agreed = fields.BooleanField(default=True, description="false: the text was read and refused")
    version = fields.CharField(max_length=16, description="beginning of the hash of the text")
    text_sha256 = fields.CharField(max_length=64, description="of the text that was shown")
    given_at = fields.DatetimeField(description="when")
    withdrawn_at = fields.DatetimeField(null=True, description="when it was taken back, or replaced by a newer text")
    live = fields.CharField(max_length=80, null=True, unique=True, description="person and kind, null once withdrawn")

    class Meta:
        table = "consent"
        indexes = (Index(fields=("person_id", "given_at")),)


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


class PairingCode(Model):
    """A code on a person's phone that tells a kiosk or the desk which account is theirs. One a person, good once."""

    person: fields.OneToOneRelation[Person] = fields.OneToOneField(
        "identity.Person", related_name="pairing_code", primary_key=True, on_delete=fields.RESTRICT, description="whose"
    )
    person_id: str
    index = fields.CharField(max_length=64, unique=True, description="keyed hash of the code")
    expires_at = fields.DatetimeField(description="end of its life")

    class Meta:
        table = "pairing_code"


class Attestation(Model):
    """What a kiosk or the desk did for a patient, and by which evidence. Rows are only ever added."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    hospital: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Hospital", related_name="attestations", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    record: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.PatientRecord", related_name="attestations", on_delete=fields.RESTRICT, description="about whom"
    )
    record_id: str
    action = fields.CharField(max_length=16, description="bind, unbind, let-in, let-out or child-agreed")
    target = fields.CharField(max_length=36, description="id of the binding or proxy")
    role = fields.CharField(max_length=16, description="kiosk or guide")
    subject = fields.CharField(max_length=64, description="which kiosk or guide, pseudonymous")
    session = fields.CharField(max_length=36, description="of that kiosk or guide")
    evidence: fields.JSONField[list[dict[str, str]]] = fields.JSONField(
        description="kinds of cards or papers that were seen, of each number its keyed hash at most"
    )
    reason = fields.CharField(max_length=24, default="", description="of what was taken back, one of a few words")
    at = fields.DatetimeField(description="when")

    class Meta:
        table = "attestation"
        indexes = (Index(fields=("hospital_id", "at")), Index(fields=("target",)))


class FamilyReminder(Model):
    """Something about a family permission is due: the worker says so once, if it still holds by then."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    proxy: fields.ForeignKeyRelation[Proxy] = fields.ForeignKeyField(
        "identity.Proxy", related_name="reminders", on_delete=fields.RESTRICT, description="about which permission"
    )
    proxy_id: str
    kind = fields.CharField(max_length=16, description="fourteen-soon, fourteen, eighteen-soon or ends-soon")
    due_at = fields.DatetimeField(description="when it is said")
    done_at = fields.DatetimeField(null=True, description="when it was said, or found to be of no use any more")

    class Meta:
        table = "family_reminder"
        unique_together = (("proxy", "kind"),)
        indexes = (Index(fields=("done_at", "due_at")),)


class Feedback(Model):
    """What a person writes to a hospital, and where it stands. The words are in its entries."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    hospital: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Hospital", related_name="feedbacks", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    person: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "identity.Person", related_name="feedbacks", on_delete=fields.RESTRICT, null=True, description="who wrote it"
    )
    person_id: str | None
    link: fields.ForeignKeyNullableRelation[IssuedLink] = fields.ForeignKeyField(
        "identity.IssuedLink", related_name="feedbacks", on_delete=fields.RESTRICT, null=True, description="who proved it did"
    )
    link_id: str | None
    exam: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "records.Exam", related_name="feedbacks", on_delete=fields.RESTRICT, null=True, description="about which exam"
    )
    exam_id: str | None
    kind = fields.CharField(max_length=16, description="cannot-see, wrong-data, complaint, praise or other")
    page = fields.CharField(max_length=40, default="", description="name of the page where it was written")
    state = fields.CharField(max_length=16, description="received, handling, answered, closed or withdrawn")
    contact = fields.BinaryField(null=True, description="phone number for an answer, encrypted")
    handler = fields.CharField(max_length=64, default="", description="who of the hospital took it, pseudonymous")
    checked = fields.CharField(max_length=8, default="", description="WeChat's check of its words: pass, review or risky")
    key = fields.CharField(max_length=64, null=True, unique=True, description="keyed hash of author and Idempotency-Key")
    asked = fields.CharField(max_length=64, description="keyed hash of all that was said with that key")
    created_at = fields.DatetimeField(description="when it came")
    changed_at = fields.DatetimeField(description="when it was last written to, or its state changed")

    class Meta:
        table = "feedback"
        indexes = (
            Index(fields=("hospital_id", "state", "id")),
            Index(fields=("person_id", "id")),
            Index(fields=("link_id", "id")),
        )


class FeedbackEntry(Model):
    """One piece of what was written about a feedback: by who began it, or by the hospital."""

    id = fields.BigIntField(primary_key=True, description="row id")
    feedback: fields.ForeignKeyRelation[Feedback] = fields.ForeignKeyField(
        "identity.Feedback", related_name="entries", on_delete=fields.RESTRICT, description="of which"
    )
    feedback_id: str
    by_hospital = fields.BooleanField(description="an answer")
    subject = fields.CharField(max_length=64, description="who wrote it, pseudonymous")
    sealed = fields.BinaryField(description="the text, encrypted")
    at = fields.DatetimeField(description="when")

    class Meta:
        table = "feedback_entry"
        indexes = (Index(fields=("feedback_id", "id")),)

"""Tables of messages."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.indexes import Index

from infra.tables import Model
from notify.channels.models import Acceptance as Acceptance  # a table of this room too


class SandboxMessage(Model):
    """A message of a demo, kept to be read on a page where a real one would have gone to a phone."""

    id = fields.BigIntField(primary_key=True, description="row id")
    at = fields.DatetimeField(description="when it was sent")
    channel = fields.CharField(max_length=16, description="by which channel it would have gone: sms, wechat, alipay")
    kind = fields.CharField(max_length=32, description="what it is about")
    sealed = fields.BinaryField(description="to whom, and what it says, encrypted")

    class Meta:
        table = "sandbox_message"
        indexes = (Index(fields=("at",)),)


class NoticeState(StrEnum):
    """Where a notice stands."""

    WAITING = "waiting"
    CLAIMED = "claimed"  # a worker has it: it may have been sent
    SENT = "sent"  # the provider has it
    DELIVERED = "delivered"
    FAILED = "failed"  # a person must look; it can be replayed
    UNKNOWN = "unknown"  # nobody can say whether it was sent: a person decides
    EXPIRED = "expired"  # too late to be of use
    SUPPRESSED = "suppressed"  # it shall not be sent; `reason` says why


class Notice(Model):
    """One message about one event to one patient or member of staff. A second one about the same cannot be written."""

    id = fields.BigIntField(primary_key=True, description="row id, grows with time")
    out_id = fields.CharField(max_length=36, unique=True, description="uuid7 that the provider is told: it makes it once")
    hospital: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Hospital", related_name="notices", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    kind = fields.CharField(max_length=24, description="what it is about, see notify/kinds.py")
    event = fields.CharField(max_length=96, description="kind and id of what happened")
    recipient = fields.CharField(max_length=36, description="id of the patient record, or of the contact")
    exams: fields.JSONField[list[str]] = fields.JSONField(default=list, description="ids of the exams that it is about")
    visit = fields.CharField(
        max_length=80, default="", description="of the exams, those of one visit share a message, empty = alone"
    )
    state = fields.CharEnumField(NoticeState, max_length=12, default=NoticeState.WAITING, description="where it stands")
    reason = fields.CharField(max_length=64, default="", description="why it stands there, one of a few words")
    channel = fields.CharField(max_length=16, default="", description="by which it goes, or was tried last")
    template = fields.CharField(max_length=64, default="", description="the provider's code of its template")
    refused: fields.JSONField[list[str]] = fields.JSONField(default=list, description="channels that will not take it")
    last_resort = fields.BooleanField(default=False, description="no other channel follows")
    address_index = fields.CharField(max_length=64, default="", description="keyed hash of the address")
    sealed = fields.BinaryField(null=True, description="address, words and link, encrypted, null once forgotten")
    attempts = fields.IntField(default=0, description="times it was certainly not taken")
    asks = fields.IntField(default=0, description="times the provider was asked what became of it")
    due_at = fields.DatetimeField(description="not before")
    wait_until = fields.DatetimeField(null=True, description="images are waited for until then")
    expires_at = fields.DatetimeField(description="of no use afterwards")
    leased_until = fields.DatetimeField(null=True, description="a worker has it until then")
    fence = fields.IntField(default=0, description="grows with each claim, so that a late worker cannot settle")
    tried_at = fields.DatetimeField(null=True, description="when it was first handed to this channel")
    provider_id = fields.CharField(max_length=64, default="", description="the provider's number of it")
    code = fields.CharField(max_length=64, default="", description="the provider's last word")
    created_at = fields.DatetimeField(description="when")
    hour = fields.DatetimeField(description="the hour of that, to count by")
    sent_at = fields.DatetimeField(null=True, description="when the provider took it")

    class Meta:
        table = "notice"
        unique_together = (("event", "recipient", "kind"),)
        indexes = (
            Index(fields=("state", "due_at")),
            Index(fields=("recipient", "state")),
            Index(fields=("hospital_id", "hour")),
            Index(fields=("channel", "provider_id")),
            Index(fields=("address_index", "sent_at")),
        )


class NoticeStep(Model):
    """One thing that became of a notice."""

    id = fields.BigIntField(primary_key=True, description="row id")
    notice: fields.ForeignKeyRelation[Notice] = fields.ForeignKeyField(
        "notify.Notice", related_name="steps", on_delete=fields.RESTRICT, description="of which notice"
    )
    notice_id: int
    at = fields.DatetimeField(description="when")
    state = fields.CharField(max_length=12, description="where it stood from then on")
    channel = fields.CharField(max_length=16, default="", description="by which channel")
    reason = fields.CharField(max_length=64, default="", description="why, or the provider's word")

    class Meta:
        table = "notice_step"
        indexes = (Index(fields=("notice_id",)),)


class NoticeRule(Model):
    """How a hospital wants its notices to go."""

    hospital: fields.OneToOneRelation[Any] = fields.OneToOneField(
        "records.Hospital", related_name="notice_rule", primary_key=True, on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    channels: fields.JSONField[list[str]] = fields.JSONField(default=list, description="in this order, empty = all there are")
    quiet_from = fields.CharField(max_length=5, default="", description="HH:MM in the hospital's zone, empty = no quiet hours")
    quiet_to = fields.CharField(max_length=5, default="", description="HH:MM")
    images_expected: fields.JSONField[list[str]] = fields.JSONField(
        default=list, description="categories whose images are waited for, also when none were announced"
    )
    images_minutes = fields.IntField(default=20, description="longest wait for images")
    escalate_minutes = fields.IntField(default=15, description="without acknowledgement the next level is told")
    most_an_hour = fields.IntField(null=True, description="more stop all and ask a person, null = measured")
    usual_an_hour = fields.FloatField(null=True, description="measured over the last weeks")
    stopped_at = fields.DatetimeField(null=True, description="a burst stopped the notices to patients")
    released_at = fields.DatetimeField(null=True, description="when a person let it go on: counted from there")

    class Meta:
        table = "notice_rule"


class NoticeTemplate(Model):
    """What a hospital's messages of one kind say on one channel, as the provider approved it."""

    id = fields.BigIntField(primary_key=True, description="row id")
    hospital: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Hospital", related_name="notice_templates", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    channel = fields.CharField(max_length=16, description="of which channel")
    kind = fields.CharField(max_length=24, description="of which messages")
    code = fields.CharField(max_length=64, description="the provider's number of it")
    text = fields.CharField(max_length=500, description="its words, with ${variables}")
    names: fields.JSONField[dict[str, str]] = fields.JSONField(default=dict, description="the provider's variable → ours")
    signature = fields.CharField(max_length=32, default="", description="the hospital's own signature, empty = ours")
    parts = fields.IntField(default=1, description="SMS that one message takes at most")
    updated_at = fields.DatetimeField(description="last change")

    class Meta:
        table = "notice_template"
        unique_together = (("hospital", "channel", "kind"),)


class NoticeOptOut(Model):
    """A patient who wants no messages of a hospital."""

    id = fields.BigIntField(primary_key=True, description="row id")
    hospital: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Hospital", related_name="notice_opt_outs", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    record: fields.OneToOneRelation[Any] = fields.OneToOneField(
        "records.PatientRecord", related_name="notice_opt_out", on_delete=fields.RESTRICT, description="who"
    )
    record_id: str
    at = fields.DatetimeField(description="since when")

    class Meta:
        table = "notice_opt_out"


class NoticeWish(Model):
    """A patient turned off one kind of messages of a hospital, or one way to get them."""

    id = fields.BigIntField(primary_key=True, description="row id")
    hospital: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Hospital", related_name="notice_wishes", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    record: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.PatientRecord", related_name="notice_wishes", on_delete=fields.RESTRICT, description="who"
    )
    record_id: str
    kind = fields.CharField(max_length=24, description="of which messages, see notify/kinds.py")
    way = fields.CharField(max_length=16, default="", description="sms, wechat or alipay, empty = any way")
    at = fields.DatetimeField(description="since when")

    class Meta:
        table = "notice_wish"
        unique_together = (("record", "kind", "way"),)


class NoticeChannel(Model):
    """How a channel is doing, shared by all workers: its pace, and whether it rests."""

    name = fields.CharField(max_length=64, primary_key=True, description="of the channel, with its hospital if it has its own")
    failures = fields.IntField(default=0, description="in a row")
    rests_until = fields.DatetimeField(null=True, description="nobody tries it before")
    second = fields.DatetimeField(null=True, description="the second that is being counted")
    taken = fields.IntField(default=0, description="messages in that second")

    class Meta:
        table = "notice_channel"


class NoticeReceipt(Model):
    """What a provider reported of a message that is not known by that number, or not yet."""

    id = fields.BigIntField(primary_key=True, description="row id")
    channel = fields.CharField(max_length=16, description="whose word")
    provider_id = fields.CharField(max_length=64, description="the provider's number of the message")
    outcome = fields.CharField(max_length=12, description="delivered or failed")
    code = fields.CharField(max_length=64, default="", description="the provider's word")
    at = fields.DatetimeField(description="when, as the provider says")

    class Meta:
        table = "notice_receipt"
        unique_together = (("channel", "provider_id"),)
        indexes = (Index(fields=("at",)),)


class Contact(Model):
    """A telephone of the hospital's staff: whom critical values, call-backs and requests for images reach."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    hospital: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Hospital", related_name="contacts", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    label = fields.CharField(max_length=64, description="a duty such as the doctor on call, never a name")
    department = fields.CharField(max_length=64, default="", description="for whose exams, empty = all")
    level = fields.IntField(default=1, description="1 is told first, 2 after one wait, and so on")
    index = fields.CharField(max_length=64, description="keyed hash of the number")
    sealed = fields.BinaryField(description="the number, encrypted")
    removed_at = fields.DatetimeField(null=True, description="not told any more")

    class Meta:
        table = "contact"
        indexes = (Index(fields=("hospital_id", "level")),)


class Reminder(Model):
    """Something that a clinician must know and acknowledge."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    hospital: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Hospital", related_name="reminders", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    exam: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Exam", related_name="reminders", on_delete=fields.RESTRICT, description="about which exam"
    )
    exam_id: str
    kind = fields.CharField(max_length=24, description="critical-value, back-to-department or extra-images")
    event = fields.CharField(max_length=96, unique=True, description="kind and id of what happened")
    number = fields.CharField(max_length=8, description="by which its message names it")
    level = fields.IntField(default=0, description="the last level that was told")
    told = fields.IntField(default=0, description="how many contacts were told")
    escalates_at = fields.DatetimeField(null=True, description="when the next level is told, null = nobody is left")
    asked_by = fields.CharField(max_length=64, default="", description="who asked for it, pseudonymous")
    created_at = fields.DatetimeField(description="when")
    acknowledged_at = fields.DatetimeField(null=True, description="when somebody took it")
    acknowledged_by = fields.CharField(max_length=64, default="", description="who, pseudonymous")

    class Meta:
        table = "reminder"
        unique_together = (("hospital", "number"),)
        indexes = (Index(fields=("acknowledged_at", "escalates_at")), Index(fields=("hospital_id", "id")))


class Maintenance(Model):
    """A time in which the service may be away, told beforehand."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    hospital: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Hospital", related_name="maintenances", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    starts_at = fields.DatetimeField(description="from")
    ends_at = fields.DatetimeField(description="until")
    text = fields.CharField(max_length=200, description="what patients read")
    emergency = fields.BooleanField(default=False, description="told later than a day before")
    created_at = fields.DatetimeField(description="when it was told")
    cancelled_at = fields.DatetimeField(null=True, description="taken back")

    class Meta:
        table = "maintenance"
        indexes = (Index(fields=("ends_at",)),)

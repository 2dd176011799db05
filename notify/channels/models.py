"""Tables of the channels."""

from __future__ import annotations

from tortoise import fields
from tortoise.indexes import Index

from infra.tables import Model


class Acceptance(Model):
    """A person agreed to one message of a template by a tap in WeChat or Alipay. One tap is one message, then it is used."""

    id = fields.BigIntField(primary_key=True, description="row id, grows with time")
    channel = fields.CharField(max_length=16, description="wechat or alipay")
    subject_index = fields.CharField(max_length=64, description="keyed hash of the account there, as of the login")
    template = fields.CharField(max_length=64, description="the provider's number of the template")
    tap = fields.CharField(max_length=64, description="the phone's own id of the tap, so that a repeat counts once")
    lasting = fields.BooleanField(default=False, description="of a long-term template, not used up by a message")
    accepted_at = fields.DatetimeField(description="when")
    used_by = fields.CharField(max_length=36, null=True, description="id of the message that it was used for")
    ended_at = fields.DatetimeField(null=True, description="the provider said that it is there no more")

    class Meta:
        table = "acceptance"
        unique_together = (("channel", "subject_index", "template", "tap"),)
        indexes = (Index(fields=("used_by",)), Index(fields=("accepted_at",)))

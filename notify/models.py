"""Tables of messages."""

from __future__ import annotations

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


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

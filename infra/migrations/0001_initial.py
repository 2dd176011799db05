from tortoise import migrations
from tortoise.migrations import operations as ops
from infra.models import OutboxState
from orjson import loads
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True, description='row id')),
                ('chain', fields.CharField(description='hospital code, or - for the deployment itself', max_length=32)),
                ('number', fields.BigIntField(description='position in the chain, from 1 without gaps')),
                ('at', fields.DatetimeField(description='when, or the first of its minute for counted reads', auto_now=False, auto_now_add=False)),
                ('action', fields.CharField(description='store, read, delete, refuse, …', max_length=32)),
                ('outcome', fields.CharField(description='done or refused', max_length=16)),
                ('role', fields.CharField(description='role of who asked', max_length=16)),
                ('subject', fields.CharField(description='who asked, as a pseudonymous id', max_length=64)),
                ('session', fields.CharField(description='session id, never a token', max_length=64)),
                ('address', fields.CharField(description='network address', max_length=64)),
                ('study_uid', fields.CharField(default='', description='which study, if one', max_length=64)),
                ('what', fields.CharField(default='', description='kind of access: metadata, frames, rendered, …', max_length=32)),
                ('detail', fields.JSONField(description='more, without personal data', encoder=JSON_DUMPS, decoder=loads)),
                ('count', fields.IntField(default=1, description='how often within that minute')),
                ('count_proof', fields.CharField(default='', description='keyed hash of hash and count, once counted', max_length=64)),
                ('algorithm', fields.CharField(description='of the hash, e.g. hmac-sha256', max_length=16)),
                ('previous', fields.CharField(description='hash of the entry before', max_length=64)),
                ('hash', fields.CharField(description='over previous and every field but count and count_proof', max_length=64)),
            ],
            options={'table': 'audit_entry', 'app': 'infra', 'unique_together': (('chain', 'number'),), 'indexes': [Index(fields=['study_uid']), Index(fields=['at'])], 'pk_attr': 'id', 'table_description': 'One thing that someone did or was refused, chained by hash to the one before it in the same hospital.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='AuditHead',
            fields=[
                ('chain', fields.CharField(primary_key=True, unique=True, db_index=True, description='which chain', max_length=32)),
                ('number', fields.BigIntField(default=0, description='number of the newest entry')),
                ('hash', fields.CharField(default='', description='hash of the newest entry', max_length=64)),
            ],
            options={'table': 'audit_head', 'app': 'infra', 'pk_attr': 'chain', 'table_description': 'The end of each chain: who appends locks it, and a cut-off tail shows.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Outbox',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True, description='row id')),
                ('topic', fields.CharField(description='what kind of work', max_length=32)),
                ('key', fields.CharField(description='once a topic: promising it again changes nothing', max_length=200)),
                ('payload', fields.JSONField(description='what the worker must know: ids only, never personal data', encoder=JSON_DUMPS, decoder=loads)),
                ('state', fields.CharEnumField(default=OutboxState.WAITING, description='where it stands', enum_type=OutboxState, max_length=8)),
                ('attempts', fields.IntField(default=0, description='times tried')),
                ('due_at', fields.DatetimeField(description='not before', auto_now=False, auto_now_add=False)),
                ('leased_until', fields.DatetimeField(null=True, description='a worker has it until then', auto_now=False, auto_now_add=False)),
                ('fence', fields.IntField(default=0, description='grows with each lease, so that a late worker cannot settle')),
                ('last_error', fields.CharField(default='', description='why the last try failed', max_length=300)),
                ('created_at', fields.DatetimeField(description='when it was promised', auto_now=False, auto_now_add=True)),
                ('settled_at', fields.DatetimeField(null=True, description='when it became done or dead', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'outbox', 'app': 'infra', 'unique_together': (('topic', 'key'),), 'indexes': [Index(fields=['state', 'due_at'])], 'pk_attr': 'id', 'table_description': 'Work promised in the transaction that made it necessary, done later at least once.'},
            bases=['Model'],
        ),
    ]

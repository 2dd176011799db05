from tortoise import migrations
from tortoise.migrations import operations as ops
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('identity', '0001_initial'), ('records', '0002_people')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Attempt',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True, description='row id')),
                ('key', fields.CharField(description='which gate', max_length=96)),
                ('at', fields.DatetimeField(description='when', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'attempt', 'app': 'identity', 'indexes': [Index(fields=['key', 'at']), Index(fields=['at'])], 'pk_attr': 'id', 'table_description': 'One counted try at a gate.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Gate',
            fields=[
                ('key', fields.CharField(primary_key=True, unique=True, db_index=True, description='kind and keyed hash, or kind and our id', max_length=96)),
            ],
            options={'table': 'gate', 'app': 'identity', 'pk_attr': 'key', 'table_description': 'What is limited in number: who counts a try holds the row until the count is safe.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Person',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, description='uuid7, the pseudonym in tokens and the audit trail', max_length=36)),
                ('created_at', fields.DatetimeField(description='first login', auto_now=False, auto_now_add=False)),
                ('deleted_at', fields.DatetimeField(null=True, description='the account was given up', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'person', 'app': 'identity', 'pk_attr': 'id', 'table_description': "Someone who logs in. Who that is in a hospital's eyes, only a binding says."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Binding',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, description='uuid7', max_length=36)),
                ('person', fields.ForeignKeyField('identity.Person', source_field='person_id', description='who', db_constraint=True, to_field='id', related_name='bindings', on_delete=OnDelete.RESTRICT)),
                ('hospital', fields.ForeignKeyField('records.Hospital', source_field='hospital_id', description='tenant', db_constraint=True, to_field='code', related_name='bindings', on_delete=OnDelete.RESTRICT)),
                ('record', fields.ForeignKeyField('records.PatientRecord', source_field='record_id', description='whose record', db_constraint=True, to_field='id', related_name='bindings', on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharField(description='kind of the identifier that was known', max_length=16)),
                ('masked_value', fields.CharField(description='what may be shown of it', max_length=64)),
                ('factors', fields.JSONField(description='what was proved: identifier, name, phone, …', encoder=JSON_DUMPS, decoder=loads)),
                ('proved_at', fields.DatetimeField(description='when', auto_now=False, auto_now_add=False)),
                ('revoked_at', fields.DatetimeField(null=True, description='given up, or taken back', auto_now=False, auto_now_add=False)),
                ('live', fields.CharField(null=True, unique=True, description='person and record, null once revoked', max_length=80)),
            ],
            options={'table': 'binding', 'app': 'identity', 'indexes': [Index(fields=['person_id', 'revoked_at']), Index(fields=['record_id'])], 'pk_attr': 'id', 'table_description': "A person proved that a hospital's patient record is theirs."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Login',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True, description='row id')),
                ('person', fields.ForeignKeyField('identity.Person', source_field='person_id', description='whose', db_constraint=True, to_field='id', related_name='logins', on_delete=OnDelete.RESTRICT)),
                ('provider', fields.CharField(description='wechat, alipay or handoff', max_length=16)),
                ('app_id', fields.CharField(description='to which app the subject belongs, empty for a union id', max_length=64)),
                ('kind', fields.CharField(description='openid, unionid or subject', max_length=16)),
                ('subject_index', fields.CharField(description='keyed hash of the subject', max_length=64)),
                ('sealed', fields.BinaryField(description='the subject, encrypted: messages are sent to it')),
                ('created_at', fields.DatetimeField(description='first login with it', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'login', 'app': 'identity', 'unique_together': (('provider', 'app_id', 'kind', 'subject_index'),), 'pk_attr': 'id', 'table_description': 'One account elsewhere by which a person logs in.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='PersonPhone',
            fields=[
                ('index', fields.CharField(primary_key=True, unique=True, db_index=True, description='keyed hash of the number', max_length=64)),
                ('person', fields.ForeignKeyField('identity.Person', source_field='person_id', description='who holds it', db_constraint=True, to_field='id', related_name='phones', on_delete=OnDelete.RESTRICT)),
                ('sealed', fields.BinaryField(description='the number, encrypted')),
                ('proved_at', fields.DatetimeField(description='last proof', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'person_phone', 'app': 'identity', 'pk_attr': 'index', 'table_description': "A phone that a person proved to hold, by a code or by WeChat's or Alipay's word. One person a phone."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='SignIn',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, description='uuid7', max_length=36)),
                ('person', fields.ForeignKeyField('identity.Person', source_field='person_id', description='who', db_constraint=True, to_field='id', related_name='sign_ins', on_delete=OnDelete.RESTRICT)),
                ('way', fields.CharField(description='sms, wechat, alipay, handoff', max_length=16)),
                ('at', fields.DatetimeField(description='when', auto_now=False, auto_now_add=False)),
                ('revoked_at', fields.DatetimeField(null=True, description='logged out, or a refresh token came twice', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'sign_in', 'app': 'identity', 'pk_attr': 'id', 'table_description': 'One login on one device: all its sessions and refresh tokens end with it.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='RefreshToken',
            fields=[
                ('hash', fields.CharField(primary_key=True, unique=True, db_index=True, description='SHA-256 of the token', max_length=64)),
                ('sign_in', fields.ForeignKeyField('identity.SignIn', source_field='sign_in_id', description='of which login', db_constraint=True, to_field='id', related_name='refresh_tokens', on_delete=OnDelete.RESTRICT)),
                ('expires_at', fields.DatetimeField(description='end of its life', auto_now=False, auto_now_add=False)),
                ('used_at', fields.DatetimeField(null=True, description='when it was traded', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'refresh_token', 'app': 'identity', 'pk_attr': 'hash', 'table_description': 'What a phone trades for a new session, once.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='SmsChallenge',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, description='random, 128 bits', max_length=32)),
                ('purpose', fields.CharField(description='what the code is for: login, family', max_length=16)),
                ('phone_index', fields.CharField(description='keyed hash of the number', max_length=64)),
                ('sealed', fields.BinaryField(description='the number, encrypted')),
                ('code_hash', fields.CharField(description='keyed hash of challenge and code', max_length=64)),
                ('tries_left', fields.IntField(description='codes that will still be looked at')),
                ('expires_at', fields.DatetimeField(description='end of its life', auto_now=False, auto_now_add=False)),
                ('used_at', fields.DatetimeField(null=True, description='when the right code came', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'sms_challenge', 'app': 'identity', 'indexes': [Index(fields=['expires_at'])], 'pk_attr': 'id', 'table_description': 'A code that was sent to a phone: good once, for ten minutes, for five tries.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Session',
            name='sign_in',
            field=fields.ForeignKeyField('identity.SignIn', source_field='sign_in_id', null=True, description="of a person's login", db_constraint=True, to_field='id', related_name='sessions', on_delete=OnDelete.RESTRICT),
        ),
    ]

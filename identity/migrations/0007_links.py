from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('identity', '0006_consents'), ('records', '0001_initial'), ('records', '0002_people')]

    initial = False

    operations = [
        ops.CreateModel(
            name='IssuedLink',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, description='uuid7', max_length=36)),
                ('kind', fields.CharField(description='exam, notice, share or check', max_length=8)),
                ('hospital', fields.ForeignKeyField('records.Hospital', source_field='hospital_id', description='tenant', db_constraint=True, to_field='code', related_name='links', on_delete=OnDelete.RESTRICT)),
                ('subject', fields.CharField(description='id of what it opens', max_length=64)),
                ('person_id', fields.CharField(null=True, description='id of the person or patient record it was made for', max_length=36)),
                ('generation', fields.IntField(description='from 1, one more for each that took its place on paper')),
                ('hash', fields.CharField(unique=True, description='keyed hash of the token', max_length=64)),
                ('tries_left', fields.IntField(default=5, description='wrong answers that it still bears, in all its life')),
                ('issued_at', fields.DatetimeField(description='when', auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(null=True, description='end of its life, null = none', auto_now=False, auto_now_add=False)),
                ('revoked_at', fields.DatetimeField(null=True, description='ended before that', auto_now=False, auto_now_add=False)),
                ('live', fields.CharField(null=True, unique=True, description='kind and subject of the one on paper', max_length=128)),
            ],
            options={'table': 'link', 'app': 'identity', 'indexes': [Index(fields=['hospital_id', 'kind', 'subject', 'generation'])], 'pk_attr': 'id', 'table_description': 'A link that paper, a message or a share carries. The token itself is not stored.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='QrKey',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, description='beginning of the hash of the public key', max_length=8)),
                ('hospital', fields.ForeignKeyField('records.Hospital', source_field='hospital_id', description='tenant', db_constraint=True, to_field='code', related_name='qr_keys', on_delete=OnDelete.RESTRICT)),
                ('public', fields.CharField(description='Ed25519 public key, base64url (RFC 8037)', max_length=44)),
                ('sealed', fields.BinaryField(description='the private key, encrypted')),
                ('created_at', fields.DatetimeField(description='since when', auto_now=False, auto_now_add=False)),
                ('retired_at', fields.DatetimeField(null=True, description='signs no more, and is still believed', auto_now=False, auto_now_add=False)),
                ('withdrawn_at', fields.DatetimeField(null=True, description='is not believed any more: it fell into other hands', auto_now=False, auto_now_add=False)),
                ('live', fields.CharField(null=True, unique=True, description='the hospital, null once it signs no more', max_length=32)),
            ],
            options={'table': 'qr_key', 'app': 'identity', 'indexes': [Index(fields=['hospital_id'])], 'pk_attr': 'id', 'table_description': 'The key by which a hospital signs its printed QR codes, so that they can be checked without a network.'},
            bases=['Model'],
        ),
    ]

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('identity', '0003_logins'), ('records', '0001_initial'), ('records', '0002_people')]

    initial = False

    operations = [
        ops.CreateModel(
            name='FamilyRequest',
            fields=[
                ('challenge', fields.CharField(primary_key=True, unique=True, db_index=True, description='id of the code', max_length=32)),
                ('person', fields.ForeignKeyField('identity.Person', source_field='person_id', description='who asks', db_constraint=True, to_field='id', related_name='family_requests', on_delete=OnDelete.RESTRICT)),
                ('record', fields.ForeignKeyField('records.PatientRecord', source_field='record_id', description='whose exams', db_constraint=True, to_field='id', related_name='family_requests', on_delete=OnDelete.RESTRICT)),
                ('relation', fields.CharField(description='what the patient is to who asks', max_length=16)),
                ('asked_at', fields.DatetimeField(description='when', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'family_request', 'app': 'identity', 'indexes': [Index(fields=['asked_at'])], 'pk_attr': 'challenge', 'table_description': 'A person asked a patient to be let in, the code that answers it names them.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Proxy',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, description='uuid7', max_length=36)),
                ('person', fields.ForeignKeyField('identity.Person', source_field='person_id', description='who may see', db_constraint=True, to_field='id', related_name='proxies', on_delete=OnDelete.RESTRICT)),
                ('record', fields.ForeignKeyField('records.PatientRecord', source_field='record_id', description='whose exams', db_constraint=True, to_field='id', related_name='proxies', on_delete=OnDelete.RESTRICT)),
                ('relation', fields.CharField(description='what the patient is to the person', max_length=16)),
                ('evidence', fields.CharField(description='how it was proved: code', max_length=16)),
                ('granted_at', fields.DatetimeField(description='when', auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(description='end of the term', auto_now=False, auto_now_add=False)),
                ('revoked_at', fields.DatetimeField(null=True, description='taken back', auto_now=False, auto_now_add=False)),
                ('live', fields.CharField(null=True, unique=True, description='person and record, null once revoked', max_length=80)),
            ],
            options={'table': 'proxy', 'app': 'identity', 'indexes': [Index(fields=['person_id', 'expires_at']), Index(fields=['record_id'])], 'pk_attr': 'id', 'table_description': "A person may see another's exams, until the end of the term or until either side takes it back."},
            bases=['Model'],
        ),
    ]

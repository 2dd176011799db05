from tortoise import migrations
from tortoise.migrations import operations as ops
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('share', '0001_initial')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ThirdParty',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, description='uuid7, its client id', max_length=36)),
                ('hospital', fields.ForeignKeyField('records.Hospital', source_field='hospital_id', description='tenant', db_constraint=True, to_field='code', related_name='third_parties', on_delete=OnDelete.RESTRICT)),
                ('name', fields.CharField(description='as patients read it', max_length=128)),
                ('purposes', fields.JSONField(description='treatment, insurance, research, ai', encoder=JSON_DUMPS, decoder=loads)),
                ('secret_sha256', fields.CharField(description='of its secret, which has 256 random bits', max_length=64)),
                ('created_at', fields.DatetimeField(description='when it was let in', auto_now=False, auto_now_add=False)),
                ('revoked_at', fields.DatetimeField(null=True, description='since when it gets nothing any more', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'third_party', 'app': 'share', 'indexes': [Index(fields=['hospital_id', 'id'])], 'pk_attr': 'id', 'table_description': 'A system outside the hospitals that a hospital lets in for some purposes. Of its secret only the hash is kept.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Authorisation',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, description='uuid7', max_length=36)),
                ('third_party', fields.ForeignKeyField('share.ThirdParty', source_field='third_party_id', description='who may fetch', db_constraint=True, to_field='id', related_name='authorisations', on_delete=OnDelete.RESTRICT)),
                ('purpose', fields.CharField(description='what for', max_length=16)),
                ('person', fields.ForeignKeyField('identity.Person', source_field='person_id', null=True, description='null = hospital', db_constraint=True, to_field='id', related_name='authorisations', on_delete=OnDelete.RESTRICT)),
                ('record', fields.ForeignKeyField('records.PatientRecord', source_field='record_id', null=True, description='all of whom', db_constraint=True, to_field='id', related_name='authorisations', on_delete=OnDelete.RESTRICT)),
                ('given_by', fields.CharField(description='who gave it, pseudonymous', max_length=64)),
                ('given_at', fields.DatetimeField(description='when', auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(description='end of its term', auto_now=False, auto_now_add=False)),
                ('revoked_at', fields.DatetimeField(null=True, description='taken back before that', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'authorisation', 'app': 'share', 'indexes': [Index(fields=['third_party_id', 'purpose', 'expires_at']), Index(fields=['record_id'])], 'pk_attr': 'id', 'table_description': 'A third party may fetch exams for one purpose until a moment: the listed ones, or all of one patient.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='AuthorisedExam',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True, description='row id')),
                ('authorisation', fields.ForeignKeyField('share.Authorisation', source_field='authorisation_id', description='of which authorisation', db_constraint=True, to_field='id', related_name='exams', on_delete=OnDelete.RESTRICT)),
                ('exam', fields.ForeignKeyField('records.Exam', source_field='exam_id', description='which exam', db_constraint=True, to_field='id', related_name='authorisations', on_delete=OnDelete.RESTRICT)),
                ('record', fields.ForeignKeyField('records.PatientRecord', source_field='record_id', description='whose it was', db_constraint=True, to_field='id', related_name='authorised_exams', on_delete=OnDelete.RESTRICT)),
                ('sensitive', fields.BooleanField(description='the patient was asked again about this one, and agreed')),
            ],
            options={'table': 'authorised_exam', 'app': 'share', 'unique_together': (('authorisation', 'exam'),), 'indexes': [Index(fields=['exam_id']), Index(fields=['record_id'])], 'pk_attr': 'id', 'table_description': 'One exam of an authorisation, as long as it is of the patient that it was of.'},
            bases=['Model'],
        ),
    ]

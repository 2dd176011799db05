from tortoise import migrations
from tortoise.migrations import operations as ops
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('identity', '0008_at_the_hospital'), ('records', '0005_reports')]

    initial = True

    operations = [
        ops.CreateModel(
            name='SensitiveExam',
            fields=[
                ('exam', fields.OneToOneField('records.Exam', source_field='exam_id', primary_key=True, db_index=True, description='which exam', db_constraint=True, to_field='id', related_name='sensitive_mark', on_delete=OnDelete.RESTRICT)),
                ('person', fields.ForeignKeyField('identity.Person', source_field='person_id', description='who marked it', db_constraint=True, to_field='id', related_name='sensitive_marks', on_delete=OnDelete.RESTRICT)),
                ('at', fields.DatetimeField(description='when', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'sensitive_exam', 'app': 'share', 'pk_attr': 'exam_id', 'table_description': "The patient's own mark: this exam is in no share unless it was asked for by itself."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Share',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, description='uuid7', max_length=36)),
                ('person', fields.ForeignKeyField('identity.Person', source_field='person_id', description='who shares', db_constraint=True, to_field='id', related_name='shares', on_delete=OnDelete.RESTRICT)),
                ('hospital', fields.ForeignKeyField('records.Hospital', source_field='hospital_id', description='of its newest exam: signs the QR', db_constraint=True, to_field='code', related_name='shares', on_delete=OnDelete.RESTRICT)),
                ('mask', fields.BooleanField(description='nothing leaves that tells whose it is')),
                ('mask_key', fields.CharField(description='random key of the mask, in hex: one share, one mapping of UIDs', max_length=64)),
                ('allow_download', fields.BooleanField(description='files may be taken along as a whole')),
                ('pinned', fields.BooleanField(description='reports stay at the version of the day')),
                ('face_to_face', fields.BooleanField(description='no passcode: shown to somebody who stands there')),
                ('passcode_hash', fields.CharField(null=True, description='scrypt of the passcode, null = none', max_length=160)),
                ('wrong_tries', fields.IntField(default=0, description='passcodes that were looked at and wrong')),
                ('max_opens', fields.IntField(null=True, description='so many openings, null = any')),
                ('opens', fields.IntField(default=0, description='openings so far')),
                ('created_at', fields.DatetimeField(description='when', auto_now=False, auto_now_add=False)),
                ('not_before', fields.DatetimeField(null=True, description='beginning of its life, null = at once', auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(description='end of its life', auto_now=False, auto_now_add=False)),
                ('first_opened_at', fields.DatetimeField(null=True, description='first opening, of which the owner was told', auto_now=False, auto_now_add=False)),
                ('locked_at', fields.DatetimeField(null=True, description='too many wrong passcodes, of which the owner was told', auto_now=False, auto_now_add=False)),
                ('revoked_at', fields.DatetimeField(null=True, description='stopped by its owner', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'share', 'app': 'share', 'indexes': [Index(fields=['person_id', 'id']), Index(fields=['hospital_id'])], 'pk_attr': 'id', 'table_description': 'Some exams that a person lets others see. Its link (kind share, subject the id here) keeps token, tries and end.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ShareExam',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True, description='row id')),
                ('share', fields.ForeignKeyField('share.Share', source_field='share_id', description='of which share', db_constraint=True, to_field='id', related_name='exams', on_delete=OnDelete.RESTRICT)),
                ('exam', fields.ForeignKeyField('records.Exam', source_field='exam_id', description='which exam', db_constraint=True, to_field='id', related_name='shares', on_delete=OnDelete.RESTRICT)),
                ('place', fields.IntField(description='from 0, as the owner listed them')),
                ('series', fields.JSONField(null=True, description='pairs of study and series UID, null = the whole exam', encoder=JSON_DUMPS, decoder=loads)),
                ('report_version', fields.IntField(null=True, description='of a pinned share')),
                ('sensitive', fields.BooleanField(description='the owner was asked again about this one, and agreed')),
            ],
            options={'table': 'share_exam', 'app': 'share', 'unique_together': (('share', 'exam'),), 'indexes': [Index(fields=['exam_id'])], 'pk_attr': 'id', 'table_description': 'One exam of a share, whole or some of its series.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='SharePickup',
            fields=[
                ('index', fields.CharField(primary_key=True, unique=True, db_index=True, description='keyed hash of the code', max_length=64)),
                ('share', fields.ForeignKeyField('share.Share', source_field='share_id', description='what it leads to', db_constraint=True, to_field='id', related_name='pickups', on_delete=OnDelete.RESTRICT)),
                ('expires_at', fields.DatetimeField(description='end of its life', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'share_pickup', 'app': 'share', 'indexes': [Index(fields=['share_id']), Index(fields=['expires_at'])], 'pk_attr': 'index', 'table_description': 'A pick-up code: typed in place of scanning, good once and for minutes.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ShareRequest',
            fields=[
                ('key', fields.CharField(primary_key=True, unique=True, db_index=True, description='keyed hash of person and Idempotency-Key', max_length=64)),
                ('body_sha256', fields.CharField(description='of what was asked for', max_length=64)),
                ('share', fields.OneToOneField('share.Share', source_field='share_id', description='what was made', db_constraint=True, to_field='id', related_name='request', on_delete=OnDelete.RESTRICT)),
                ('at', fields.DatetimeField(description='when', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'share_request', 'app': 'share', 'indexes': [Index(fields=['at'])], 'pk_attr': 'key', 'table_description': "What an Idempotency-Key of a person's phone made."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ShareVisit',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, description='uuid7', max_length=36)),
                ('share', fields.ForeignKeyField('share.Share', source_field='share_id', description='which share', db_constraint=True, to_field='id', related_name='visits', on_delete=OnDelete.RESTRICT)),
                ('at', fields.DatetimeField(description='when', auto_now=False, auto_now_add=False)),
                ('kind', fields.CharField(description='opened or wrong-passcode', max_length=16)),
                ('session', fields.CharField(default='', description='of who opened it, as in the audit trail', max_length=36)),
                ('said', fields.BinaryField(null=True, description='hospital and name as the visitor stated them, encrypted')),
                ('address', fields.CharField(description='network address', max_length=64)),
                ('device', fields.CharField(description='coarse kind of device', max_length=32)),
            ],
            options={'table': 'share_visit', 'app': 'share', 'indexes': [Index(fields=['share_id', 'id'])], 'pk_attr': 'id', 'table_description': 'Somebody opened a share, or typed a wrong passcode.'},
            bases=['Model'],
        ),
    ]

from tortoise import migrations
from tortoise.migrations import operations as ops
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('identity', '0007_links'), ('records', '0004_service_choice')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Attestation',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, description='uuid7', max_length=36)),
                ('hospital', fields.ForeignKeyField('records.Hospital', source_field='hospital_id', description='tenant', db_constraint=True, to_field='code', related_name='attestations', on_delete=OnDelete.RESTRICT)),
                ('record', fields.ForeignKeyField('records.PatientRecord', source_field='record_id', description='about whom', db_constraint=True, to_field='id', related_name='attestations', on_delete=OnDelete.RESTRICT)),
                ('action', fields.CharField(description='bind, unbind, let-in, let-out or child-agreed', max_length=16)),
                ('target', fields.CharField(description='id of the binding or proxy', max_length=36)),
                ('role', fields.CharField(description='kiosk or guide', max_length=16)),
                ('subject', fields.CharField(description='which kiosk or guide, pseudonymous', max_length=64)),
                ('session', fields.CharField(description='of that kiosk or guide', max_length=36)),
                ('evidence', fields.JSONField(description='kinds of cards or papers that were seen, of each number its keyed hash at most', encoder=JSON_DUMPS, decoder=loads)),
                ('reason', fields.CharField(default='', description='of what was taken back, one of a few words', max_length=24)),
                ('at', fields.DatetimeField(description='when', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'attestation', 'app': 'identity', 'indexes': [Index(fields=['hospital_id', 'at']), Index(fields=['target'])], 'pk_attr': 'id', 'table_description': 'What a kiosk or the desk did for a patient, and by which evidence. Rows are only ever added.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='PairingCode',
            fields=[
                ('person', fields.OneToOneField('identity.Person', source_field='person_id', primary_key=True, db_index=True, description='whose', db_constraint=True, to_field='id', related_name='pairing_code', on_delete=OnDelete.RESTRICT)),
                ('index', fields.CharField(unique=True, description='keyed hash of the code', max_length=64)),
                ('expires_at', fields.DatetimeField(description='end of its life', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'pairing_code', 'app': 'identity', 'pk_attr': 'person_id', 'table_description': "A code on a person's phone that tells a kiosk or the desk which account is theirs. One a person, good once."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='FamilyReminder',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, description='uuid7', max_length=36)),
                ('proxy', fields.ForeignKeyField('identity.Proxy', source_field='proxy_id', description='about which permission', db_constraint=True, to_field='id', related_name='reminders', on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharField(description='fourteen-soon, fourteen, eighteen-soon or ends-soon', max_length=16)),
                ('due_at', fields.DatetimeField(description='when it is said', auto_now=False, auto_now_add=False)),
                ('done_at', fields.DatetimeField(null=True, description='when it was said, or found to be of no use any more', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'family_reminder', 'app': 'identity', 'unique_together': (('proxy', 'kind'),), 'indexes': [Index(fields=['done_at', 'due_at'])], 'pk_attr': 'id', 'table_description': 'Something about a family permission is due: the worker says so once, if it still holds by then.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ServiceEvent',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, description='uuid7', max_length=36)),
                ('hospital', fields.ForeignKeyField('records.Hospital', source_field='hospital_id', description='tenant', db_constraint=True, to_field='code', related_name='service_events', on_delete=OnDelete.RESTRICT)),
                ('exam', fields.ForeignKeyField('records.Exam', source_field='exam_id', description='of which exam', db_constraint=True, to_field='id', related_name='service_events', on_delete=OnDelete.RESTRICT)),
                ('number', fields.IntField(description='of the exam, from 1: of two answers at once, one has it')),
                ('kind', fields.CharField(description='opened or declined', max_length=8)),
                ('way', fields.CharField(description='phone, sms_link, qr, kiosk, desk or his', max_length=16)),
                ('person', fields.ForeignKeyField('identity.Person', source_field='person_id', null=True, description='if one is known', db_constraint=True, to_field='id', related_name='service_events', on_delete=OnDelete.RESTRICT)),
                ('role', fields.CharField(description='of who wrote it down: patient, kiosk, guide, hospital', max_length=16)),
                ('subject', fields.CharField(description='who wrote it down, pseudonymous', max_length=64)),
                ('at', fields.DatetimeField(description='when', auto_now=False, auto_now_add=False)),
                ('notice_version', fields.CharField(description='version of the notice that was answered', max_length=32)),
                ('notice_sha256', fields.CharField(default='', description='of its text, empty where it was not ours', max_length=64)),
                ('fee_class', fields.CharField(description='which price it belongs to', max_length=16)),
                ('fee_state', fields.CharField(description='open, charged, free, waived, included or none', max_length=16)),
            ],
            options={'table': 'service_event', 'app': 'identity', 'unique_together': (('exam', 'number'),), 'indexes': [Index(fields=['hospital_id', 'at', 'id']), Index(fields=['person_id', 'at'])], 'pk_attr': 'id', 'table_description': 'The digital service of an exam was opened or declined, after its notice was answered. Rows are only ever added.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Consent',
            name='agreed',
            field=fields.BooleanField(default=True, description='false: the text was read and refused'),
        ),
        ops.AddField(
            model_name='Proxy',
            name='agreed_at',
            field=fields.DatetimeField(null=True, description='when a child of 14 or more agreed to its guardian', auto_now=False, auto_now_add=False),
        ),
        ops.RunSQL(
            "INSERT INTO service_event (id, hospital_id, exam_id, number, kind, way, person_id, role, subject, at,"
            " notice_version, notice_sha256, fee_class, fee_state)"
            " SELECT activation.exam_id, exam.hospital_id, activation.exam_id, 1, 'opened', activation.way,"
            " activation.person_id, 'patient', activation.person_id, activation.at, activation.notice_version,"
            " activation.notice_sha256, CASE exam.category WHEN 'radiology' THEN 'radiology' WHEN 'lab' THEN 'none'"
            " ELSE 'other' END, activation.fee_state FROM activation JOIN exam ON exam.id = activation.exam_id"
        ),
        ops.RunSQL("UPDATE exam SET service_chosen = TRUE WHERE id IN (SELECT exam_id FROM activation)"),
        ops.DeleteModel(name='Activation'),
    ]

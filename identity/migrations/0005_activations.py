from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('identity', '0004_family'), ('records', '0001_initial'), ('records', '0002_people')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Activation',
            fields=[
                ('exam', fields.OneToOneField('records.Exam', source_field='exam_id', primary_key=True, db_index=True, description='of which exam', db_constraint=True, to_field='id', related_name='activation', on_delete=OnDelete.RESTRICT)),
                ('person', fields.ForeignKeyField('identity.Person', source_field='person_id', description='who answered', db_constraint=True, to_field='id', related_name='activations', on_delete=OnDelete.RESTRICT)),
                ('way', fields.CharField(description='phone, sms_link or qr', max_length=16)),
                ('at', fields.DatetimeField(description='when', auto_now=False, auto_now_add=False)),
                ('notice_version', fields.CharField(description='version of the notice that was answered', max_length=32)),
                ('notice_sha256', fields.CharField(description='of its text', max_length=64)),
                ('fee_state', fields.CharField(description='open: nothing was charged yet', max_length=16)),
            ],
            options={'table': 'activation', 'app': 'identity', 'indexes': [Index(fields=['person_id', 'at'])], 'pk_attr': 'exam_id', 'table_description': 'The digital service of an exam was opened, after its notice was shown and answered. Written once, never changed.'},
            bases=['Model'],
        ),
    ]

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('identity', '0005_activations'), ('records', '0001_initial'), ('records', '0002_people')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Consent',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, description='uuid7', max_length=36)),
                ('person', fields.ForeignKeyField('identity.Person', source_field='person_id', description='who', db_constraint=True, to_field='id', related_name='consents', on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharField(description='to what: group and the code of one', max_length=40)),
                ('version', fields.CharField(description='beginning of the hash of the text', max_length=16)),
                ('text_sha256', fields.CharField(description='of the text that was shown', max_length=64)),
                ('given_at', fields.DatetimeField(description='when', auto_now=False, auto_now_add=False)),
                ('withdrawn_at', fields.DatetimeField(null=True, description='when it was taken back, or replaced by a newer text', auto_now=False, auto_now_add=False)),
                ('live', fields.CharField(null=True, unique=True, description='person and kind, null once withdrawn', max_length=80)),
            ],
            options={'table': 'consent', 'app': 'identity', 'indexes': [Index(fields=['person_id', 'given_at'])], 'pk_attr': 'id', 'table_description': 'A person agreed to a text. A new text asks anew, and what was agreed to can be taken back.'},
            bases=['Model'],
        ),
        ops.AlterModelOptions(
            name='Activation',
            options={'table': 'activation', 'app': 'identity', 'indexes': [Index(fields=['person_id', 'at'])], 'pk_attr': 'exam_id', 'table_description': 'The digital service of an exam was opened, after its notice was shown and answered. Written once, never changed.'},
        ),
    ]

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('identity', '0009_web_tickets'), ('records', '0005_reports')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Feedback',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, description='uuid7', max_length=36)),
                ('hospital', fields.ForeignKeyField('records.Hospital', source_field='hospital_id', description='tenant', db_constraint=True, to_field='code', related_name='feedbacks', on_delete=OnDelete.RESTRICT)),
                ('person', fields.ForeignKeyField('identity.Person', source_field='person_id', null=True, description='who wrote it', db_constraint=True, to_field='id', related_name='feedbacks', on_delete=OnDelete.RESTRICT)),
                ('link', fields.ForeignKeyField('identity.IssuedLink', source_field='link_id', null=True, description='who proved it did', db_constraint=True, to_field='id', related_name='feedbacks', on_delete=OnDelete.RESTRICT)),
                ('exam', fields.ForeignKeyField('records.Exam', source_field='exam_id', null=True, description='about which exam', db_constraint=True, to_field='id', related_name='feedbacks', on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharField(description='cannot-see, wrong-data, complaint, praise or other', max_length=16)),
                ('page', fields.CharField(default='', description='name of the page where it was written', max_length=40)),
                ('state', fields.CharField(description='received, handling, answered, closed or withdrawn', max_length=16)),
                ('contact', fields.BinaryField(null=True, description='phone number for an answer, encrypted')),
                ('handler', fields.CharField(default='', description='who of the hospital took it, pseudonymous', max_length=64)),
                ('key', fields.CharField(null=True, unique=True, description='keyed hash of author and Idempotency-Key', max_length=64)),
                ('asked', fields.CharField(description='keyed hash of all that was said with that key', max_length=64)),
                ('created_at', fields.DatetimeField(description='when it came', auto_now=False, auto_now_add=False)),
                ('changed_at', fields.DatetimeField(description='when it was last written to, or its state changed', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'feedback', 'app': 'identity', 'indexes': [Index(fields=['hospital_id', 'state', 'id']), Index(fields=['person_id', 'id']), Index(fields=['link_id', 'id'])], 'pk_attr': 'id', 'table_description': 'What a person writes to a hospital, and where it stands. The words are in its entries.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='FeedbackEntry',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True, description='row id')),
                ('feedback', fields.ForeignKeyField('identity.Feedback', source_field='feedback_id', description='of which', db_constraint=True, to_field='id', related_name='entries', on_delete=OnDelete.RESTRICT)),
                ('by_hospital', fields.BooleanField(description='an answer')),
                ('subject', fields.CharField(description='who wrote it, pseudonymous', max_length=64)),
                ('sealed', fields.BinaryField(description='the text, encrypted')),
                ('at', fields.DatetimeField(description='when', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'feedback_entry', 'app': 'identity', 'indexes': [Index(fields=['feedback_id', 'id'])], 'pk_attr': 'id', 'table_description': 'One piece of what was written about a feedback: by who began it, or by the hospital.'},
            bases=['Model'],
        ),
    ]

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [("records", "0004_service_choice"), ("archive", "0002_documents")]

    initial = False

    operations = [
        ops.AddField(
            model_name='Report',
            name='picture_size',
            field=fields.IntField(default=0, description='bytes of its picture, 0 = none'),
        ),
        ops.CreateModel(
            name='ReportPicture',
            fields=[
                ('report', fields.OneToOneField('records.Report', source_field='report_id', primary_key=True, db_index=True, description='of which report', db_constraint=True, to_field='id', related_name='picture', on_delete=OnDelete.RESTRICT)),
                ('content', fields.BinaryField(description='JPEG or PNG as sent')),
            ],
            options={'table': 'report_picture', 'app': 'records', 'pk_attr': 'report_id', 'table_description': 'The picture that came with a report: a tracing, a slide, a view of an endoscope.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ReportPrint',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True, description='row id')),
                ('report', fields.ForeignKeyField('records.Report', source_field='report_id', description='of which version', db_constraint=True, to_field='id', related_name='prints', on_delete=OnDelete.RESTRICT)),
                ('record_id', fields.CharField(description='whose name stands on it', max_length=36)),
                ('made_of', fields.CharField(description='hash of all words on it: other words, another print', max_length=64)),
                ('document', fields.ForeignKeyField('archive.Document', source_field='document_id', description='the PDF', db_constraint=True, to_field='id', related_name='report_prints', on_delete=OnDelete.RESTRICT)),
                ('made_at', fields.DatetimeField(description='when', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'report_print', 'app': 'records', 'unique_together': (('report', 'made_of'),), 'indexes': [Index(fields=['document_id'])], 'pk_attr': 'id', 'table_description': 'A report as PDF, ready to go out: the hospital\'s own, or one that we set. Never changed after it is made.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='HospitalTerm',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True, description='row id')),
                ('hospital', fields.ForeignKeyField('records.Hospital', source_field='hospital_id', description='tenant', db_constraint=True, to_field='code', related_name='terms', on_delete=OnDelete.RESTRICT)),
                ('term', fields.CharField(description='as it stands in reports', max_length=32)),
                ('meaning', fields.CharField(description='in plain words, empty = not explained', max_length=300)),
                ('changed_at', fields.DatetimeField(description='when it was written last', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'hospital_term', 'app': 'records', 'unique_together': (('hospital', 'term'),), 'pk_attr': 'id', 'table_description': 'A word of reports as this hospital explains it, instead of ours, an empty meaning = it is not explained.'},
            bases=['Model'],
        ),
    ]

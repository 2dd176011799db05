from tortoise import migrations
from tortoise.migrations import operations as ops
from archive.models import CopyState
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [("archive", "0001_initial"), ("records", "0001_initial")]

    initial = False

    operations = [
        ops.CreateModel(
            name='Document',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, description='uuid7', max_length=36)),
                ('hospital', fields.ForeignKeyField('records.Hospital', source_field='hospital_id', description='tenant', db_constraint=True, to_field='code', related_name='documents', on_delete=OnDelete.RESTRICT)),
                ('key', fields.CharField(unique=True, description='name in every store', max_length=255)),
                ('media_type', fields.CharField(description='what kind of bytes they are', max_length=64)),
                ('size', fields.BigIntField(description='bytes in a store')),
                ('sha256', fields.CharField(description='of the bytes, hex', max_length=64)),
                ('keep_until', fields.DateField(description='first day on which deletion may be asked for')),
                ('received_at', fields.DatetimeField(description='when it was acknowledged', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'document', 'app': 'archive', 'unique_together': (('hospital', 'sha256'),), 'pk_attr': 'id', 'table_description': 'Bytes that are no DICOM instance, such as a film page or the PDF of a report. Never changed after they are written.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='DocumentCopy',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True, description='row id')),
                ('object', fields.ForeignKeyField('archive.Document', source_field='object_id', description='of which document', db_constraint=True, to_field='id', related_name='copies', on_delete=OnDelete.RESTRICT)),
                ('store', fields.SmallIntField(description='1, 2 or 3: position in CLOUDFILM_STORES')),
                ('state', fields.CharEnumField(description='what is known of it', enum_type=CopyState, max_length=8)),
                ('checked_at', fields.DatetimeField(null=True, description='when its own bytes were last read and hashed', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'document_copy', 'app': 'archive', 'unique_together': (('object', 'store'),), 'indexes': [Index(fields=['state', 'store'])], 'pk_attr': 'id', 'table_description': 'One copy of a document in one store.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='ScrubRun',
            name='after_document_id',
            field=fields.CharField(default='', description='documents up to this one are done', max_length=36),
        ),
    ]

from tortoise import migrations
from tortoise.migrations import operations as ops
from orjson import loads
from records.models import FilmSource, How
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [("records", "0002_people"), ("archive", "0002_documents")]

    initial = False

    operations = [
        ops.CreateModel(
            name='Film',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, description='uuid7', max_length=36)),
                ('hospital', fields.ForeignKeyField('records.Hospital', source_field='hospital_id', description='tenant', db_constraint=True, to_field='code', related_name='films', on_delete=OnDelete.RESTRICT)),
                ('exam', fields.ForeignKeyField('records.Exam', source_field='exam_id', description='of which exam', db_constraint=True, to_field='id', related_name='films', on_delete=OnDelete.RESTRICT)),
                ('source', fields.CharEnumField(description='whose film it is', enum_type=FilmSource, max_length=8)),
                ('version', fields.IntField(description='from 1, of all films of the exam')),
                ('layout', fields.CharField(default='', description="how its cells lie, empty for a hospital's", max_length=64)),
                ('studies', fields.JSONField(default=list, description='UIDs of those that its cells show', encoder=JSON_DUMPS, decoder=loads)),
                ('record_id', fields.CharField(default='', description="whose name its header bears, empty for a hospital's", max_length=36)),
                ('content_sha256', fields.CharField(description='of all pages and their cells, to know a repetition', max_length=64)),
                ('made_at', fields.DatetimeField(description='when it was made or last added to', auto_now=False, auto_now_add=False)),
                ('replaced_at', fields.DatetimeField(null=True, description='when a newer one of that source took its place', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'film', 'app': 'records', 'unique_together': (('exam', 'version'),), 'pk_attr': 'id', 'table_description': "One version of an exam's film. Never changed after it is made, but for `replaced_at`."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='FilmArrival',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, description='uuid7', max_length=36)),
                ('hospital', fields.ForeignKeyField('records.Hospital', source_field='hospital_id', description='tenant', db_constraint=True, to_field='code', related_name='film_arrivals', on_delete=OnDelete.RESTRICT)),
                ('document', fields.ForeignKeyField('archive.Document', source_field='document_id', description='the very bytes', db_constraint=True, to_field='id', related_name='film_arrivals', on_delete=OnDelete.RESTRICT)),
                ('source', fields.CharField(default='', description='which system or device it says that it is', max_length=64)),
                ('accession', fields.CharField(default='', description='as told beside the page or in its header', max_length=64)),
                ('campus', fields.CharField(default='', description='code of the place, empty = not told', max_length=32)),
                ('system', fields.CharField(default='', description='which system numbered it, empty = not told', max_length=32)),
                ('patient_id', fields.CharField(default='', description="the hospital's number of the patient, if told", max_length=64)),
                ('study_uid', fields.CharField(default='', description='Study Instance UID, if told', max_length=64)),
                ('number', fields.IntField(null=True, description='which page of the film it says that it is')),
                ('exam', fields.ForeignKeyField('records.Exam', source_field='exam_id', null=True, description='null = it waits', db_constraint=True, to_field='id', related_name='film_arrivals', on_delete=OnDelete.RESTRICT)),
                ('how', fields.CharEnumField(null=True, description='why page and exam belong together', enum_type=How, max_length=8)),
                ('reason', fields.CharField(default='', description='why it waits, one of a few words', max_length=32)),
                ('received_at', fields.DatetimeField(description='when it came', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'film_arrival', 'app': 'records', 'unique_together': (('hospital', 'document'),), 'indexes': [Index(fields=['hospital_id', 'reason', 'id']), Index(fields=['hospital_id', 'accession']), Index(fields=['exam_id'])], 'pk_attr': 'id', 'table_description': 'A page that a hospital printed, as it came, and the exam that it belongs to once that is known.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='FilmPage',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, description='uuid7', max_length=36)),
                ('film', fields.ForeignKeyField('records.Film', source_field='film_id', description='of which film', db_constraint=True, to_field='id', related_name='pages', on_delete=OnDelete.RESTRICT)),
                ('n', fields.IntField(description='from 1')),
                ('width', fields.IntField(description='of the page at its full size, pixels')),
                ('height', fields.IntField(description='of the page at its full size, pixels')),
                ('sha256', fields.CharField(description='of the JPEG at full size, hex: its entity tag', max_length=64)),
                ('document', fields.ForeignKeyField('archive.Document', source_field='document_id', description='its master: PNG, or as sent', db_constraint=True, to_field='id', related_name='film_pages', on_delete=OnDelete.RESTRICT)),
                ('cells', fields.JSONField(default=list, description='x, y, width, height in pixels of the page, and study, series, instance, frame', encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={'table': 'film_page', 'app': 'records', 'unique_together': (('film', 'n'),), 'indexes': [Index(fields=['document_id'])], 'pk_attr': 'id', 'table_description': 'One page of a film, with its cell map.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='FilmTier',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True, description='row id')),
                ('master', fields.ForeignKeyField('archive.Document', source_field='master_id', description='drawn from which document', db_constraint=True, to_field='id', related_name='film_tiers', on_delete=OnDelete.RESTRICT)),
                ('width', fields.IntField(description='pixels')),
                ('height', fields.IntField(description='pixels')),
                ('document', fields.ForeignKeyField('archive.Document', source_field='document_id', description='the JPEG', db_constraint=True, to_field='id', related_name='film_jpegs', on_delete=OnDelete.RESTRICT)),
            ],
            options={'table': 'film_tier', 'app': 'records', 'unique_together': (('master', 'width'),), 'indexes': [Index(fields=['document_id'])], 'pk_attr': 'id', 'table_description': 'A page as JPEG at one width, ready to send. Pages with the same master share it.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='IdempotencyKey',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True, description='row id')),
                ('hospital', fields.ForeignKeyField('records.Hospital', source_field='hospital_id', description='tenant', db_constraint=True, to_field='code', related_name='idempotency_keys', on_delete=OnDelete.RESTRICT)),
                ('key_sha256', fields.CharField(description='of the key, hex', max_length=64)),
                ('asked_sha256', fields.CharField(description='of what was asked with it, hex', max_length=64)),
                ('subject', fields.CharField(description='id of what came of it', max_length=36)),
                ('at', fields.DatetimeField(description='when', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'idempotency_key', 'app': 'records', 'unique_together': (('hospital', 'key_sha256'),), 'pk_attr': 'id', 'table_description': "What an Idempotency-Key of a hospital's system was answered with."},
            bases=['Model'],
        ),
    ]

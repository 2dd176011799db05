from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('identity', '0008_at_the_hospital'), ('records', '0005_reports')]

    initial = False

    operations = [
        ops.CreateModel(
            name='DownloadCode',
            fields=[
                ('handle', fields.CharField(primary_key=True, unique=True, db_index=True, description='end of the address, says nothing', max_length=8)),
                ('person_id', fields.CharField(description='who asked for it', max_length=36)),
                ('hospital', fields.ForeignKeyField('records.Hospital', source_field='hospital_id', description='tenant', db_constraint=True, to_field='code', related_name='download_codes', on_delete=OnDelete.RESTRICT)),
                ('exam_id', fields.CharField(description='which exam', max_length=36)),
                ('code_hash', fields.CharField(description='keyed hash of handle and code', max_length=64)),
                ('tries_left', fields.IntField(description='codes that will still be looked at')),
                ('expires_at', fields.DatetimeField(description="end of the code's life", auto_now=False, auto_now_add=False)),
                ('link_id', fields.CharField(null=True, description='the link that the right code opened, null before', max_length=36)),
            ],
            options={'table': 'download_code', 'app': 'identity', 'indexes': [Index(fields=['person_id']), Index(fields=['expires_at'])], 'pk_attr': 'handle', 'table_description': "A short address and a code, typed on a computer to download one exam of one's own. The code is good once."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='WebTicket',
            fields=[
                ('hash', fields.CharField(primary_key=True, unique=True, db_index=True, description='SHA-256 of the ticket', max_length=64)),
                ('session', fields.CharField(description='id of the session that asked for it', max_length=36)),
                ('expires_at', fields.DatetimeField(description='end of its life', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'web_ticket', 'app': 'identity', 'indexes': [Index(fields=['expires_at'])], 'pk_attr': 'hash', 'table_description': 'What a page inside a mini-program trades for a session of its own, once. Gone when it is used.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Session',
            name='parent',
            field=fields.CharField(null=True, description='id of the session by whose ticket it came', max_length=36),
        ),
        ops.AddIndex(
            model_name='Session',
            index=Index(fields=['parent']),
        ),
    ]

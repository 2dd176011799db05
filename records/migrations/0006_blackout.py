from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('records', '0005_reports')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Blackout',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, description='uuid7', max_length=36)),
                ('hospital', fields.ForeignKeyField('records.Hospital', source_field='hospital_id', description='tenant', db_constraint=True, to_field='code', related_name='blackouts', on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharField(description='image: of a study, film: a page that the hospital printed', max_length=8)),
                ('maker', fields.CharField(default='', description='(0008,0070), empty for a film', max_length=64)),
                ('model', fields.CharField(default='', description='(0008,1090), of a film its source', max_length=64)),
                ('rows', fields.IntField(description='height of such a picture, pixels')),
                ('columns', fields.IntField(description='width of such a picture, pixels')),
                ('rectangles', fields.JSONField(description='left, top, right, bottom of each, right and bottom excluded')),
                ('live', fields.CharField(null=True, unique=True, description='hash of what it is about, null = it is over', max_length=64)),
                ('subject', fields.CharField(description='who drew it, pseudonymous', max_length=64)),
                ('made_at', fields.DatetimeField(description='when', auto_now=False, auto_now_add=False)),
                ('removed_at', fields.DatetimeField(null=True, description='when it was taken back, or another took its place', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'blackout', 'app': 'records', 'indexes': [Index(fields=['hospital_id', 'removed_at'])], 'pk_attr': 'id', 'table_description': 'Where one kind of device writes text into its pictures, as a hospital drew it, blackened under a mask.'},
            bases=['Model'],
        ),
    ]

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('share', '0002_third_parties')]

    initial = False

    operations = [
        ops.CreateModel(
            name='HealthLink',
            fields=[
                ('hash', fields.CharField(primary_key=True, unique=True, db_index=True, description='keyed hash of the secret', max_length=64)),
                ('share', fields.ForeignKeyField('share.Share', source_field='share_id', description='what it opens', db_constraint=True, to_field='id', related_name='health_links', on_delete=OnDelete.RESTRICT)),
                ('created_at', fields.DatetimeField(description='when', auto_now=False, auto_now_add=False)),
                ('revoked_at', fields.DatetimeField(null=True, description='a newer one took its place', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'health_link', 'app': 'share', 'indexes': [Index(fields=['share_id'])], 'pk_attr': 'hash', 'table_description': 'A share as a SMART Health Link. Address and key of its files come from a secret that is kept nowhere.'},
            bases=['Model'],
        ),
    ]

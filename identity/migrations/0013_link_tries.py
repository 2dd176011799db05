from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('identity', '0012_where_signed_in')]

    initial = False

    operations = [
        ops.CreateModel(
            name='LinkTry',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, description='uuid7', max_length=36)),
                ('link', fields.ForeignKeyField('identity.IssuedLink', source_field='link_id', description='of which link', db_constraint=True, to_field='id', related_name='tries_held', on_delete=OnDelete.RESTRICT)),
                ('until', fields.DatetimeField(description='then it is free again, whatever became of its answer', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'link_try', 'app': 'identity', 'indexes': [Index(fields=['link_id']), Index(fields=['until'])], 'pk_attr': 'id', 'table_description': 'A try of a link, held while an answer is looked at.'},
            bases=['Model'],
        ),
    ]

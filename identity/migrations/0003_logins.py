from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('identity', '0002_people'), ('records', '0001_initial'), ('records', '0002_people')]

    initial = False

    operations = [
        ops.CreateModel(
            name='HandoffKey',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True, description='row id')),
                ('hospital', fields.ForeignKeyField('records.Hospital', source_field='hospital_id', description='tenant', db_constraint=True, to_field='code', related_name='handoff_keys', on_delete=OnDelete.RESTRICT)),
                ('key_id', fields.CharField(description='kid in the header of its tokens', max_length=64)),
                ('algorithm', fields.CharField(description='the one that this key signs with: ES256, RS256 or EdDSA', max_length=8)),
                ('public_key', fields.TextField(description='PEM', unique=False)),
                ('created_at', fields.DatetimeField(description='since when', auto_now=False, auto_now_add=False)),
                ('revoked_at', fields.DatetimeField(null=True, description='not taken any more', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'handoff_key', 'app': 'identity', 'unique_together': (('hospital', 'key_id'),), 'pk_attr': 'id', 'table_description': "The public key by which a hospital's own app vouches for who logged in there."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='OnceUsed',
            fields=[
                ('key', fields.CharField(primary_key=True, unique=True, db_index=True, description='SHA-256 of what was used', max_length=64)),
                ('forget_at', fields.DatetimeField(description='when it would be refused for its age anyway', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'once_used', 'app': 'identity', 'pk_attr': 'key', 'table_description': 'Something signed elsewhere that is good once, and has been used.'},
            bases=['Model'],
        ),
    ]

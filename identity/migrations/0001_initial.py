from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    initial = True
    dependencies = [("records", "0001_initial")]

    operations = [
        ops.CreateModel(
            name='Session',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, description='jti of the token', max_length=36)),
                ('hospital', fields.ForeignKeyField('records.Hospital', source_field='hospital_id', null=True, description='tenant of a system', db_constraint=True, to_field='code', related_name='sessions', on_delete=OnDelete.RESTRICT)),
                ('role', fields.CharField(description='role', max_length=16)),
                ('subject', fields.CharField(description='person or system, pseudonymous', max_length=64)),
                ('created_at', fields.DatetimeField(description='when it was issued', auto_now=False, auto_now_add=True)),
                ('expires_at', fields.DatetimeField(description='end of its life', auto_now=False, auto_now_add=False)),
                ('revoked_at', fields.DatetimeField(null=True, description='taken back before its end', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'session', 'app': 'identity', 'pk_attr': 'id', 'table_description': 'One issued bearer token, so that it can be taken back. The token itself is not stored.'},
            bases=['Model'],
        ),
    ]

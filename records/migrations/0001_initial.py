from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name='Hospital',
            fields=[
                ('code', fields.CharField(primary_key=True, unique=True, db_index=True, description='short name in URLs and tokens', max_length=32)),
                ('name', fields.CharField(description='full name, as printed on reports', max_length=128)),
                ('zone', fields.CharField(default='Asia/Shanghai', description='IANA time zone of its dates', max_length=64)),
                ('created_at', fields.DatetimeField(description='when it was set up here', auto_now=False, auto_now_add=True)),
            ],
            options={'table': 'hospital', 'app': 'records', 'pk_attr': 'code', 'table_description': 'A tenant. Every other table names its hospital, and a hospital sees only its own rows.'},
            bases=['Model'],
        ),
    ]

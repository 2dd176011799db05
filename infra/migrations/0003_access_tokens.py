from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('infra', '0002_audit')]

    initial = False

    operations = [
        ops.CreateModel(
            name='AccessToken',
            fields=[
                ('app', fields.CharField(primary_key=True, unique=True, db_index=True, description='provider and app id', max_length=96)),
                ('sealed', fields.BinaryField(null=True, description='the token, encrypted')),
                ('expires_at', fields.DatetimeField(null=True, description='end of its life', auto_now=False, auto_now_add=False)),
                ('leased_until', fields.DatetimeField(null=True, description='one process renews it until then', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'access_token', 'app': 'infra', 'pk_attr': 'app', 'table_description': 'The access token of one app at a third party. Who renews it holds the lease, the others wait or use the old one.'},
            bases=['Model'],
        ),
    ]

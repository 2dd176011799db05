from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('identity', '0011_feedback_checked')]

    initial = False

    operations = [
        ops.AddField(
            model_name='SignIn',
            name='device',
            field=fields.CharField(default='', description='kind of device, as its browser says', max_length=64),
        ),
        ops.AddField(
            model_name='SignIn',
            name='place',
            field=fields.CharField(default='', description='this-machine, internal, internet or unknown', max_length=16),
        ),
        ops.AddField(
            model_name='SignIn',
            name='network',
            field=fields.CharField(default='', description='its address without what names one machine', max_length=64),
        ),
    ]

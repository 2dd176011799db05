from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('identity', '0010_feedback')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Feedback',
            name='checked',
            field=fields.CharField(default='', description="WeChat's check of its words: pass, review or risky", max_length=8),
        ),
    ]

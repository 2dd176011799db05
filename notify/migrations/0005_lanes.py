from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('notify', '0004_wishes')]

    initial = False

    operations = [
        ops.AlterField(
            model_name='NoticeChannel',
            name='name',
            field=fields.CharField(primary_key=True, unique=True, db_index=True, description='of the channel, with its hospital if it has its own', max_length=64),
        ),
    ]

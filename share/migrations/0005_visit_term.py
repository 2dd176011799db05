from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('share', '0004_parts')]

    initial = False

    operations = [
        ops.AddField(
            model_name='ShareVisit',
            name='traced_at',
            field=fields.DatetimeField(null=True, description='when, as long as address and device are kept', auto_now=False, auto_now_add=False),
        ),
        ops.RunSQL('UPDATE share_visit SET traced_at = "at"'),
        ops.AddIndex(
            model_name='ShareVisit',
            index=Index(fields=['traced_at']),
        ),
    ]

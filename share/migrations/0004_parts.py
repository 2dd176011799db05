from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.data import JSON_DUMPS
from orjson import loads
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('share', '0003_health_links')]

    initial = False

    operations = [
        ops.AddField(
            model_name='ShareExam',
            name='parts',
            field=fields.JSONField(null=True, description='which of report, film and images, null = all of them', encoder=JSON_DUMPS, decoder=loads),
        ),
    ]

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('records', '0003_films')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Exam',
            name='service_chosen',
            field=fields.BooleanField(null=True, description="what the patient answered here, after the hospital's word"),
        ),
    ]

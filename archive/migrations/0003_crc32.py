from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("archive", "0002_documents")]

    initial = False

    operations = [
        ops.AddField(
            model_name="StoredObject",
            name="original_crc32",
            field=fields.BigIntField(null=True, description="of the file as sent, for a ZIP, null = not known yet"),
        ),
        ops.AddField(
            model_name="Document",
            name="crc32",
            field=fields.BigIntField(null=True, description="of the bytes, for a ZIP, null = not known yet"),
        ),
    ]

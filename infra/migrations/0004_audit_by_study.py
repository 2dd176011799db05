from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [('infra', '0003_access_tokens')]

    initial = False

    operations = [
        ops.RemoveIndex(
            model_name='AuditEntry',
            fields=['study_uid'],
        ),
        ops.AddIndex(
            model_name='AuditEntry',
            index=Index(fields=['chain', 'study_uid', 'number']),
        ),
    ]

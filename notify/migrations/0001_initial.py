from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name='SandboxMessage',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True, description='row id')),
                ('at', fields.DatetimeField(description='when it was sent', auto_now=False, auto_now_add=False)),
                ('channel', fields.CharField(description='by which channel it would have gone: sms, wechat, alipay', max_length=16)),
                ('kind', fields.CharField(description='what it is about', max_length=32)),
                ('sealed', fields.BinaryField(description='to whom, and what it says, encrypted')),
            ],
            options={'table': 'sandbox_message', 'app': 'notify', 'indexes': [Index(fields=['at'])], 'pk_attr': 'id', 'table_description': 'A message of a demo, kept to be read on a page where a real one would have gone to a phone.'},
            bases=['Model'],
        ),
    ]

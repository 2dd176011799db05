from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('notify', '0002_notices')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Acceptance',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True, description='row id, grows with time')),
                ('channel', fields.CharField(description='wechat or alipay', max_length=16)),
                ('subject_index', fields.CharField(description='keyed hash of the account there, as of the login', max_length=64)),
                ('template', fields.CharField(description="the provider's number of the template", max_length=64)),
                ('tap', fields.CharField(description="the phone's own id of the tap, so that a repeat counts once", max_length=64)),
                ('lasting', fields.BooleanField(default=False, description='of a long-term template, not used up by a message')),
                ('accepted_at', fields.DatetimeField(description='when', auto_now=False, auto_now_add=False)),
                ('used_by', fields.CharField(null=True, description='id of the message that it was used for', max_length=36)),
                ('ended_at', fields.DatetimeField(null=True, description='the provider said that it is there no more', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'acceptance', 'app': 'notify', 'unique_together': (('channel', 'subject_index', 'template', 'tap'),), 'indexes': [Index(fields=['used_by']), Index(fields=['accepted_at'])], 'pk_attr': 'id', 'table_description': 'A person agreed to one message of a template by a tap in WeChat or Alipay. One tap is one message, then it is used.'},
            bases=['Model'],
        ),
    ]

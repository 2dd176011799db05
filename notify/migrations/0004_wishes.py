from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('notify', '0003_acceptances'), ('records', '0002_people')]

    initial = False

    operations = [
        ops.CreateModel(
            name='NoticeWish',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True, description='row id')),
                ('hospital', fields.ForeignKeyField('records.Hospital', source_field='hospital_id', description='tenant', db_constraint=True, to_field='code', related_name='notice_wishes', on_delete=OnDelete.RESTRICT)),
                ('record', fields.ForeignKeyField('records.PatientRecord', source_field='record_id', description='who', db_constraint=True, to_field='id', related_name='notice_wishes', on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharField(description='of which messages, see notify/kinds.py', max_length=24)),
                ('way', fields.CharField(default='', description='sms, wechat or alipay, empty = any way', max_length=16)),
                ('at', fields.DatetimeField(description='since when', auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'notice_wish', 'app': 'notify', 'unique_together': (('record', 'kind', 'way'),), 'pk_attr': 'id', 'table_description': 'A patient turned off one kind of messages of a hospital, or one way to get them.'},
            bases=['Model'],
        ),
    ]

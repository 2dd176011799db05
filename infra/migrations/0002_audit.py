from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('infra', '0001_initial')]

    initial = False

    operations = [
        ops.AddField(
            model_name='AuditEntry',
            name='device',
            field=fields.CharField(default='', description='coarse kind of device, such as WeChat on Android', max_length=32),
        ),
        ops.CreateModel(
            name='AuditCut',
            fields=[
                ('chain', fields.CharField(primary_key=True, unique=True, db_index=True, description='which chain', max_length=32)),
                ('number', fields.BigIntField(description='number of the newest entry that was removed')),
                ('hash', fields.CharField(description='hash of that entry, which the next one follows', max_length=64)),
                ('at', fields.DatetimeField(description='when it was cut last', auto_now=False, auto_now_add=False)),
                ('subject', fields.CharField(description='who cut it, as a pseudonymous id', max_length=64)),
                ('proof', fields.CharField(description='keyed hash of all of it: nobody else can have cut it', max_length=64)),
            ],
            options={'table': 'audit_cut', 'app': 'infra', 'pk_attr': 'chain', 'table_description': 'The oldest entries of a chain were removed on purpose, after their term: where the chain begins since then.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='StaffSession',
            fields=[
                ('session', fields.CharField(primary_key=True, unique=True, db_index=True, description='session id, as in the audit trail', max_length=64)),
                ('department', fields.CharField(default='', description='code or name of the department', max_length=64)),
                ('sealed_name', fields.BinaryField(null=True, description='the name, encrypted')),
            ],
            options={'table': 'staff_session', 'app': 'infra', 'pk_attr': 'session', 'table_description': 'The member of staff behind a session: kept as long as the entries that name the session, which itself is forgotten.'},
            bases=['Model'],
        ),
    ]

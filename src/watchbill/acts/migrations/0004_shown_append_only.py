"""Evidence is as lasting as the ledger: the database refuses to change or delete it."""

from django.db import migrations

TABLE = "acts_shown"

SQLITE = [
    f"CREATE TRIGGER {TABLE}_no_{op} BEFORE {op} ON {TABLE} "
    f"BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only'); END"
    for op in ("update", "delete")
]
POSTGRES = [
    f"CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {TABLE} "
    "FOR EACH STATEMENT EXECUTE FUNCTION watchbill_refuse()"
]


def remove(vendor):
    """The statements that take the triggers away again (tests empty the tables between runs)."""
    if vendor == "sqlite":
        return [f"DROP TRIGGER IF EXISTS {TABLE}_no_{op}" for op in ("update", "delete")]
    return [f"DROP TRIGGER IF EXISTS {TABLE}_append_only ON {TABLE}"]


def install(apps, schema_editor):
    for sql in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRES:
        schema_editor.execute(sql)


class Migration(migrations.Migration):
    dependencies = [("acts", "0003_shown")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]

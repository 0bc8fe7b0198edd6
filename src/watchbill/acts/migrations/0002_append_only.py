"""The database itself refuses to change or delete what the ledger holds."""

from django.db import migrations

TABLES = ("acts_entry", "acts_mention", "people_standing")

SQLITE = [
    f"CREATE TRIGGER {table}_no_{op} BEFORE {op} ON {table} "
    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    for table in TABLES
    for op in ("update", "delete")
]
POSTGRES = [
    "CREATE FUNCTION watchbill_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END$$",
    *(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION watchbill_refuse()"
        for table in TABLES
    ),
]


def remove(vendor):
    """The statements that take the triggers away again (tests empty the tables between runs)."""
    if vendor == "sqlite":
        return [
            f"DROP TRIGGER IF EXISTS {table}_no_{op}"
            for table in TABLES
            for op in ("update", "delete")
        ]
    return [
        *(f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}" for table in TABLES),
        "DROP FUNCTION IF EXISTS watchbill_refuse()",
    ]


def install(apps, schema_editor):
    for sql in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRES:
        schema_editor.execute(sql, params=None)  # the text has a % of its own


class Migration(migrations.Migration):
    dependencies = [("acts", "0001_initial"), ("people", "0001_initial")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]

"""What was decided stays as it was written: events, refusals and flags are added, never changed or deleted."""

from typing import Any, ClassVar

from django.db import migrations

APPEND_ONLY = ("certificateevent", "gaterefusal", "orderflag")

# An empty table may be truncated: nothing is lost, and test suites of the host empty every table.
FORWARD = """
CREATE FUNCTION ovop_certification_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    holds_rows boolean := true;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I.%I)', TG_TABLE_SCHEMA, TG_TABLE_NAME) INTO holds_rows;
    END IF;
    IF holds_rows THEN
        RAISE EXCEPTION 'append_only: rows of % are neither changed nor deleted', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
"""
REVERSE = "DROP FUNCTION ovop_certification_append_only();"

GUARD = """
CREATE TRIGGER ovop_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ovop_certification_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION ovop_certification_append_only();
"""
UNGUARD = "DROP TRIGGER ovop_append_only ON ovop_certification_{table};"


def refuse_unless_empty(apps: Any, schema_editor: Any) -> None:
    """Taking the guards away is only possible while there is nothing to guard."""
    for model in ("CertificateEvent", "GateRefusal", "OrderFlag"):
        if apps.get_model("ovop_certification", model).objects.using(schema_editor.connection.alias).exists():
            raise RuntimeError(f"{model} holds rows: these migrations are reversible while it is empty only.")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("ovop_certification", "0001_initial")]

    operations: ClassVar = [
        migrations.RunSQL(FORWARD, REVERSE),
        *(migrations.RunSQL(GUARD.format(table=table), UNGUARD.format(table=table)) for table in APPEND_ONLY),
        migrations.RunPython(migrations.RunPython.noop, refuse_unless_empty),
    ]

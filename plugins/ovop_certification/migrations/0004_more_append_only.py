"""What else stays as it was written, and the word for a certificate that counts: `issued`, since `verified` is a step
before it. Recorded events get the new word; nothing else of them changes."""

from typing import Any, ClassVar

from django.db import migrations

APPEND_ONLY = (
    "applicationstep",
    "conflictofinterest",
    "evidence",
    "evidencecontent",
    "flagresolution",
    "productrecipe",
)
MODELS = ("ApplicationStep", "ConflictOfInterest", "Evidence", "EvidenceContent", "FlagResolution", "ProductRecipe")

GUARD = """
CREATE TRIGGER ovop_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ovop_certification_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION ovop_certification_append_only();
"""
UNGUARD = "DROP TRIGGER ovop_append_only ON ovop_certification_{table};"

SAY = """
ALTER TABLE ovop_certification_certificateevent DISABLE TRIGGER ovop_append_only;
UPDATE ovop_certification_certificateevent SET kind = '{new}' WHERE kind = '{old}';
ALTER TABLE ovop_certification_certificateevent ENABLE TRIGGER ovop_append_only;
"""


def refuse_unless_empty(apps: Any, schema_editor: Any) -> None:
    """Taking the guards away is only possible while there is nothing to guard."""
    for model in (*MODELS, "CertificateEvent"):
        if apps.get_model("ovop_certification", model).objects.using(schema_editor.connection.alias).exists():
            raise RuntimeError(f"{model} holds rows: these migrations are reversible while it is empty only.")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("ovop_certification", "0003_full_certification")]

    operations: ClassVar = [
        migrations.RunSQL(SAY.format(old="verified", new="issued"), migrations.RunSQL.noop),
        *(migrations.RunSQL(GUARD.format(table=table), UNGUARD.format(table=table)) for table in APPEND_ONLY),
        migrations.RunPython(migrations.RunPython.noop, refuse_unless_empty),
    ]

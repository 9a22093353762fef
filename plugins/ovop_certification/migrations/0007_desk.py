"""Who changed facts of the registry, kept as it was written; and the order of a certificate's events, and the two
people between `verified` and `issued`, held against every writer."""

from typing import Any, ClassVar

from django.db import migrations, models

GUARD = """
CREATE TRIGGER ovop_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ovop_certification_recordedchange
    FOR EACH STATEMENT EXECUTE FUNCTION ovop_certification_append_only();
"""
UNGUARD = "DROP TRIGGER ovop_append_only ON ovop_certification_recordedchange;"

# services/certificate_events.py says the same in Python, with codes; this is for whoever writes past it. A row of an
# INSERT of many sees those before it.
EVENTS = """
CREATE FUNCTION ovop_certification_next_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last ovop_certification_certificateevent%ROWTYPE;
BEGIN
    SELECT * INTO last FROM ovop_certification_certificateevent
        WHERE certificate_id = NEW.certificate_id ORDER BY position DESC LIMIT 1;
    IF NEW.position <> COALESCE(last.position, 0) + 1 OR NEW.at < last.at THEN
        RAISE EXCEPTION 'event_out_of_order: % of certificate %', NEW.position, NEW.certificate_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF NOT (CASE COALESCE(last.kind, '')
        WHEN '' THEN NEW.kind IN ('applied', 'issued')
        WHEN 'applied' THEN NEW.kind IN ('applied', 'verified', 'issued', 'withdrawn')
        WHEN 'verified' THEN NEW.kind IN ('applied', 'issued', 'withdrawn')
        WHEN 'issued' THEN NEW.kind IN ('suspended', 'withdrawn')
        WHEN 'reinstated' THEN NEW.kind IN ('suspended', 'withdrawn')
        WHEN 'suspended' THEN NEW.kind IN ('reinstated', 'withdrawn')
        ELSE FALSE
    END) THEN
        RAISE EXCEPTION 'illegal_transition: % after %', NEW.kind, last.kind USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind = 'issued' AND last.kind = 'verified' AND lower(NEW.actor) = lower(last.actor) THEN
        RAISE EXCEPTION 'four_eyes_required: certificate %', NEW.certificate_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ovop_next_event BEFORE INSERT ON ovop_certification_certificateevent
    FOR EACH ROW EXECUTE FUNCTION ovop_certification_next_event();
"""
NO_EVENTS = """
DROP TRIGGER ovop_next_event ON ovop_certification_certificateevent;
DROP FUNCTION ovop_certification_next_event();
"""


def refuse_unless_empty(apps: Any, schema_editor: Any) -> None:
    """Taking the guard away is only possible while there is nothing to guard."""
    model = apps.get_model("ovop_certification", "RecordedChange")
    if model.objects.using(schema_editor.connection.alias).exists():
        raise RuntimeError("RecordedChange holds rows: these migrations are reversible while it is empty only.")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("ovop_certification", "0006_committee_rules")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="RecordedChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "subject",
                    models.CharField(
                        choices=[
                            ("certificate", "Certificate"),
                            ("requirement", "Requirement"),
                            ("market", "Market"),
                        ],
                        max_length=11,
                    ),
                ),
                ("subject_pk", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("actor", models.CharField(max_length=200)),
                ("reason", models.TextField(blank=True, default="")),
                ("facts", models.JSONField()),
            ],
            options={
                "indexes": [models.Index(fields=["subject", "subject_pk", "at"], name="ovop_change_of")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("subject__in", ["certificate", "requirement", "market"])),
                        name="ovop_change_subject",
                    ),
                    models.CheckConstraint(condition=models.Q(("actor", ""), _negated=True), name="ovop_change_actor"),
                ],
            },
        ),
        migrations.RunSQL(GUARD, UNGUARD),
        migrations.RunSQL(EVENTS, NO_EVENTS),
        migrations.RunPython(migrations.RunPython.noop, refuse_unless_empty),
    ]

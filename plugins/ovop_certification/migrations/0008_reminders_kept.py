"""A reminder is a promise kept once: what was sent stays sent, and only what failed for certain is claimed again.

Two programs of different releases may send at the same time; this is what neither can get wrong.
"""

from typing import Any, ClassVar

from django.db import migrations

FORWARD = """
CREATE FUNCTION ovop_certification_reminder_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'append_only: a reminder is not deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.certificate_id, NEW.last_on, NEW.days_before, NEW.recipient, NEW.language)
        IS DISTINCT FROM (OLD.certificate_id, OLD.last_on, OLD.days_before, OLD.recipient, OLD.language) THEN
        RAISE EXCEPTION 'append_only: what a reminder is about does not change' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state = 'sent'
        OR (OLD.state = 'failed' AND NOT (NEW.state = 'claimed' AND NEW.attempts = OLD.attempts + 1))
        OR (OLD.state = 'claimed' AND NEW.attempts <> OLD.attempts) THEN
        RAISE EXCEPTION 'append_only: a reminder that is % does not become %', OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ovop_reminder_kept BEFORE UPDATE OR DELETE ON ovop_certification_reminder
    FOR EACH ROW EXECUTE FUNCTION ovop_certification_reminder_kept();
"""
REVERSE = """
DROP TRIGGER ovop_reminder_kept ON ovop_certification_reminder;
DROP FUNCTION ovop_certification_reminder_kept();
"""


def refuse_unless_empty(apps: Any, schema_editor: Any) -> None:
    """Taking the guard away is only possible while there is nothing to guard."""
    if apps.get_model("ovop_certification", "Reminder").objects.using(schema_editor.connection.alias).exists():
        raise RuntimeError("Reminder holds rows: these migrations are reversible while it is empty only.")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("ovop_certification", "0007_desk")]

    operations: ClassVar = [
        migrations.RunSQL(FORWARD, REVERSE),
        migrations.RunPython(migrations.RunPython.noop, refuse_unless_empty),
    ]

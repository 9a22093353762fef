"""The rules that PostgreSQL itself keeps, whoever writes: balance at commit, currency of the account, append-only."""

from typing import Any, ClassVar

from django.db import migrations

APPEND_ONLY = ("account", "entry", "posting", "splitruleversion", "payoutevent", "statement", "statementposting")

FORWARD = """
-- A posting's currency is its account's.
ALTER TABLE ovop_producer_payouts_posting
    ADD CONSTRAINT ovop_posting_account_currency FOREIGN KEY (account_id, currency)
    REFERENCES ovop_producer_payouts_account (id, currency);

-- The transaction that posted an entry: nobody adds postings to it later.
ALTER TABLE ovop_producer_payouts_entry
    ADD COLUMN posted_in xid8 NOT NULL DEFAULT pg_current_xact_id();

CREATE FUNCTION ovop_entry_is_whole() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    currencies integer;
    unbalanced integer;
BEGIN
    SELECT count(*), count(*) FILTER (WHERE total <> 0) INTO currencies, unbalanced
    FROM (SELECT sum(amount_minor) AS total FROM ovop_producer_payouts_posting
          WHERE entry_id = NEW.id GROUP BY currency) sums;
    IF currencies = 0 OR unbalanced > 0 THEN
        RAISE EXCEPTION 'entry_unbalanced: entry % does not sum to zero', NEW.reference
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ovop_entry_is_whole AFTER INSERT ON ovop_producer_payouts_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ovop_entry_is_whole();

CREATE FUNCTION ovop_posting_is_timely() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM fresh JOIN ovop_producer_payouts_entry entry ON entry.id = fresh.entry_id
               WHERE entry.posted_in <> pg_current_xact_id()) THEN
        RAISE EXCEPTION 'append_only: a posted entry takes no further postings'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ovop_posting_is_timely AFTER INSERT ON ovop_producer_payouts_posting
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION ovop_posting_is_timely();

CREATE FUNCTION ovop_payouts_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'append_only: rows of % are neither changed nor deleted', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

-- Frozen terms stay frozen; only a line whose makers were not known may learn them.
CREATE FUNCTION ovop_settled_line_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NOT OLD.is_resolved AND NEW.order_id = OLD.order_id AND NEW.line_id = OLD.line_id THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'append_only: the terms of line % are frozen', OLD.line_id USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER ovop_settled_line_frozen BEFORE UPDATE OR DELETE ON ovop_producer_payouts_settledline
    FOR EACH ROW EXECUTE FUNCTION ovop_settled_line_frozen();
CREATE TRIGGER ovop_settled_line_kept BEFORE TRUNCATE ON ovop_producer_payouts_settledline
    FOR EACH STATEMENT EXECUTE FUNCTION ovop_payouts_append_only();
"""

REVERSE = """
DROP TRIGGER ovop_settled_line_kept ON ovop_producer_payouts_settledline;
DROP TRIGGER ovop_settled_line_frozen ON ovop_producer_payouts_settledline;
DROP FUNCTION ovop_settled_line_frozen();
DROP FUNCTION ovop_payouts_append_only();
DROP TRIGGER ovop_posting_is_timely ON ovop_producer_payouts_posting;
DROP FUNCTION ovop_posting_is_timely();
DROP TRIGGER ovop_entry_is_whole ON ovop_producer_payouts_entry;
DROP FUNCTION ovop_entry_is_whole();
ALTER TABLE ovop_producer_payouts_entry DROP COLUMN posted_in;
ALTER TABLE ovop_producer_payouts_posting DROP CONSTRAINT ovop_posting_account_currency;
"""

GUARD = """
CREATE TRIGGER ovop_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ovop_producer_payouts_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION ovop_payouts_append_only();
"""
UNGUARD = "DROP TRIGGER ovop_append_only ON ovop_producer_payouts_{table};"


def refuse_unless_empty(apps: Any, schema_editor: Any) -> None:
    """Taking the guards away is only possible while there is nothing to guard."""
    if apps.get_model("ovop_producer_payouts", "Entry").objects.exists():
        raise RuntimeError("The ledger holds entries: its migrations are reversible on an empty ledger only.")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("ovop_producer_payouts", "0001_initial")]

    operations: ClassVar = [
        migrations.RunSQL(FORWARD, REVERSE),
        *(migrations.RunSQL(GUARD.format(table=table), UNGUARD.format(table=table)) for table in APPEND_ONLY),
        migrations.RunPython(migrations.RunPython.noop, refuse_unless_empty),
    ]

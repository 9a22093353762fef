"""The rules of the full registry that cross rows, as triggers: they hold for every process and whoever writes with SQL."""

from django.db import migrations

# Two memberships written at once could close a circle that neither of them sees: the registry's lock
# (ovop_origin.locks) is taken first.
NOT_OF_ITSELF = """
CREATE FUNCTION ovop_origin_membership_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1870032752, 1);
    PERFORM 1 FROM ovop_origin_producer WHERE id = NEW.group_id AND kind <> 'person';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a person has no members'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ovop_membership_of_person';
    END IF;
    PERFORM 1 FROM (
        WITH RECURSIVE above(id) AS (
            SELECT NEW.group_id
            UNION
            SELECT ovop_origin_membership.group_id FROM ovop_origin_membership JOIN above ON member_id = above.id
        )
        SELECT id FROM above WHERE id = NEW.member_id
    ) AS circle;
    IF FOUND THEN
        RAISE EXCEPTION 'no producer is a member of itself'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ovop_membership_circle';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER ovop_origin_membership_rules BEFORE INSERT OR UPDATE ON ovop_origin_membership
    FOR EACH ROW EXECUTE FUNCTION ovop_origin_membership_rules();

CREATE FUNCTION ovop_origin_person_without_members() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1870032752, 1);
    IF NEW.kind = 'person' AND OLD.kind <> 'person'
        AND EXISTS (SELECT 1 FROM ovop_origin_membership WHERE group_id = NEW.id)
    THEN
        RAISE EXCEPTION 'a person has no members'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ovop_membership_of_person';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER ovop_origin_person_without_members BEFORE UPDATE OF kind ON ovop_origin_producer
    FOR EACH ROW EXECUTE FUNCTION ovop_origin_person_without_members();
"""

# At commit, and with the product's row locked, as for the makers.
MATERIALS_ADD_UP = """
CREATE FUNCTION ovop_origin_materials_add_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched bigint;
    total bigint;
BEGIN
    FOREACH touched IN ARRAY ARRAY[
        CASE WHEN TG_OP <> 'INSERT' THEN OLD.origin_id END,
        CASE WHEN TG_OP <> 'DELETE' THEN NEW.origin_id END
    ] LOOP
        PERFORM 1 FROM ovop_origin_productorigin WHERE id = touched FOR NO KEY UPDATE;
        CONTINUE WHEN NOT FOUND;
        SELECT sum(share) INTO total FROM ovop_origin_productmaterial WHERE origin_id = touched;
        IF total <> 10000 THEN
            RAISE EXCEPTION 'the shares of the materials of a product add up to %, not to 10000', total
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ovop_material_shares_add_up';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER ovop_origin_materials_add_up AFTER INSERT OR UPDATE OR DELETE ON ovop_origin_productmaterial
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ovop_origin_materials_add_up();
"""

LOTS_IN_A_VILLAGE = """
CREATE TRIGGER ovop_origin_lot_in_a_village BEFORE INSERT OR UPDATE OF village_id ON ovop_origin_lot
    FOR EACH ROW EXECUTE FUNCTION ovop_origin_in_a_village('village_id');
"""


class Migration(migrations.Migration):
    dependencies = [("ovop_origin", "0003_full_registry")]

    operations = [
        migrations.RunSQL(
            NOT_OF_ITSELF,
            "DROP TRIGGER ovop_origin_membership_rules ON ovop_origin_membership; "
            "DROP FUNCTION ovop_origin_membership_rules(); "
            "DROP TRIGGER ovop_origin_person_without_members ON ovop_origin_producer; "
            "DROP FUNCTION ovop_origin_person_without_members();",
        ),
        migrations.RunSQL(
            MATERIALS_ADD_UP,
            "DROP TRIGGER ovop_origin_materials_add_up ON ovop_origin_productmaterial; "
            "DROP FUNCTION ovop_origin_materials_add_up();",
        ),
        migrations.RunSQL(LOTS_IN_A_VILLAGE, "DROP TRIGGER ovop_origin_lot_in_a_village ON ovop_origin_lot;"),
    ]

"""The rules that cross rows, as triggers: they hold for every process and for whoever writes with SQL."""

from django.db import migrations

PLACE_RULES = """
CREATE FUNCTION ovop_origin_place_rules() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    parent_kind text;
    parent_country text;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.code, NEW.kind, NEW.country_code) IS DISTINCT FROM (OLD.code, OLD.kind, OLD.country_code) THEN
            RAISE EXCEPTION 'the code, kind and country of a place never change'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ovop_place_is_fixed';
        END IF;
    END IF;
    IF NEW.parent_id IS NOT NULL THEN
        SELECT kind, country_code INTO parent_kind, parent_country FROM ovop_origin_place WHERE id = NEW.parent_id;
        IF parent_country IS DISTINCT FROM NEW.country_code OR parent_kind IS DISTINCT FROM
            (CASE NEW.kind WHEN 'region' THEN 'country' WHEN 'district' THEN 'region' WHEN 'village' THEN 'district' END)
        THEN
            RAISE EXCEPTION 'a village lies in a district, a district in a region, a region in a country'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ovop_place_parent_kind';
        END IF;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER ovop_origin_place_rules BEFORE INSERT OR UPDATE ON ovop_origin_place
    FOR EACH ROW EXECUTE FUNCTION ovop_origin_place_rules();
"""

# The kind of a place never changes, so what was a village when the row was written stays one.
IN_A_VILLAGE = """
CREATE FUNCTION ovop_origin_in_a_village() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM ovop_origin_place
        WHERE id = (to_jsonb(NEW) ->> TG_ARGV[0])::bigint AND kind = 'village';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'producers and products come from villages'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ovop_in_a_village';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER ovop_origin_producer_in_a_village BEFORE INSERT OR UPDATE OF place_id ON ovop_origin_producer
    FOR EACH ROW EXECUTE FUNCTION ovop_origin_in_a_village('place_id');
CREATE TRIGGER ovop_origin_product_in_a_village BEFORE INSERT OR UPDATE OF village_id ON ovop_origin_productorigin
    FOR EACH ROW EXECUTE FUNCTION ovop_origin_in_a_village('village_id');
"""

PRODUCER_IS_FIXED = """
CREATE FUNCTION ovop_origin_producer_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.code <> OLD.code THEN
        RAISE EXCEPTION 'the code of a producer never changes'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ovop_producer_is_fixed';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER ovop_origin_producer_is_fixed BEFORE UPDATE OF code ON ovop_origin_producer
    FOR EACH ROW EXECUTE FUNCTION ovop_origin_producer_is_fixed();
"""

# At commit, and with the product's row locked: of two transactions that each saw a good sum the second sees both.
SHARES_ADD_UP = """
CREATE FUNCTION ovop_origin_shares_add_up() RETURNS trigger LANGUAGE plpgsql AS $$
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
        SELECT sum(share) INTO total FROM ovop_origin_maker WHERE origin_id = touched;
        IF total <> 10000 THEN
            RAISE EXCEPTION 'the shares of a product add up to %, not to 10000', total
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ovop_shares_add_up';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER ovop_origin_shares_add_up AFTER INSERT OR UPDATE OR DELETE ON ovop_origin_maker
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ovop_origin_shares_add_up();
"""


class Migration(migrations.Migration):
    dependencies = [("ovop_origin", "0001_registry")]

    operations = [
        migrations.RunSQL(
            PLACE_RULES,
            "DROP TRIGGER ovop_origin_place_rules ON ovop_origin_place; DROP FUNCTION ovop_origin_place_rules();",
        ),
        migrations.RunSQL(
            IN_A_VILLAGE,
            "DROP TRIGGER ovop_origin_producer_in_a_village ON ovop_origin_producer; "
            "DROP TRIGGER ovop_origin_product_in_a_village ON ovop_origin_productorigin; "
            "DROP FUNCTION ovop_origin_in_a_village();",
        ),
        migrations.RunSQL(
            PRODUCER_IS_FIXED,
            "DROP TRIGGER ovop_origin_producer_is_fixed ON ovop_origin_producer; "
            "DROP FUNCTION ovop_origin_producer_is_fixed();",
        ),
        migrations.RunSQL(
            SHARES_ADD_UP,
            "DROP TRIGGER ovop_origin_shares_add_up ON ovop_origin_maker; DROP FUNCTION ovop_origin_shares_add_up();",
        ),
    ]

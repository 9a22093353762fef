"""What the committee decided stays decided, and who may not score has no scores, whoever writes to the tables.

A published criteria set, a closed assessment with its scores and conflicts, and a closed sitting with who sat are not
changed; nobody scores who does not sit there or has a conflict of interest. Each trigger locks the row whose state it
asks about, so that of two writers at once the second sees what the first one wrote.
"""

from typing import ClassVar

from django.db import migrations, models

CRITERIA = """
CREATE FUNCTION ovop_committee_criteria_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.published_at IS NOT NULL THEN
        RAISE EXCEPTION 'criteria_published: version % of % is published', OLD.version, OLD.code
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ovop_criteria_frozen BEFORE UPDATE OR DELETE ON ovop_certification_criteriaset
    FOR EACH ROW EXECUTE FUNCTION ovop_committee_criteria_frozen();

CREATE FUNCTION ovop_committee_criteria_parts_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    parent record;
BEGIN
    FOR parent IN SELECT code, version, published_at FROM ovop_certification_criteriaset
        WHERE id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.criteria_set_id END,
                     CASE WHEN TG_OP <> 'DELETE' THEN NEW.criteria_set_id END)
        ORDER BY id FOR SHARE
    LOOP
        IF parent.published_at IS NOT NULL THEN
            RAISE EXCEPTION 'criteria_published: version % of % is published', parent.version, parent.code
                USING ERRCODE = 'restrict_violation';
        END IF;
    END LOOP;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ovop_criteria_frozen BEFORE INSERT OR UPDATE OR DELETE ON ovop_certification_criterion
    FOR EACH ROW EXECUTE FUNCTION ovop_committee_criteria_parts_frozen();
CREATE TRIGGER ovop_criteria_frozen BEFORE INSERT OR UPDATE OR DELETE ON ovop_certification_gradeband
    FOR EACH ROW EXECUTE FUNCTION ovop_committee_criteria_parts_frozen();
"""
CRITERIA_REVERSE = """
DROP TRIGGER ovop_criteria_frozen ON ovop_certification_gradeband;
DROP TRIGGER ovop_criteria_frozen ON ovop_certification_criterion;
DROP FUNCTION ovop_committee_criteria_parts_frozen();
DROP TRIGGER ovop_criteria_frozen ON ovop_certification_criteriaset;
DROP FUNCTION ovop_committee_criteria_frozen();
"""

SITTINGS = """
CREATE FUNCTION ovop_committee_sitting_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.closed_at IS NOT NULL THEN
        RAISE EXCEPTION 'sitting_closed: sitting % is closed', OLD.number USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    IF NEW.closed_at IS NOT NULL AND EXISTS (
        SELECT 1 FROM ovop_certification_assessment WHERE sitting_id = NEW.id AND closed_at IS NULL
    ) THEN
        RAISE EXCEPTION 'sitting_unfinished: sitting % has open assessments', OLD.number
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ovop_sitting_frozen BEFORE UPDATE OR DELETE ON ovop_certification_sitting
    FOR EACH ROW EXECUTE FUNCTION ovop_committee_sitting_frozen();

CREATE FUNCTION ovop_committee_members_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    parent record;
BEGIN
    FOR parent IN SELECT number, closed_at FROM ovop_certification_sitting
        WHERE id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.sitting_id END,
                     CASE WHEN TG_OP <> 'DELETE' THEN NEW.sitting_id END)
        ORDER BY id FOR SHARE
    LOOP
        IF parent.closed_at IS NOT NULL THEN
            RAISE EXCEPTION 'sitting_closed: sitting % is closed', parent.number
                USING ERRCODE = 'restrict_violation';
        END IF;
    END LOOP;
    IF TG_OP = 'INSERT' THEN RETURN NEW; END IF;
    IF TG_OP = 'UPDATE' THEN
        IF NEW.sitting_id = OLD.sitting_id AND NEW.member_id = OLD.member_id THEN RETURN NEW; END IF;
    END IF;
    IF EXISTS (
        SELECT 1 FROM ovop_certification_assessment a WHERE a.sitting_id = OLD.sitting_id AND (
            EXISTS (SELECT 1 FROM ovop_certification_score s
                    WHERE s.assessment_id = a.id AND s.member_id = OLD.member_id)
            OR EXISTS (SELECT 1 FROM ovop_certification_conflictofinterest c
                       WHERE c.assessment_id = a.id AND c.member_id = OLD.member_id))
    ) THEN
        RAISE EXCEPTION 'member_has_scored: who has scored at a sitting was there'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ovop_members_frozen BEFORE INSERT OR UPDATE OR DELETE ON ovop_certification_sittingmember
    FOR EACH ROW EXECUTE FUNCTION ovop_committee_members_frozen();
"""
SITTINGS_REVERSE = """
DROP TRIGGER ovop_members_frozen ON ovop_certification_sittingmember;
DROP FUNCTION ovop_committee_members_frozen();
DROP TRIGGER ovop_sitting_frozen ON ovop_certification_sitting;
DROP FUNCTION ovop_committee_sitting_frozen();
"""

ASSESSMENTS = """
CREATE FUNCTION ovop_committee_assessment_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sitting_closed_at timestamptz;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        IF OLD.closed_at IS NOT NULL THEN
            RAISE EXCEPTION 'assessment_closed: what was decided is not changed'
                USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    SELECT closed_at INTO sitting_closed_at FROM ovop_certification_sitting WHERE id = NEW.sitting_id FOR SHARE;
    IF sitting_closed_at IS NOT NULL THEN
        RAISE EXCEPTION 'sitting_closed: the sitting is closed' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'INSERT' THEN RETURN NEW; END IF;
    IF (NEW.sitting_id, NEW.application_id, NEW.criteria_set_id)
        IS DISTINCT FROM (OLD.sitting_id, OLD.application_id, OLD.criteria_set_id)
        AND EXISTS (SELECT 1 FROM ovop_certification_score WHERE assessment_id = OLD.id)
    THEN
        RAISE EXCEPTION 'member_has_scored: what was scored is not given to another assessment'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ovop_assessment_frozen BEFORE INSERT OR UPDATE OR DELETE ON ovop_certification_assessment
    FOR EACH ROW EXECUTE FUNCTION ovop_committee_assessment_frozen();

CREATE FUNCTION ovop_committee_score_allowed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    parent record;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.assessment_id <> OLD.assessment_id OR NEW.member_id <> OLD.member_id
            OR NEW.criterion_id <> OLD.criterion_id
        THEN
            RAISE EXCEPTION 'invalid_score: a score stays where it was given' USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    SELECT id, sitting_id, criteria_set_id, closed_at INTO parent FROM ovop_certification_assessment
        WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.assessment_id ELSE NEW.assessment_id END
        FOR NO KEY UPDATE;
    IF parent.closed_at IS NOT NULL THEN
        RAISE EXCEPTION 'assessment_closed: what was decided is not changed' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    PERFORM 1 FROM ovop_certification_sittingmember
        WHERE sitting_id = parent.sitting_id AND member_id = NEW.member_id FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown_committee_member: who does not sit there does not score'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF EXISTS (SELECT 1 FROM ovop_certification_conflictofinterest
               WHERE assessment_id = parent.id AND member_id = NEW.member_id)
    THEN
        RAISE EXCEPTION 'conflicted_member: a member with a conflict of interest does not score'
            USING ERRCODE = 'restrict_violation';
    END IF;
    PERFORM 1 FROM ovop_certification_criterion
        WHERE id = NEW.criterion_id AND criteria_set_id = parent.criteria_set_id AND NEW.points <= max_points;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'invalid_score: another set''s criterion, or more points than it has'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ovop_score_allowed BEFORE INSERT OR UPDATE OR DELETE ON ovop_certification_score
    FOR EACH ROW EXECUTE FUNCTION ovop_committee_score_allowed();

CREATE FUNCTION ovop_committee_conflict_allowed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    assessment_closed_at timestamptz;
BEGIN
    SELECT closed_at INTO assessment_closed_at FROM ovop_certification_assessment
        WHERE id = NEW.assessment_id FOR NO KEY UPDATE;
    IF assessment_closed_at IS NOT NULL THEN
        RAISE EXCEPTION 'assessment_closed: what was decided is not changed' USING ERRCODE = 'restrict_violation';
    END IF;
    IF EXISTS (SELECT 1 FROM ovop_certification_score
               WHERE assessment_id = NEW.assessment_id AND member_id = NEW.member_id)
    THEN
        RAISE EXCEPTION 'conflicted_member: take the scores away first' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ovop_conflict_allowed BEFORE INSERT ON ovop_certification_conflictofinterest
    FOR EACH ROW EXECUTE FUNCTION ovop_committee_conflict_allowed();

CREATE FUNCTION ovop_committee_not_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM ovop_certification_assessment WHERE closed_at IS NOT NULL) THEN
        RAISE EXCEPTION 'assessment_closed: what was decided is not changed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ovop_not_emptied BEFORE TRUNCATE ON ovop_certification_assessment
    FOR EACH STATEMENT EXECUTE FUNCTION ovop_committee_not_emptied();
CREATE TRIGGER ovop_not_emptied BEFORE TRUNCATE ON ovop_certification_score
    FOR EACH STATEMENT EXECUTE FUNCTION ovop_committee_not_emptied();
"""
ASSESSMENTS_REVERSE = """
DROP TRIGGER ovop_not_emptied ON ovop_certification_score;
DROP TRIGGER ovop_not_emptied ON ovop_certification_assessment;
DROP FUNCTION ovop_committee_not_emptied();
DROP TRIGGER ovop_conflict_allowed ON ovop_certification_conflictofinterest;
DROP FUNCTION ovop_committee_conflict_allowed();
DROP TRIGGER ovop_score_allowed ON ovop_certification_score;
DROP FUNCTION ovop_committee_score_allowed();
DROP TRIGGER ovop_assessment_frozen ON ovop_certification_assessment;
DROP FUNCTION ovop_committee_assessment_frozen();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("ovop_certification", "0005_listing_identity"),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="score",
            name="recipe_version",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="assessment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("verdict__in", ["", "deferred"]),
                    models.Q(("stars__isnull", False), ("total__isnull", False)),
                    _connector="OR",
                ),
                name="ovop_assessment_graded",
            ),
        ),
        migrations.AddConstraint(
            model_name="assessment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("certificate", None), ("verdict__in", ["", "deferred", "refused"])),
                    models.Q(("certificate__isnull", False), ("verdict__in", ["granted", "conditional"])),
                    _connector="OR",
                ),
                name="ovop_assessment_certificate",
            ),
        ),
        migrations.RunSQL(CRITERIA, CRITERIA_REVERSE),
        migrations.RunSQL(SITTINGS, SITTINGS_REVERSE),
        migrations.RunSQL(ASSESSMENTS, ASSESSMENTS_REVERSE),
    ]

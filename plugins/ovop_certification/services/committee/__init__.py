"""The Brand Committee's writes. Callers import from here."""

from ovop_certification.services.committee.actors import Actor, actor_of
from ovop_certification.services.committee.applications import (
    STAGES,
    application_close,
    application_enter,
    application_open,
    application_reopen,
)
from ovop_certification.services.committee.criteria import (
    CriteriaDraft,
    CriterionDraft,
    criteria_draft_remove,
    criteria_draft_save,
    criteria_publish,
)
from ovop_certification.services.committee.loading import committee_load
from ovop_certification.services.committee.members import member_save
from ovop_certification.services.committee.recipes import recipe_record, set_recipe_home
from ovop_certification.services.committee.scoring import conflict_declare, scores_save
from ovop_certification.services.committee.sittings import (
    assessment_add,
    assessment_remove,
    sitting_change,
    sitting_close,
    sitting_member_remove,
    sitting_member_set,
    sitting_open,
)
from ovop_certification.services.committee.verdicts import assessment_close

__all__ = [
    "STAGES",
    "Actor",
    "CriteriaDraft",
    "CriterionDraft",
    "actor_of",
    "application_close",
    "application_enter",
    "application_open",
    "application_reopen",
    "assessment_add",
    "assessment_close",
    "assessment_remove",
    "committee_load",
    "conflict_declare",
    "criteria_draft_remove",
    "criteria_draft_save",
    "criteria_publish",
    "member_save",
    "recipe_record",
    "scores_save",
    "set_recipe_home",
    "sitting_change",
    "sitting_close",
    "sitting_member_remove",
    "sitting_member_set",
    "sitting_open",
]

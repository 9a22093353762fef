"""The committee's pages: applications, sittings, scoring, minutes, criteria and members."""

from ovop_certification.staff_views.committee.applications import (
    application,
    application_list,
    application_open,
    application_step,
    recipe_save,
)
from ovop_certification.staff_views.committee.criteria import (
    criteria,
    criteria_draft,
    criteria_list,
    criteria_publish,
    criteria_remove,
    criteria_save,
    member_list,
    member_save,
)
from ovop_certification.staff_views.committee.minutes import minutes, minutes_csv
from ovop_certification.staff_views.committee.scoring import assessment, conflict, score, verdict
from ovop_certification.staff_views.committee.sittings import (
    sitting,
    sitting_agenda,
    sitting_change,
    sitting_close,
    sitting_list,
    sitting_live,
    sitting_open,
    sitting_seat,
)

__all__ = [
    "application",
    "application_list",
    "application_open",
    "application_step",
    "assessment",
    "conflict",
    "criteria",
    "criteria_draft",
    "criteria_list",
    "criteria_publish",
    "criteria_remove",
    "criteria_save",
    "member_list",
    "member_save",
    "minutes",
    "minutes_csv",
    "recipe_save",
    "score",
    "sitting",
    "sitting_agenda",
    "sitting_change",
    "sitting_close",
    "sitting_list",
    "sitting_live",
    "sitting_open",
    "sitting_seat",
    "verdict",
]

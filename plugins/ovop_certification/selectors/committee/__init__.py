"""Reads of the Brand Committee. Each call takes a constant number of queries. Callers import from here."""

from ovop_certification.selectors.committee.applications import (
    ApplicationFacts,
    AssessmentFacts,
    Queue,
    QueuedApplication,
    RecipeFacts,
    StepFacts,
    application,
    application_queue,
    recipes_of,
)
from ovop_certification.selectors.committee.grades import grades_of_products
from ovop_certification.selectors.committee.sittings import (
    AgendaItem,
    CriteriaFacts,
    MemberFacts,
    SittingFacts,
    agenda,
    committee_members,
    criteria_sets,
    seats,
    sitting,
    sitting_count,
    sittings,
)
from ovop_certification.selectors.committee.standing import (
    CriterionFacts,
    SeatFacts,
    Standing,
    recipe_versions,
    standings,
)

__all__ = [
    "AgendaItem",
    "ApplicationFacts",
    "AssessmentFacts",
    "CriteriaFacts",
    "CriterionFacts",
    "MemberFacts",
    "Queue",
    "QueuedApplication",
    "RecipeFacts",
    "SeatFacts",
    "SittingFacts",
    "Standing",
    "StepFacts",
    "agenda",
    "application",
    "application_queue",
    "committee_members",
    "criteria_sets",
    "grades_of_products",
    "recipe_versions",
    "recipes_of",
    "seats",
    "sitting",
    "sitting_count",
    "sittings",
    "standings",
]

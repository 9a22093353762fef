"""One sentence for every rule that a form can break, by its code."""

from collections.abc import Mapping

PROBLEM_TEXTS: Mapping[str, str] = {
    "invalid_dates": "The last day lies before the first.",
    "reason_required": "Give a reason.",
    # The committee.
    "application_closed": "The application is closed: reopen it first.",
    "application_exists": "The product has an open application for that label.",
    "assessment_closed": "What was decided is not changed.",
    "conflicted_member": "Whoever has a conflict of interest does not score.",
    "criteria_published": "A published version is never changed: make the next one.",
    "criteria_unpublished": "Publish the criteria first.",
    "four_eyes_required": "This needs two people: somebody else has to do it.",
    "in_another_sitting": "It is before another sitting.",
    "invalid_criteria": "By these criteria nothing could be graded.",
    "invalid_member": "A member needs a code and a name, and has to be active.",
    "invalid_recipe": "The recipe is empty or too long.",
    "invalid_score": "The points have to be within the bounds of the criterion.",
    "invalid_sitting": "The day, the place or the remarks of the sitting cannot be so.",
    "invalid_stage": "This is not possible at this stage.",
    "invalid_verdict": "This verdict is not possible with that grade, or its conditions are missing.",
    "member_exists": "Another member has that account.",
    "member_has_scored": "Somebody has scored already, or declared a conflict of interest.",
    "recipe_changed": "The recipe was changed meanwhile: look at it again.",
    "scores_missing": "Not everything was scored yet: it can only be deferred.",
    "sitting_closed": "Nothing of a closed sitting is changed.",
    "sitting_unfinished": "A sitting is closed when it has a chair and everything on its agenda is decided.",
    "unknown_application": "There is no such application.",
    "unknown_assessment": "That application is not before that sitting.",
    "unknown_committee_member": "There is no such member, or not in that sitting.",
    "unknown_criteria": "There are no such criteria.",
    "unknown_issuing_body": "There is no such issuing body.",
    "unknown_producer": "There is no such producer.",
    "unknown_product": "The shop has no such product.",
    "unknown_scheme": "There is no such label.",
    "unknown_sitting": "There is no such sitting.",
}

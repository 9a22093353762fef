"""An application before a sitting: a member's own points, conflicts of interest, and the verdict."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from ovop_certification.access import committee_member_of, is_closer, require_closer
from ovop_certification.errors import InvalidScore, InvalidVerdict
from ovop_certification.models import Verdict
from ovop_certification.selectors import committee as selectors
from ovop_certification.selectors.committee import AgendaItem, SeatFacts
from ovop_certification.services import committee
from ovop_certification.staff_views.committee.frame import (
    VERDICT_TEXTS,
    Form,
    done_text,
    empty_form,
    is_done,
    name_of,
    stars_text,
    typed_form,
    whole_number,
)
from ovop_certification.staff_views.committee.sittings import (
    shown_agenda,
    sitting_facts,
)
from ovop_certification.staff_views.frame import for_product_staff
from ovop_shared.errors import NotFound
from ovop_shared.pages import request_language
from ovop_shared.requester import requester_of
from ovop_shared.staff_frame import back_to, staff_frame

PAGE = "ovop_certification:staff-assessment"


@require_safe
@for_product_staff
def assessment(request: HttpRequest, number: int, application: int) -> HttpResponse:
    return _page(request, number, application, empty_form(request))


@require_POST
@for_product_staff
def score(request: HttpRequest, number: int, application: int) -> HttpResponse:
    """The points of the member who sends them; criteria that are left empty stay as they are."""
    member = committee_member_of(requester_of(request))
    form = typed_form(request)
    item = _item(number, application)

    def write() -> None:
        points = {}
        for each in item.standing.criteria:
            typed = form[f"points-{each.code}"].strip()
            if not typed:
                continue
            value = whole_number(typed)
            if value is None or value > each.max_points:
                raise InvalidScore(
                    f"{each.code} is scored from 0 to {each.max_points}.",
                    field=each.code,
                    params={"criterion": each.code, "max_points": each.max_points},
                )
            points[each.code] = value
        committee.scores_save(
            number, application, member, points, recipe_version=whole_number(form["recipe"]), at=timezone.now()
        )

    if not is_done(form, write, [each.code for each in item.standing.criteria]):
        return _page(request, number, application, form, status=400)
    return back_to(request, PAGE, "scored", number=number, application=application)


@require_POST
@for_product_staff
def conflict(request: HttpRequest, number: int, application: int) -> HttpResponse:
    """A member for himself; the chair or a manager for anybody."""
    requester = requester_of(request)
    form = typed_form(request)
    own = _own_seat(request, selectors.seats(number))
    if own is None or own.code != form["member"]:
        require_closer(requester, selectors.seats(number))

    def write() -> None:
        actor = committee.actor_of(requester).name
        committee.conflict_declare(number, application, form["member"], form["reason"], actor=actor, at=timezone.now())

    if not is_done(form, write, ("reason", "member")):
        return _page(request, number, application, form, status=400)
    return back_to(request, PAGE, "conflict", number=number, application=application)


@require_POST
@for_product_staff
def verdict(request: HttpRequest, number: int, application: int) -> HttpResponse:
    requester = requester_of(request)
    require_closer(requester, selectors.seats(number))
    form = typed_form(request)

    def write() -> None:
        if form["verdict"] not in Verdict.values:
            raise InvalidVerdict("Choose a verdict.", field="verdict")
        committee.assessment_close(
            number,
            application,
            Verdict(form["verdict"]),
            conditions=form["conditions"],
            by=committee.actor_of(requester),
            at=timezone.now(),
        )

    if not is_done(form, write, ("verdict", "conditions")):
        return _page(request, number, application, form, status=400)
    return back_to(request, PAGE, "decided", number=number, application=application)


def _page(request: HttpRequest, number: int, application: int, form: Form, *, status: int = 200) -> HttpResponse:
    language = request_language(request)
    sitting = sitting_facts(number)
    item = _item(number, application)
    standing = item.standing
    own = _own_seat(request, standing.seats)
    is_open = item.closed_at is None
    decides = is_open and is_closer(requester_of(request), standing.seats)
    given = standing.points.get(own.code, {}) if own else {}
    old = standing.outdated.get(own.code, {}) if own else {}
    recipes = selectors.recipes_of(item.product_pk)
    context = {
        "sitting": sitting,
        "item": shown_agenda((item,), language)[0],
        "criteria_name": name_of(item.criteria_names, language, item.criteria),
        "recipe": next((each for each in recipes if each.version == standing.recipe_version), None),
        "own": own,
        "may_score": is_open and own is not None and not own.conflict,
        "lines": [
            {
                "criterion": each,
                "name": name_of(each.names, language, each.code),
                "typed": form.values.get(f"points-{each.code}", str(given.get(each.code, old.get(each.code, "")))),
                "problems": form.problems.at(each.code),
            }
            for each in standing.criteria
        ],
        "has_old_points": bool(old) and is_open,
        "seats_without_conflict": standing.scorers,
        "may_decide": decides,
        "missing": [seat.name for seat in standing.scorers if seat.code in standing.missing],
        "total": standing.total,
        "stars": stars_text(standing.grade.stars if standing.grade else None),
        "verdicts": [(each, VERDICT_TEXTS[each]) for each in standing.verdicts],
        "table": None if is_open else score_table(item, language),
        "form": form,
        "done": done_text(request),
    }
    title = f"{context['item']['product']}"  # type: ignore[index]
    return staff_frame(request, "ovop_certification/committee/assessment.html", title, context, status=status)


def score_table(item: AgendaItem, language: str) -> dict[str, object]:
    """All points by criterion and member, for an assessment that is closed."""
    scorers = [seat for seat in item.standing.seats if seat.code in item.standing.points]
    return {
        "scorers": scorers,
        "rows": [
            {
                "criterion": each,
                "name": name_of(each.names, language, each.code),
                "points": [item.standing.points[seat.code].get(each.code) for seat in scorers],
            }
            for each in item.standing.criteria
        ],
    }


def _item(number: int, application: int) -> AgendaItem:
    found = selectors.agenda(number, application)
    if not found:
        raise NotFound(
            "That application is not before that sitting.", params={"sitting": number, "application": application}
        )
    return found[0]


def _own_seat(request: HttpRequest, seats: tuple[SeatFacts, ...]) -> SeatFacts | None:
    user_id = requester_of(request).user_id
    return next((seat for seat in seats if user_id and seat.user_id == user_id), None)

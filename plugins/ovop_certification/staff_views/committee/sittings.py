"""Sittings: the agenda, who sits, who has scored by now, and the end of it."""

import datetime

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from ovop_certification.access import is_closer, require_closer, require_manager
from ovop_certification.errors import InvalidSitting
from ovop_certification.grading import REGRADE_DAYS
from ovop_certification.models import Stage
from ovop_certification.selectors import committee as selectors
from ovop_certification.selectors.committee import AgendaItem, SeatFacts, SittingFacts
from ovop_certification.services import committee
from ovop_certification.staff_views.committee.applications import shown_queue
from ovop_certification.staff_views.committee.frame import (
    VERDICT_TEXTS,
    Form,
    done_text,
    empty_form,
    is_done,
    may_decide,
    name_of,
    producer_names,
    product_names,
    stars_text,
    typed_form,
    whole_number,
)
from ovop_certification.staff_views.frame import for_product_staff
from ovop_shared.errors import NotFound
from ovop_shared.pages import request_language
from ovop_shared.requester import requester_of
from ovop_shared.staff_frame import PAGE_SIZE, back_to, page_number, pages_of, staff_frame
from ovop_shared.translations import translate

MAX_CHOICES = 500


@require_safe
@for_product_staff
def sitting_list(request: HttpRequest) -> HttpResponse:
    return _list(request, empty_form(request))


@require_POST
@for_product_staff
def sitting_open(request: HttpRequest) -> HttpResponse:
    require_manager(requester_of(request))
    form = typed_form(request)
    made: list[int] = []

    def write() -> None:
        made.append(committee.sitting_open(_day(form), place=form["place"], remarks=form["remarks"]).number)

    if not is_done(form, write, ("held_on", "place", "remarks")):
        return _list(request, form, status=400)
    return back_to(request, "ovop_certification:staff-sitting", "sitting", number=made[0])


@require_safe
@for_product_staff
def sitting(request: HttpRequest, number: int) -> HttpResponse:
    facts = sitting_facts(number)
    form = empty_form(request, held_on=facts.held_on.isoformat(), place=facts.place, remarks=facts.remarks)
    return _page(request, facts, form)


@require_safe
@for_product_staff
def sitting_live(request: HttpRequest, number: int) -> HttpResponse:
    """Who has scored what by now; the browser asks again by itself."""
    language = request_language(request)
    facts = sitting_facts(number)
    title = translate("Sitting {number}: who has scored", language).format(number=number)
    context = {
        "sitting": facts,
        "agenda": shown_agenda(selectors.agenda(number), language),
        "seats": selectors.seats(number),
    }
    return staff_frame(request, "ovop_certification/committee/sitting_live.html", title, context)


@require_POST
@for_product_staff
def sitting_change(request: HttpRequest, number: int) -> HttpResponse:
    require_manager(requester_of(request))
    form = typed_form(request)

    def write() -> None:
        committee.sitting_change(number, _day(form), place=form["place"], remarks=form["remarks"])

    return _answer(request, number, form, is_done(form, write, ("held_on", "place", "remarks")), "changed")


@require_POST
@for_product_staff
def sitting_seat(request: HttpRequest, number: int) -> HttpResponse:
    require_manager(requester_of(request))
    form = typed_form(request)

    def write() -> None:
        if "remove" in form.values:
            committee.sitting_member_remove(number, form["member"])
        else:
            committee.sitting_member_set(number, form["member"], is_chair="is_chair" in form.values)

    return _answer(request, number, form, is_done(form, write, ("member",)), "seats")


@require_POST
@for_product_staff
def sitting_agenda(request: HttpRequest, number: int) -> HttpResponse:
    require_manager(requester_of(request))
    form = typed_form(request)

    def write() -> None:
        application = whole_number(form["application"]) or 0
        if "remove" in form.values:
            committee.assessment_remove(number, application)
            return
        code, _, version = form["criteria"].rpartition("/")
        committee.assessment_add(number, application, criteria=(code, whole_number(version) or 0) if code else None)

    return _answer(request, number, form, is_done(form, write, ("application", "criteria")), "agenda")


@require_POST
@for_product_staff
def sitting_close(request: HttpRequest, number: int) -> HttpResponse:
    require_closer(requester_of(request), selectors.seats(number))
    form = typed_form(request)

    def write() -> None:
        committee.sitting_close(number, by=committee.actor_of(requester_of(request)), at=timezone.now())

    return _answer(request, number, form, is_done(form, write, ("members", "agenda")), "sitting_closed")


def sitting_facts(number: int) -> SittingFacts:
    facts = selectors.sitting(number)
    if facts is None:
        raise NotFound("There is no such sitting.", params={"sitting": number})
    return facts


def shown_agenda(agenda: tuple[AgendaItem, ...], language: str) -> list[dict[str, object]]:
    """What is before a sitting with names; `marks` tell for each seat whether it has scored, in the order of the seats."""
    products = product_names([each.product_pk for each in agenda], language)
    makers = producer_names([each.producer for each in agenda], language)
    return [
        {
            "facts": each,
            "product": products[each.product_pk],
            "producer": makers[each.producer],
            "label": name_of(each.scheme_names, language, each.scheme),
            "verdict": VERDICT_TEXTS.get(each.verdict, ""),
            "stars": stars_text(each.stars),
            "scored": sum(seat.code not in each.standing.missing for seat in each.standing.scorers),
            "scorers": len(each.standing.scorers),
            "conflicts": [seat for seat in each.standing.seats if seat.conflict],
            "marks": [(seat, _mark(each, seat)) for seat in each.standing.seats],
        }
        for each in agenda
    ]


def _mark(item: AgendaItem, seat: SeatFacts) -> str:
    if seat.conflict:
        return "conflict"
    if seat.code not in item.standing.missing:
        return "scored"
    return "begun" if item.standing.points.get(seat.code) else "missing"


def _list(request: HttpRequest, form: Form, *, status: int = 200) -> HttpResponse:
    language = request_language(request)
    number = page_number(request)
    found = selectors.sittings(offset=(number - 1) * PAGE_SIZE, limit=PAGE_SIZE)
    context = {
        "sittings": found,
        "pages": pages_of(request, number, len(found), selectors.sitting_count()),
        "may_decide": may_decide(request),
        "form": form,
        "done": done_text(request),
    }
    title = translate("Sittings of the committee", language)
    return staff_frame(request, "ovop_certification/committee/sittings.html", title, context, status=status)


def _page(request: HttpRequest, facts: SittingFacts, form: Form, *, status: int = 200) -> HttpResponse:
    language = request_language(request)
    seats = selectors.seats(facts.number)
    seated = {seat.code for seat in seats}
    decides = may_decide(request)
    is_open = facts.closed_at is None
    context = {
        "sitting": facts,
        "seats": seats,
        "agenda": shown_agenda(selectors.agenda(facts.number), language),
        "members": [each for each in selectors.committee_members() if each.is_active and each.code not in seated],
        "candidates": _candidates(facts, language) if decides and is_open else [],
        "criteria": [
            (f"{each.code}/{each.version}", f"{name_of(each.names, language, each.code)}, {each.code} {each.version}")
            for each in selectors.criteria_sets()
            if each.published_at is not None
        ],
        "may_decide": decides and is_open,
        "may_close": is_open and is_closer(requester_of(request), seats),
        "form": form,
        "done": done_text(request),
    }
    title = translate("Sitting {number}", language).format(number=facts.number)
    return staff_frame(request, "ovop_certification/committee/sitting.html", title, context, status=status)


def _candidates(facts: SittingFacts, language: str) -> list[dict[str, object]]:
    """Applications that may be put on the agenda, those that wait longest first."""
    at = timezone.now()
    horizon = facts.held_on + datetime.timedelta(days=REGRADE_DAYS)
    waiting = [
        each
        for each in selectors.application_queue(at=at).applications
        if each.sitting is None
        and (
            each.stage is Stage.CERTIFICATION
            or (
                each.stage is Stage.MARKETS
                and (not each.is_label_good or (each.label_until is not None and each.label_until <= horizon))
            )
        )
    ]
    return shown_queue(waiting[:MAX_CHOICES], language)


def _answer(request: HttpRequest, number: int, form: Form, done: bool, key: str) -> HttpResponse:
    if done:
        return back_to(request, "ovop_certification:staff-sitting", key, number=number)
    facts = sitting_facts(number)
    if "held_on" not in form.values:
        form.values |= {"held_on": facts.held_on.isoformat(), "place": facts.place, "remarks": facts.remarks}
    return _page(request, facts, form, status=400)


def _day(form: Form) -> datetime.date:
    try:
        return datetime.date.fromisoformat(form["held_on"].strip())
    except ValueError:
        raise InvalidSitting("Write a day as 2026-03-31.", field="held_on") from None

"""Markets: what becomes of listings and orders there, and the channels and countries where a market's rules hold."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from ovop_certification.access import is_manager, require_manager
from ovop_certification.models import ChangeSubject, Market, OnBypassed, OnLapsed, OnUncertified
from ovop_certification.selectors.desk import changes_of, markets
from ovop_certification.services import MarketPolicy, market_places_set, market_policy_set
from ovop_certification.staff_views.frame import for_product_staff, form_problems
from ovop_certification.staff_views.typed import typed, typed_lines, typed_number
from ovop_origin.selectors import best_name
from ovop_shared.browsing import catalogue_browser
from ovop_shared.errors import NotFound, OvopError
from ovop_shared.pages import request_language
from ovop_shared.requester import requester_of
from ovop_shared.staff_frame import FormProblems, back_to, staff_frame
from ovop_shared.translations import translate

UNCERTIFIED_TEXTS = {
    OnUncertified.CLOSE: "Close it for buying, leave its page",
    OnUncertified.HIDE: "Close it and hide its page",
}
LAPSED_TEXTS = {OnLapsed.HOLD: "Make the order and hold it", OnLapsed.HONOUR: "Make the order and honour it"}
BYPASSED_TEXTS = {OnBypassed.HOLD: "Flag it and hold it", OnBypassed.FLAG: "Only flag it"}
DONE_TEXTS = {"saved": "The market is saved."}
MARKET_FACT_TEXTS = {
    "on_uncertified": "A product that may not be sold",
    "on_lapsed": "An order paid for in time",
    "on_bypassed": "An order that came past the check",
    "grace_days": "Days of grace",
    "channels": "Channels",
    "countries": "Countries",
}


@dataclass(slots=True)
class MarketForm:
    """Both forms of a market as they were typed."""

    on_uncertified: str
    on_lapsed: str
    on_bypassed: str
    grace_days: str
    channels: str
    countries: str
    problems: FormProblems


@require_safe
@for_product_staff
def market_list(request: HttpRequest) -> HttpResponse:
    language = request_language(request)
    rows = list(markets())
    taken = {each.channel for market in rows for each in market.channels.all()}
    context = {
        "rows": [
            (
                market,
                best_name(market.names, language) or market.code,
                UNCERTIFIED_TEXTS[OnUncertified(market.on_uncertified)],
                LAPSED_TEXTS[OnLapsed(market.on_lapsed)],
                BYPASSED_TEXTS[OnBypassed(market.on_bypassed)],
            )
            for market in rows
        ],
        "without_market": [each for each in catalogue_browser().kinds().channels if each[0] not in taken],
    }
    return staff_frame(request, "ovop_certification/staff_markets.html", translate("Markets", language), context)


@require_safe
@for_product_staff
def market(request: HttpRequest, code: str) -> HttpResponse:
    found = _stored(code)
    return _page(request, found, _stored_form(found, request_language(request)))


@require_POST
@for_product_staff
def market_save(request: HttpRequest, code: str) -> HttpResponse:
    """Either form: the policies, or the channels and countries."""
    requester = requester_of(request)
    require_manager(requester)
    found = _stored(code)
    form = _stored_form(found, request_language(request))
    reason = typed(request.POST, "reason")
    at = timezone.now()
    try:
        if typed(request.POST, "what") == "places":
            form.channels = request.POST.get("channels", "")
            form.countries = request.POST.get("countries", "")
            market_places_set(
                code,
                channels=typed_lines(request.POST, "channels"),
                countries=typed_lines(request.POST, "countries"),
                actor=requester.name,
                at=at,
                reason=reason,
            )
        else:
            for name in ("on_uncertified", "on_lapsed", "on_bypassed", "grace_days"):
                setattr(form, name, typed(request.POST, name))
            days = typed_number(request.POST, "grace_days", form.problems)
            if not form.problems:
                policy = MarketPolicy(form.on_uncertified, form.on_lapsed, form.on_bypassed, days or 0)
                market_policy_set(code, policy, actor=requester.name, at=at, reason=reason)
    except OvopError as error:
        form.problems.add(error.field or "form", error)
        return _page(request, found, form, status=error.status)
    if form.problems:
        return _page(request, found, form, status=400)
    return back_to(request, "ovop_certification:staff-market", "saved", code=code)


def _stored(code: str) -> Market:
    found = markets().filter(code=code).first()
    if found is None:
        raise NotFound("There is no such market.", params={"market": code})
    return found


def _stored_form(found: Market, language: str) -> MarketForm:
    return MarketForm(
        on_uncertified=found.on_uncertified,
        on_lapsed=found.on_lapsed,
        on_bypassed=found.on_bypassed,
        grace_days=str(found.grace_days),
        channels="\n".join(sorted(each.channel for each in found.channels.all())),
        countries=", ".join(sorted(each.country for each in found.countries.all())),
        problems=form_problems(language),
    )


def _page(request: HttpRequest, found: Market, form: MarketForm, *, status: int = 200) -> HttpResponse:
    language = request_language(request)
    context = {
        "done": DONE_TEXTS.get(request.GET.get("done", "")) if status == 200 else None,
        "market": found,
        "form": form,
        "uncertified": [(each.value, UNCERTIFIED_TEXTS[each]) for each in OnUncertified],
        "lapsed": [(each.value, LAPSED_TEXTS[each]) for each in OnLapsed],
        "bypassed": [(each.value, BYPASSED_TEXTS[each]) for each in OnBypassed],
        "channels": catalogue_browser().kinds().channels,
        "history": [
            (
                change,
                [(MARKET_FACT_TEXTS[name], _text(each["before"]), _text(each["after"])) for name, each in facts],
            )
            for change in changes_of(ChangeSubject.MARKET, found.pk)
            for facts in [list(change.facts.items())]
        ],
        "may_decide": is_manager(requester_of(request)),
    }
    title = best_name(found.names, language) or found.code
    return staff_frame(request, "ovop_certification/staff_market.html", title, context, status=status)


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(each) for each in value) or "–"
    return "–" if value in (None, "") else str(value)

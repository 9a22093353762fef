"""What would go offline, against a plain model; with what it sold; for staff with the right alone."""

import csv
import datetime
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from calendar_world import AT, INSIDERS, OUTSIDERS, STAFF, build_world, in_days, register
from certification_world import HONEY, JAM, JUICE, PRODUCTS, ZONE, certificate, change, event_row, requirement
from django.core.management import CommandError, call_command
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from ovop_certification import selectors
from ovop_certification.calendar.falls import changes_between, changes_by_fall, concerned_between
from ovop_certification.calendar.simulation import Total, simulate_day, simulate_fall
from ovop_certification.errors import EventOutOfOrder, IllegalTransition, InvalidDates, UnknownCertificate
from ovop_certification.models import EventKind, HolderKind, Market, Requirement
from ovop_certification.rules import Holdings, MembershipRecord, Rulebook
from ovop_shared import sales
from ovop_shared.requester import Requester
from ovop_shared.sales import Sold, set_sales_book
from ovop_standalone.tokens import make_token

PAGE = "/plugins/ovop.certification/staff/simulation/"
FILE = f"{PAGE}offline.csv"
DAY_QUERY = """{ simulationOfDay(on: "2026-03-20") {
  offlineCount onlineCount
  offline(first: 5) {
    productId productSlug market channels countries at reasons { code certificateNumber } sold { units grossMinor }
  }
  totals { currency units grossMinor returnedUnits }
} }"""


class Book:
    """Sales as a host would tell them."""

    def __init__(self, *sold: Sold) -> None:
        self.rows = sold
        self.asked: list[tuple[set[int], datetime.datetime]] = []

    def sold_since(self, product_pks: Any, since: datetime.datetime) -> Sequence[Sold]:
        self.asked.append((set(product_pks), since))
        return [each for each in self.rows if each.product_pk in product_pks]


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for module in ("staff_views.simulation", "schema.simulation"):
        monkeypatch.setattr(f"ovop_certification.{module}.timezone.now", lambda: AT)
    before = list(sales._host)
    set_sales_book(Book())
    build_world()
    Requirement.objects.exclude(scheme__code="eac").delete()
    yield
    sales._host[:] = before


def client_for(requester: Requester) -> Client:
    if requester == OUTSIDERS["anonymous"]:
        return Client()
    token = make_token(requester, at=AT, lifetime=datetime.timedelta(days=3650))
    return Client(headers={"authorization": f"Bearer {token}"})


def keys(impacts: Any) -> list[tuple[int, str]]:
    return [(each.change.product.pk, each.change.market) for each in impacts]


def all_certified(**changes: Any) -> None:
    """Every food has its paper without an end; `honey` and so on change the one of that product."""
    for pk, name in ((HONEY, "honey"), (JUICE, "juice"), (JAM, "jam")):
        given = {"last_in_days": None, "holder_ref": str(pk)} | changes.get(name, {})
        register(name.upper(), given.pop("last_in_days"), **given)


@pytest.mark.usefixtures("world")
def test_a_certificate_that_ends_takes_its_product_offline_the_day_after_its_last() -> None:
    all_certified(honey={"last_in_days": 10})

    assert keys(simulate_day(in_days(10), AT).offline) == []
    found = simulate_day(in_days(11), AT)

    assert keys(found.offline) == [(HONEY, "kg")]
    impact = found.offline[0]
    assert impact.change.at == datetime.datetime.combine(in_days(11), datetime.time.min, tzinfo=ZONE)
    assert [(each.code, each.certificate_number) for each in impact.change.reasons] == [("expired", "HONEY")]
    assert (impact.channels, impact.countries) == (("kgs",), ("KG",))
    assert keys(found.online) == []


@pytest.mark.usefixtures("world")
def test_days_of_grace_are_waited_for() -> None:
    all_certified(honey={"last_in_days": 10})
    Market.objects.filter(code="kg").update(grace_days=5)
    Requirement.objects.update(grace_days=None)

    assert keys(simulate_day(in_days(15), AT).offline) == []
    assert keys(simulate_day(in_days(16), AT).offline) == [(HONEY, "kg")]


@pytest.mark.usefixtures("world")
def test_grace_that_runs_already_ends_on_its_day() -> None:
    all_certified(honey={"last_in_days": -2})
    Requirement.objects.update(grace_days=5)

    assert keys(simulate_day(in_days(3), AT).offline) == []
    assert keys(simulate_day(in_days(4), AT).offline) == [(HONEY, "kg")]


@pytest.mark.usefixtures("world")
def test_what_is_renewed_or_granted_for_later_comes_online() -> None:
    all_certified(honey={"last_in_days": 20, "valid_from_on": in_days(5)}, jam={"last_in_days": 3})
    register("JAM-2", None, holder_ref=str(JAM), valid_from_on=in_days(4))

    assert keys(simulate_day(in_days(6), AT).online) == [(HONEY, "kg")]
    assert keys(simulate_day(in_days(6), AT).offline) == []
    assert keys(simulate_day(in_days(30), AT).online) == []


@pytest.mark.usefixtures("world")
def test_a_requirement_that_begins_concerns_products_without_any_certificate() -> None:
    Requirement.objects.update(from_on=in_days(3))

    assert keys(simulate_day(in_days(2), AT).offline) == []
    assert keys(simulate_day(in_days(3), AT).offline) == [(HONEY, "kg"), (JUICE, "kg"), (JAM, "kg")]


@pytest.mark.usefixtures("world")
def test_a_certificate_that_falls_takes_offline_what_no_other_one_covers() -> None:
    all_certified(honey={"holder_kind": HolderKind.PRODUCER, "holder_ref": "ak-kiyiz"})
    fallen = register("MAKER", None, holder_kind=HolderKind.PRODUCER, holder_ref="m3")
    jam = register("JAM-2", None, holder_ref=str(JAM))

    assert keys(simulate_fall(fallen.pk, EventKind.WITHDRAWN, AT, now=AT).offline) == []
    assert keys(simulate_fall(jam.pk, EventKind.WITHDRAWN, AT, now=AT).offline) == []
    selectors_before = selectors.market_rulebooks(None)
    own = next(each for each in selectors_before["kg"].holdings.certificates if each.number == "JUICE")
    found = simulate_fall(own.id, EventKind.SUSPENDED, AT, now=AT)
    assert keys(found.offline) == []  # its maker's certificate covers it as well
    of_maker = next(each for each in selectors_before["kg"].holdings.certificates if each.number == "HONEY")
    found = simulate_fall(of_maker.id, EventKind.SUSPENDED, AT, now=AT)
    assert keys(found.offline) == []  # honey has two makers, the juice a paper of its own
    assert simulate_fall(of_maker.id, EventKind.SUSPENDED, AT, now=AT).online == ()


@pytest.mark.usefixtures("world")
def test_a_fall_says_why_and_when() -> None:
    all_certified()
    pk = next(each.id for each in selectors.market_rulebooks(None)["kg"].holdings.certificates if each.number == "JAM")
    later = AT + datetime.timedelta(days=3)

    found = simulate_fall(pk, EventKind.SUSPENDED, later, now=AT)

    assert keys(found.offline) == [(JAM, "kg")]
    assert [each.code for each in found.offline[0].change.reasons] == ["suspended"]
    assert found.offline[0].change.at == later


@pytest.mark.usefixtures("world")
def test_questions_without_an_answer_are_refused() -> None:
    gone = register("GONE", None, events=(event_row("issued", "2025-01-01"), event_row("withdrawn", "2025-06-01")))
    good = register("GOOD", None)

    for day in (in_days(-1), in_days(5000)):
        with pytest.raises(InvalidDates):
            simulate_day(day, AT)
    with pytest.raises(IllegalTransition):
        simulate_fall(gone.pk, EventKind.SUSPENDED, AT, now=AT)
    with pytest.raises(IllegalTransition):
        simulate_fall(good.pk, EventKind.ISSUED, AT, now=AT)
    with pytest.raises(UnknownCertificate):
        simulate_fall(good.pk + 1_000_000, EventKind.WITHDRAWN, AT, now=AT)
    with pytest.raises(EventOutOfOrder):
        simulate_fall(good.pk, EventKind.WITHDRAWN, AT - datetime.timedelta(days=3000), now=AT)
    with pytest.raises(InvalidDates):
        simulate_fall(good.pk, EventKind.WITHDRAWN, AT + datetime.timedelta(days=5000), now=AT)


@pytest.mark.usefixtures("world")
def test_sales_count_where_their_rules_held_and_sum_up_by_currency() -> None:
    all_certified(honey={"last_in_days": 10}, jam={"last_in_days": 10})
    book = Book(
        Sold(HONEY, "kgs", "KG", "KGS", 3, 30_000, 1),
        Sold(HONEY, "kgs", "", "KGS", 2, 20_000, 0),
        Sold(HONEY, "elsewhere", "KG", "USD", 1, 999, 0),
        Sold(HONEY, "kgs", "JP", "JPY", 50, 5_000, 0),  # Japan has rules of its own, and none for honey
        Sold(JAM, "kgs", "KG", "KGS", 9, 1, 0),
        Sold(JUICE, "kgs", "KG", "KGS", 1_000, 1, 0),
        Sold(JAM, "kgs", "KG", "GEL", 1, None, None),
    )
    set_sales_book(book)

    found = simulate_day(in_days(11), AT)

    assert keys(found.offline) == [(JAM, "kg"), (HONEY, "kg")]
    assert found.offline[1].sold == (Total("KGS", 5, 50_000, 1), Total("USD", 1, 999, 0))
    assert found.totals == (Total("GEL", 1, None, None), Total("KGS", 14, 50_001, 1), Total("USD", 1, 999, 0))
    assert book.asked == [({HONEY, JAM}, AT - datetime.timedelta(days=90))]


days = st.integers(-40, 40)
BASE = datetime.date(2026, 3, 1)


def on(offset: int) -> datetime.date:
    return BASE + datetime.timedelta(days=offset)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[dict[str, Rulebook], datetime.datetime, datetime.datetime]:
    makers = {pk: frozenset(draw(st.sets(st.sampled_from("ab"), max_size=2))) for pk in (1, 2, 3)}
    memberships = tuple(
        MembershipRecord("g", draw(st.sampled_from("ab")), *sorted((on(draw(days)), on(draw(days)))))
        for _ in range(draw(st.integers(0, 2)))
    )
    certificates = []
    for pk in range(1, draw(st.integers(1, 5)) + 1):
        kind, ref = draw(
            st.sampled_from(
                [
                    (HolderKind.PRODUCT, "1"),
                    (HolderKind.PRODUCT, "2"),
                    (HolderKind.PRODUCER, "a"),
                    (HolderKind.GROUP, "g"),
                ]
            )
        )
        first, last = sorted((on(draw(days)), on(draw(days))))
        certificates.append(
            certificate(
                id=pk,
                number=f"N{pk}",
                scheme=draw(st.sampled_from(["eac", "organic"])),
                holder_kind=kind,
                holder_ref=ref,
                valid_from_on=first,
                valid_until_on=draw(st.sampled_from([last, None])),
                products=frozenset(draw(st.sets(st.sampled_from([1, 2, 3]), max_size=1))),
            )
        )
    holdings = Holdings(tuple(certificates), makers, memberships)
    books = {}
    for market in ("kg", "jp"):
        rules = []
        for pk in range(draw(st.integers(0, 2))):
            first, last = sorted((on(draw(st.integers(-300, 60))), on(draw(days))))
            rules.append(
                requirement(
                    id=pk + 1,
                    scheme=draw(st.sampled_from(["eac", "organic"])),
                    from_on=first,
                    until_on=draw(st.sampled_from([last, None])),
                    grace_days=draw(st.integers(0, 10)),
                )
            )
        books[market] = Rulebook(market=market, requirements=tuple(rules), holdings=holdings)
    since = datetime.datetime.combine(BASE, datetime.time(9), tzinfo=ZONE)
    return books, since, since + datetime.timedelta(days=draw(st.integers(0, 40)), hours=draw(st.integers(0, 20)))


FOODS = PRODUCTS[:3]


@given(worlds())
def test_changes_are_what_asking_at_both_moments_tells_and_only_concerned_products_change(world: Any) -> None:
    books, since, until = world

    found = changes_between(books, FOODS, since, until, ZONE)

    expected = set()
    for market, book in books.items():
        for product in FOODS:
            before = book.decide(product, at=since, zone=ZONE).allowed
            after = book.decide(product, at=until, zone=ZONE).allowed
            if before != after:
                expected.add((market, product.pk, after))
    assert {(each.market, each.product.pk, each.is_allowed) for each in found} == expected
    concerned = concerned_between(books, since, until, ZONE)
    assert concerned is None or {each.product.pk for each in found} <= concerned
    for each in found:
        book = books[each.market]
        instant = datetime.timedelta(microseconds=1)
        assert book.decide(each.product, at=each.at, zone=ZONE).allowed is each.is_allowed
        assert book.decide(each.product, at=each.at - instant, zone=ZONE).allowed is not each.is_allowed
        steps = [each.at + (until - each.at) * part / 7 for part in range(8)]
        assert all(book.decide(each.product, at=step, zone=ZONE).allowed is each.is_allowed for step in steps)


@given(worlds(), st.sampled_from([EventKind.WITHDRAWN, EventKind.SUSPENDED]))
def test_a_fall_changes_what_registering_the_event_would_change(world: Any, kind: EventKind) -> None:
    books, at, _ = world

    found = changes_by_fall(books, FOODS, 1, kind, at, ZONE)

    expected = set()
    for market, book in books.items():
        fallen = tuple(
            replace(each, events=(*each.events, replace(change("issued"), kind=kind, at=at))) if each.id == 1 else each
            for each in book.holdings.certificates
        )
        after = Rulebook(
            market=market, requirements=book.requirements, holdings=replace(book.holdings, certificates=fallen)
        )
        for product in FOODS:
            was, will = (each.decide(product, at=at, zone=ZONE).allowed for each in (book, after))
            if was != will:
                assert (was, will) == (True, False)
                expected.add((market, product.pk))
    assert {(each.market, each.product.pk) for each in found} == expected


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("who", OUTSIDERS)
def test_outsiders_are_refused_everywhere(who: str) -> None:
    register("EAC-1", 5)
    client = client_for(OUTSIDERS[who])
    status = 401 if who == "anonymous" else 403
    for path in (PAGE, FILE):
        response = client.get(f"{path}?on=2026-03-20", headers={"accept": "application/json"})
        assert response.status_code == status
        assert b"EAC" not in response.getvalue()
    answer = client.post(
        "/plugins/ovop.certification/graphql/", json.dumps({"query": DAY_QUERY}), content_type="application/json"
    ).json()
    code = "authentication_required" if who == "anonymous" else "permission_denied"
    assert answer["errors"][0]["extensions"]["code"] == code
    assert not answer.get("data")


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("who", INSIDERS)
def test_staff_and_apps_that_manage_products_read_everywhere(who: str) -> None:
    all_certified(honey={"last_in_days": 10})
    set_sales_book(Book(Sold(HONEY, "kgs", "KG", "KGS", 3, 2**40, 1)))
    client = client_for(INSIDERS[who])

    page = client.get(f"{PAGE}?on=2026-03-20&lang=en")
    assert page.status_code == 200
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))
    assert (
        "Mountain honey from Mar 12, 2026 on Kyrgyzstan kgs KG its certificate “EAC declaration” HONEY has expired"
        in text
    )
    rows = list(csv.DictReader(io.StringIO(client.get(f"{FILE}?on=2026-03-20&lang=en").getvalue().decode("utf-8-sig"))))
    assert [(row["Product"], row["Units sold"], row["Sales"]) for row in rows] == [
        ("Mountain honey", "3", "10995116277.76")
    ]
    answer = client.post(
        "/plugins/ovop.certification/graphql/", json.dumps({"query": DAY_QUERY}), content_type="application/json"
    ).json()
    assert answer == {
        "data": {
            "simulationOfDay": {
                "offlineCount": 1,
                "onlineCount": 0,
                "offline": [
                    {
                        "productId": "UHJvZHVjdDox",
                        "productSlug": "mountain-honey",
                        "market": "kg",
                        "channels": ["kgs"],
                        "countries": ["KG"],
                        "at": "2026-03-11T18:00:00+00:00",
                        "reasons": [{"code": "EXPIRED", "certificateNumber": "HONEY"}],
                        "sold": [{"units": 3, "grossMinor": str(2**40)}],
                    }
                ],
                "totals": [{"currency": "KGS", "units": 3, "grossMinor": str(2**40), "returnedUnits": 1}],
            }
        }
    }


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("on=2020-01-01", 400, "invalid_dates"),
        ("on=yesterday", 400, "invalid_dates"),
        ("on=9999-12-31", 400, "invalid_dates"),
        ("scheme=eac&number=nothing", 404, "unknown_certificate"),
        ("scheme=eac&number=%00", 200, ""),
        ("certificate=99999999999999999999", 404, "unknown_certificate"),
        ("certificate=x", 404, "unknown_certificate"),
        ("scheme=eac&number=GONE", 409, "illegal_transition"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_beside_its_field(query: str, status: int, code: str) -> None:
    register("GONE", None, events=(event_row("issued", "2025-01-01"), event_row("withdrawn", "2025-06-01")))

    response = client_for(STAFF).get(f"{PAGE}?{query}&lang=en")

    assert response.status_code == status
    assert (f"<code>{code}</code>" in response.content.decode()) is bool(code)


@pytest.mark.usefixtures("world")
def test_the_page_of_a_certificate_is_reached_by_number_and_by_link() -> None:
    all_certified()
    register("A/7 x", None, holder_ref=str(JAM), products=frozenset({str(JUICE)}))
    client = client_for(STAFF)

    by_number = client.get(PAGE, {"scheme": "eac", "number": "JAM", "kind": "suspended", "lang": "en"}).content.decode()

    assert "If the certificate JAM of Sample conformity body falls on Mar 1, 2026:" in by_number
    assert "Nothing goes offline" not in by_number
    odd = client.get(PAGE, {"scheme": "eac", "number": "A/7 x", "lang": "en"}).content.decode()
    assert "If the certificate A/7 x of" in odd


@pytest.mark.usefixtures("world")
def test_the_command_shows_both_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: AT)
    all_certified(honey={"last_in_days": 10})
    set_sales_book(Book(Sold(HONEY, "kgs", "KG", "KGS", 3, 30_000, 1)))
    of_day, of_fall = io.StringIO(), io.StringIO()

    call_command("ovop_certification_simulate", "--on", "2026-03-20", stdout=of_day)
    call_command("ovop_certification_simulate", "--certificate", "eac", "JUICE", "--suspend", stdout=of_fall)

    assert "mountain-honey" in of_day.getvalue()
    assert "sold in 90 days of what goes offline: 3 (1 returned), 300.00 KGS" in of_day.getvalue().replace(
        "\u00a0", " "
    )
    assert "sea-buckthorn-juice" in of_fall.getvalue()
    for arguments in (["--on", "2020-01-01"], ["--certificate", "eac", "nothing"]):
        with pytest.raises(CommandError):
            call_command("ovop_certification_simulate", *arguments)


@pytest.mark.usefixtures("world")
def test_the_queries_do_not_grow_with_what_goes_offline(
    django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    register("HONEY", 10)
    with django_assert_max_num_queries(30) as one:
        assert len(simulate_day(in_days(20), AT).offline) == 1
    register("JUICE", 10, holder_ref=str(JUICE))
    register("JAM", 10, holder_ref=str(JAM))

    with django_assert_num_queries(len(one.captured_queries)):
        assert len(simulate_day(in_days(20), AT).offline) == 3


@pytest.mark.usefixtures("world")
def test_who_is_restricted_to_channels_sees_no_other_channels_sales() -> None:
    all_certified(honey={"last_in_days": 10})
    set_sales_book(Book(Sold(HONEY, "kgs", "KG", "KGS", 3, 30_000, 1), Sold(HONEY, "other", "KG", "USD", 7, 70_000, 0)))
    restricted = replace(STAFF, channels=frozenset({"other"}))

    answer = graphql(client_for(restricted), DAY_QUERY)["data"]["simulationOfDay"]
    page = client_for(restricted).get(f"{PAGE}?on=2026-03-20&lang=en").content.decode()

    assert answer["totals"] == [{"currency": "USD", "units": 7, "grossMinor": "70000", "returnedUnits": 0}]
    assert "700.00" in page
    assert "300.00" not in page


@pytest.mark.usefixtures("world")
def test_a_fall_on_a_day_to_come_is_asked_on_the_page_and_by_graphql() -> None:
    all_certified(jam={"last_in_days": 4})
    client = client_for(STAFF)
    question = {"scheme": "eac", "number": "JAM", "lang": "en"}

    soon = client.get(PAGE, question | {"day": "2026-03-03"}).content.decode()
    too_late = client.get(PAGE, question | {"day": "2026-03-09"}).content.decode()
    far = client.get(PAGE, question | {"day": "2526-03-09"})

    assert "falls on Mar 3, 2026" in soon
    assert "has been withdrawn" in soon
    assert "Nothing goes offline." in too_late  # it will have expired by then
    assert (far.status_code, b"<code>invalid_dates</code>" in far.content) == (400, True)
    query = """{ simulationOfFall(scheme: "eac", number: "JAM", kind: SUSPENDED, at: "%s") {
      offline(first: 100) { productSlug channels countries reasons { code scheme certificateNumber isBlocking }
        sold { currency units grossMinor returnedUnits } }
      online(first: 100) { productSlug } } }"""
    found = graphql(client, query % "2026-03-03T00:00:00+06:00")["data"]["simulationOfFall"]
    assert [each["productSlug"] for each in found["offline"]] == ["wild-berry-jam"]
    refused = graphql(client, query % "9999-12-31T23:59:59+00:00")
    assert refused["errors"][0]["extensions"]["code"] == "invalid_dates"


def graphql(client: Client, query: str) -> dict[str, Any]:
    answer: dict[str, Any] = client.post(
        "/plugins/ovop.certification/graphql/", json.dumps({"query": query}), content_type="application/json"
    ).json()
    return answer

"""What decisions need, read in one query for a cart and in a few for a whole shop; both say the same."""

from typing import Any

import pytest
from certification_world import AT, HONEY, JAM, JUICE, PRODUCTS, SLIPPERS, ZONE, certificate_row, day, event_row, moment

from ovop_certification.models import (
    Certificate,
    CertificateArea,
    CertificateProductType,
    Market,
    Requirement,
    Scheme,
)
from ovop_certification.selectors import (
    channel_markets,
    decide,
    market_rulebooks,
    products_of_certificate,
    rulebook,
)
from ovop_certification.services import certificate_register
from ovop_origin.models import Lot, Maker, Membership, Place, Producer, ProductOrigin

FOOD = [HONEY, JUICE, JAM]


@pytest.fixture
def villages(registry: None) -> None:
    """The honey and the juice come from Tamga in Issyk-Kul, the jam from Uzgen in Osh."""
    country = Place.objects.create(kind="country", code="KG", country_code="KG", code_scheme="iso3166-1")
    for region, village, products in (("KG-Y", "tamga", (HONEY, JUICE)), ("KG-O", "uzgen", (JAM,))):
        above = Place.objects.create(
            kind="region", code=region, country_code="KG", code_scheme="iso3166-2", parent=country
        )
        above = Place.objects.create(
            kind="district", code=f"{region}-d", country_code="KG", code_scheme="ovop", parent=above
        )
        place = Place.objects.create(kind="village", code=village, country_code="KG", code_scheme="ovop", parent=above)
        for pk in products:
            ProductOrigin.objects.create(product_pk=pk, village=place)


def producer(code: str, kind: str = "household") -> Producer:
    return Producer.objects.get_or_create(
        code=code, defaults={"kind": kind, "place": Place.objects.get(code="tamga"), "language": "ky"}
    )[0]


def made_by(product_pk: int, *codes: str) -> None:
    origin = ProductOrigin.objects.get(product_pk=product_pk)
    for number, code in enumerate(codes):
        share = 10_000 // len(codes) + (10_000 % len(codes) if number == 0 else 0)
        Maker.objects.create(origin=origin, producer=producer(code), share=share)


def certified(**changes: Any) -> Certificate:
    return certificate_register(certificate_row(**changes))


def answers(at: Any = AT) -> dict[int, list[tuple[str, str | None]]]:
    decisions = decide(PRODUCTS, channel_slug="kgs", country_code=None, at=at)
    many = market_rulebooks(None)["kg"].decide_many(PRODUCTS, at=at, zone=ZONE)
    some = market_rulebooks([product.pk for product in PRODUCTS])["kg"].decide_many(PRODUCTS, at=at, zone=ZONE)
    assert many == some == decisions
    return {
        pk: [(reason.code.value, reason.certificate_number) for reason in decisions[pk].reasons] for pk in decisions
    }


@pytest.mark.usefixtures("villages")
def test_one_query_knows_every_kind_of_holder_and_area(django_assert_num_queries: Any) -> None:
    for pk in FOOD:
        made_by(pk, "bees", "berries")
    Membership.objects.create(group=producer("union", "group"), member=producer("bees"))
    Lot.objects.create(
        origin=ProductOrigin.objects.get(product_pk=JAM),
        code="L1",
        village=Place.objects.get(code="uzgen"),
        made_on=day("2025-05-01"),
    )
    certified(number="GROUP", holder_kind="group", holder_ref="union")
    certified(number="OWN", holder_kind="producer", holder_ref="berries")
    certified(number="LOT", holder_kind="lot", holder_ref=f"{JAM}/L1")

    for products in (PRODUCTS[:1], PRODUCTS):
        with django_assert_num_queries(1):
            book = rulebook("kgs", None, [product.pk for product in products])

    assert {each.number for each in book.holdings.certificates} == {"EAC-1", "EAC/2", "GROUP", "OWN", "LOT"}
    assert book.holdings.places[JAM] == {"uzgen", "KG-O-d", "KG-O", "KG"}
    assert answers() == {1: [], 2: [], 3: [], 4: [("missing", None)], 5: []}


@pytest.mark.usefixtures("villages")
def test_a_groups_certificate_is_its_members_while_they_are_members() -> None:
    made_by(JUICE, "bees")
    Membership.objects.create(
        group=producer("union", "group"), member=producer("bees"), since=day("2025-06-01"), until=day("2025-06-30")
    )
    certified(number="GROUP", holder_kind="group", holder_ref="union")

    assert answers()[JUICE] == []
    assert answers(moment("2025-07-01"))[JUICE] == [("missing", None)]
    decision = decide(PRODUCTS, channel_slug="kgs", country_code=None, at=AT)[JUICE]
    assert decision.next_change_at == moment("2025-07-01")


@pytest.mark.usefixtures("villages")
def test_an_area_holds_for_what_comes_from_a_village_in_it() -> None:
    for number, pk in (("A", JUICE), ("B", SLIPPERS)):
        certificate = certified(number=number, holder_ref=str(pk))
        CertificateArea.objects.create(certificate=certificate, place="KG-O")
    Requirement.objects.all().delete()
    Requirement.objects.create(
        market=Market.objects.get(code="kg"), scheme=Scheme.objects.get(code="eac"), from_on=day("2020-01-01")
    )

    assert answers()[JUICE] == [("wrong_area", "A")]
    assert answers()[SLIPPERS] == [("wrong_area", "B")]
    CertificateArea.objects.create(certificate=Certificate.objects.get(number="A"), place="KG-Y")
    assert answers()[JUICE] == []


@pytest.mark.usefixtures("villages")
def test_the_markets_grace_holds_where_a_requirement_has_none_of_its_own() -> None:
    Market.objects.filter(code="kg").update(grace_days=10)
    Requirement.objects.filter(category="felt").update(grace_days=0)
    book = rulebook("kgs", None, [HONEY])

    assert {rule.scheme: rule.grace_days for rule in book.requirements} == {"eac": 10, "brand": 0}
    assert answers(moment("2026-01-10T23:59"))[HONEY] == [("expired", "EAC-1")]
    assert decide(PRODUCTS, channel_slug="kgs", country_code=None, at=moment("2026-01-10"))[HONEY].allowed
    assert not decide(PRODUCTS, channel_slug="kgs", country_code=None, at=moment("2026-01-11"))[HONEY].allowed


@pytest.mark.usefixtures("villages")
def test_types_narrow_what_a_maker_holds() -> None:
    made_by(JUICE, "bees")
    certificate = certified(number="TYPES", holder_kind="producer", holder_ref="bees")
    CertificateProductType.objects.create(certificate=certificate, product_type="ovop-felt")

    assert answers()[JUICE] == [("out_of_scope", "TYPES")]
    CertificateProductType.objects.create(certificate=certificate, product_type="ovop-food")
    assert answers()[JUICE] == []


@pytest.mark.usefixtures("registry")
def test_channels_and_their_markets(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert channel_markets() == {"kgs": "kg"}


@pytest.mark.usefixtures("villages")
def test_a_whole_shop_takes_a_few_queries(django_assert_max_num_queries: Any) -> None:
    certified(number="DRAFT", holder_ref=str(HONEY), events=(event_row("applied"),))

    with django_assert_max_num_queries(10):
        books = market_rulebooks(None)

    assert set(books) == {"kg", "jp"}
    assert books["kg"].holdings is books["jp"].holdings
    assert not books["jp"].decide(PRODUCTS[0], at=AT, zone=ZONE).allowed


@pytest.mark.usefixtures("villages")
def test_a_certificate_may_concern_what_it_names_and_what_its_holder_and_his_group_make() -> None:
    made_by(JUICE, "bees")
    made_by(JAM, "union")
    Membership.objects.create(group=producer("union", "group"), member=producer("bees"), until=day("2020-01-01"))
    group = certified(number="GROUP", holder_kind="group", holder_ref="union", products=frozenset({str(SLIPPERS)}))
    maker = certified(number="MAKER", holder_kind="producer", holder_ref="union")
    lot = certified(number="LOT", holder_kind="lot", holder_ref=f"{HONEY}/L1")

    assert products_of_certificate(group.pk) == {JUICE, JAM, SLIPPERS}
    assert products_of_certificate(maker.pk) == {JAM}
    assert products_of_certificate(lot.pk) == {HONEY}
    assert products_of_certificate(Certificate.objects.get(number="EAC-1").pk) == {HONEY}

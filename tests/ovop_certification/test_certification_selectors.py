"""Reads: facts, markets, decisions; each in an exact number of queries."""

import datetime
from typing import Any

import pytest
from certification_world import AT, HONEY, JAM, JUICE, PRODUCTS, SLIPPERS, TOY, certificate_row, day, event_row, moment

from ovop_certification.models import Market
from ovop_certification.rules import Decision, Rulebook, Status
from ovop_certification.selectors import (
    CertificateFacts,
    certificates_of_products,
    certificates_of_sales,
    decide,
    market_of,
    rulebook,
)
from ovop_certification.services import certificate_register
from ovop_origin.models import Maker, Place, Producer, ProductOrigin


def made_by(product_pk: int, *codes: str) -> None:
    village, _ = Place.objects.get_or_create(
        kind="village", code="KG-Y-tamga", defaults={"country_code": "KG", "code_scheme": "ovop", "parent": _district()}
    )
    origin = ProductOrigin.objects.create(product_pk=product_pk, village=village)
    share = 10_000 // len(codes)
    for code in codes:
        producer, _ = Producer.objects.get_or_create(
            code=code, defaults={"kind": "group", "place": village, "language": "ky"}
        )
        Maker.objects.create(origin=origin, producer=producer, share=share)


def _district() -> Place:
    country, _ = Place.objects.get_or_create(
        kind="country", code="KG", defaults={"country_code": "KG", "code_scheme": "iso3166-1"}
    )
    region, _ = Place.objects.get_or_create(
        kind="region", code="KG-Y", defaults={"country_code": "KG", "code_scheme": "iso3166-2", "parent": country}
    )
    district, _ = Place.objects.get_or_create(
        kind="district", code="KG-Y-jeti", defaults={"country_code": "KG", "code_scheme": "ovop", "parent": region}
    )
    return district


def facts(number: str, status: str, until: datetime.date | None) -> CertificateFacts:
    return CertificateFacts("eac", number, "Sample conformity body", day("2025-01-01"), until, Status(status))


@pytest.mark.usefixtures("registry")
def test_the_facts_of_products_tell_the_truth_at_each_moment(django_assert_num_queries: Any) -> None:
    made_by(HONEY, "tamga-group")

    with django_assert_num_queries(1):
        found = certificates_of_products([HONEY, JUICE, JAM, 99], AT)

    assert found == {
        HONEY: (facts("EAC-1", "valid", day("2025-12-31")),),
        JAM: (facts("EAC/2", "suspended", None),),
    }
    assert certificates_of_products([HONEY], moment("2024-12-15"))[HONEY][0].status is Status.APPLIED
    assert certificates_of_products([HONEY], moment("2026-01-01"))[HONEY][0].status is Status.EXPIRED
    assert certificates_of_products([HONEY], moment("2024-11-01")) == {}


@pytest.mark.usefixtures("registry")
def test_each_sale_is_told_what_covered_its_product_at_its_moment(django_assert_num_queries: Any) -> None:
    """By name, as the holder's own, as a maker's whole work; never what names other products of the same maker."""
    group = {"holder_kind": "producer", "holder_ref": "tamga-group"}
    certificate_register(certificate_row(number="ALL", **group))
    certificate_register(certificate_row(number="NAMED", **group, products=frozenset({str(JAM), str(TOY)})))
    made_by(JUICE, "tamga-group", "others")
    made_by(SLIPPERS, "others")
    before, during, after = moment("2024-06-01"), AT, moment("2026-01-01")
    sales = {(pk, at) for pk in (HONEY, JUICE, JAM, SLIPPERS) for at in (before, during, after)}

    with django_assert_num_queries(1):
        found = certificates_of_sales(sales)

    told = {sale: [(each.number, each.status.value) for each in facts] for sale, facts in found.items()}
    assert told == {
        (HONEY, during): [("EAC-1", "valid")],
        (HONEY, after): [("EAC-1", "expired")],
        (JUICE, during): [("ALL", "valid")],
        (JUICE, after): [("ALL", "valid")],
        (JAM, during): [("EAC/2", "suspended"), ("NAMED", "valid")],
        (JAM, after): [("EAC/2", "suspended"), ("NAMED", "valid")],
    }


@pytest.mark.usefixtures("registry")
def test_the_destination_decides_before_the_channel(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert market_of("kgs") == "kg"
    assert market_of("kgs", "KG") == "kg"
    assert market_of("kgs", "jp") == "jp"
    assert market_of("kgs", "DE") == "kg"
    assert market_of("unknown") is None
    assert market_of("unknown", "JP") == "jp"


@pytest.mark.usefixtures("registry")
def test_decisions_about_any_number_of_products_take_one_query(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        decisions = decide(PRODUCTS, channel_slug="kgs", country_code="KG", at=AT)
    with django_assert_num_queries(1):
        decide(PRODUCTS[:1], channel_slug="kgs", country_code=None, at=AT)

    answers = {pk: (each.allowed, [reason.code.value for reason in each.reasons]) for pk, each in decisions.items()}
    assert answers == {
        HONEY: (True, []),
        JUICE: (False, ["missing"]),
        JAM: (False, ["suspended"]),
        SLIPPERS: (True, ["missing"]),
        TOY: (True, []),
    }
    assert decisions[HONEY].next_change_at == moment("2026-01-01")
    assert not decide(PRODUCTS, channel_slug="kgs", country_code="JP", at=AT)[HONEY].allowed


@pytest.mark.usefixtures("registry")
def test_in_a_channel_of_no_market_everything_is_allowed(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        decisions = decide(PRODUCTS, channel_slug="elsewhere", country_code=None, at=AT)

    assert set(decisions.values()) == {Decision(True, (), None)}
    assert rulebook("elsewhere", None, [HONEY]) == Rulebook()


@pytest.mark.usefixtures("registry")
def test_a_destination_without_requirements_asks_for_none_of_the_channels() -> None:
    Market.objects.create(code="de").countries.create(country="DE")

    assert decide(PRODUCTS, channel_slug="kgs", country_code="DE", at=AT)[JUICE].allowed


@pytest.mark.usefixtures("registry")
def test_a_certificate_of_another_market_says_so() -> None:
    certificate_register(certificate_row(markets=frozenset({"jp"})))

    reasons = decide(PRODUCTS, channel_slug="kgs", country_code=None, at=AT)[JUICE].reasons

    assert [(reason.code.value, reason.certificate_number) for reason in reasons] == [("wrong_market", "EAC-NEW")]


@pytest.mark.usefixtures("registry")
def test_a_producers_certificate_covers_what_origin_says_it_makes(django_assert_num_queries: Any) -> None:
    certificate_register(certificate_row(holder_kind="producer", holder_ref="tamga-group"))
    certificate_register(
        certificate_row(number="OTHER", holder_kind="producer", holder_ref="somebody", events=(event_row("applied"),))
    )
    made_by(JUICE, "tamga-group")
    made_by(JAM, "tamga-group", "others")

    with django_assert_num_queries(1):
        decisions = decide(PRODUCTS, channel_slug="kgs", country_code=None, at=AT)

    assert decisions[JUICE] == Decision(True, (), None)
    assert [reason.code.value for reason in decisions[JAM].reasons] == ["suspended", "missing"]
    assert [each.number for each in certificates_of_products([JUICE], AT)[JUICE]] == ["EAC-NEW"]

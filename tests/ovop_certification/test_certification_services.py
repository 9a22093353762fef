"""Certificates and what happens to them; what was written stays, whoever tries to change it."""

import datetime
import threading
from typing import Any

import pytest
from certification_world import (
    AT,
    HONEY,
    JUICE,
    PRODUCTS,
    certificate_row,
    day,
    event_row,
    moment,
    registry_document,
)
from django.db import DatabaseError, IntegrityError, connection, transaction

from ovop_certification import errors
from ovop_certification.models import (
    Certificate,
    CertificateEvent,
    CertificateProduct,
    Effect,
    EventKind,
    GateRefusal,
    Market,
    MarketChannel,
    OrderFlag,
    Requirement,
)
from ovop_certification.records import RequirementRow
from ovop_certification.rules import Reason, ReasonCode
from ovop_certification.selectors import decide
from ovop_certification.services import (
    SoldLine,
    certificate_event_add,
    certificate_register,
    order_lines_flag,
    refusals_record,
    registry_load,
    requirement_save,
)
from ovop_shared.catalogue import host_catalogue
from ovop_shared.errors import OvopError
from ovop_standalone.catalogue import known_products_store

BLOCKED = Reason(ReasonCode.MISSING, "eac", 1, None, Effect.BLOCK)
WARNED = Reason(ReasonCode.EXPIRED, "brand", 2, "B-1", Effect.WARN)


@pytest.mark.usefixtures("registry")
def test_a_registered_certificate_lets_the_product_be_sold() -> None:
    certificate = certificate_register(certificate_row(products=frozenset({str(JUICE)}), markets=frozenset({"kg"})))

    assert decide(PRODUCTS, channel_slug="kgs", country_code=None, at=AT)[JUICE].allowed
    assert [event.position for event in certificate.events.all()] == [1]


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scheme": "magic"}, errors.UnknownScheme),
        ({"issuing_body": "nobody"}, errors.UnknownIssuingBody),
        ({"markets": frozenset({"kg", "mars"})}, errors.UnknownMarket),
        ({"replaces": "EAC-0"}, errors.UnknownCertificate),
        ({"replaces": "EAC-NEW"}, errors.InvalidCertificate),
        ({"number": "EAC-1"}, errors.CertificateExists),
        ({"number": " "}, errors.InvalidCertificate),
        ({"number": "EAC\n1"}, errors.InvalidCertificate),
        ({"holder_ref": ""}, errors.InvalidCertificate),
        ({"holder_kind": "planet"}, errors.InvalidCertificate),
        ({"events": ()}, errors.InvalidCertificate),
        ({"events": (event_row("suspended"),)}, errors.IllegalTransition),
        ({"valid_until_on": day("2024-12-31")}, errors.InvalidDates),
    ],
)
def test_a_certificate_that_breaks_a_rule_is_refused_and_leaves_no_trace(
    changes: dict[str, Any], error: type[OvopError]
) -> None:
    with pytest.raises(error):
        certificate_register(certificate_row(**changes))

    assert Certificate.objects.count() == 2
    assert CertificateEvent.objects.count() == 4


def history(*kinds: str) -> Certificate:
    return certificate_register(certificate_row(events=tuple(event_row(kind) for kind in kinds)))


LEGAL = {
    ("applied",): {"applied", "verified", "issued", "withdrawn"},
    ("applied", "verified"): {"applied", "issued", "withdrawn"},
    ("issued",): {"suspended", "withdrawn"},
    ("applied", "issued"): {"suspended", "withdrawn"},
    ("issued", "suspended"): {"reinstated", "withdrawn"},
    ("issued", "suspended", "reinstated"): {"suspended", "withdrawn"},
    ("issued", "withdrawn"): set(),
}


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("past", LEGAL)
@pytest.mark.parametrize("kind", EventKind.values)
def test_only_legal_events_follow(past: tuple[str, ...], kind: str) -> None:
    certificate = history(*past)

    def add() -> CertificateEvent:
        return certificate_event_add(certificate.pk, EventKind(kind), actor="Staff", reason="because", at=AT)

    if kind in LEGAL[past]:
        assert add().position == len(past) + 1
    else:
        with pytest.raises(errors.IllegalTransition):
            add()
        assert certificate.events.count() == len(past)


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"at": moment("2024-12-31")}, errors.EventOutOfOrder),
        ({"reason": " "}, errors.ReasonRequired),
        ({"actor": " "}, errors.ReasonRequired),
    ],
)
def test_an_event_comes_after_the_last_and_says_who_and_why(changes: dict[str, Any], error: type[OvopError]) -> None:
    certificate = history("issued")
    values: dict[str, Any] = {"actor": "Staff", "reason": "because", "at": AT} | changes

    with pytest.raises(error):
        certificate_event_add(certificate.pk, EventKind.SUSPENDED, **values)
    with pytest.raises(errors.UnknownCertificate):
        certificate_event_add(0, EventKind.SUSPENDED, actor="Staff", reason="because", at=AT)

    assert certificate.events.count() == 1


@pytest.mark.usefixtures("registry")
def test_a_requirement_is_added_and_then_changed() -> None:
    row = RequirementRow("kg", "brand", day("2025-01-01"), category="toys")

    first = requirement_save(row)
    second = requirement_save(RequirementRow("kg", "brand", day("2025-01-01"), category="toys", grace_days=7))

    assert first.pk == second.pk
    assert Requirement.objects.get(pk=first.pk).grace_days == 7


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"market": "mars"}, errors.UnknownMarket),
        ({"scheme": "magic"}, errors.UnknownScheme),
        ({"product_type": "ovop-toy"}, errors.InvalidRequirement),
        ({"grace_days": 3651}, errors.InvalidRequirement),
        ({"effect": "shout"}, errors.InvalidRequirement),
        ({"until_on": day("2024-12-31")}, errors.InvalidDates),
    ],
)
def test_a_requirement_that_breaks_a_rule_is_refused(changes: dict[str, Any], error: type[OvopError]) -> None:
    given: dict[str, Any] = {"market": "kg", "scheme": "eac", "from_on": day("2025-01-01"), "category": "toys"}

    with pytest.raises(error):
        requirement_save(RequirementRow(**given | changes))

    assert Requirement.objects.count() == 3


@pytest.mark.usefixtures("db")
def test_a_refusal_is_kept_once_however_often_the_checkout_is_tried() -> None:
    for minute in range(3):
        refusals_record(
            {HONEY: [BLOCKED, WARNED], JUICE: [BLOCKED]},
            checkout="c-1",
            channel="kgs",
            market="kg",
            at=AT + datetime.timedelta(minutes=minute),
        )

    assert list(GateRefusal.objects.order_by("product_pk").values_list("product_pk", "code", "at")) == [
        (HONEY, "missing", AT),
        (JUICE, "missing", AT),
    ]


def sold(line: str) -> SoldLine:
    return SoldLine("o-1", line, HONEY, "kg", (BLOCKED, WARNED), AT)


@pytest.mark.usefixtures("db")
def test_a_sold_line_is_flagged_once_and_keeps_its_reasons() -> None:
    assert order_lines_flag([sold("l-1")], at=AT) == 1
    assert order_lines_flag([sold("l-1"), sold("l-2")], at=AT) == 1

    assert OrderFlag.objects.count() == 2
    assert OrderFlag.objects.get(line_id="l-1").reasons == [{"code": "missing", "scheme": "eac", "certificate": None}]


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("model", [CertificateEvent, GateRefusal, OrderFlag])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_postgresql_refuses_to_change_or_delete_what_was_decided(model: Any, statement: str) -> None:
    refusals_record({HONEY: [BLOCKED]}, checkout="c-1", channel="kgs", market="kg", at=AT)
    order_lines_flag([sold("l-1")], at=AT)
    before = list(model.objects.order_by("pk").values())
    connection.check_constraints()

    with pytest.raises(IntegrityError, match="append_only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(model._meta.db_table))

    assert list(model.objects.order_by("pk").values()) == before


@pytest.mark.usefixtures("db")
def test_an_empty_table_may_be_truncated() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE ovop_certification_gaterefusal")


@pytest.mark.usefixtures("registry")
def test_postgresql_itself_keeps_every_rule_that_two_writers_could_break_together() -> None:
    honey, jam = Certificate.objects.order_by("pk")
    market = Market.objects.get(code="jp")
    scheme, body = honey.scheme, honey.issuing_body
    rule = Requirement.objects.first()
    assert rule is not None
    given: dict[str, Any] = {"scheme": scheme, "issuing_body": body, "holder_kind": "product", "holder_ref": "1"}
    wrong = [
        MarketChannel(market=market, channel="kgs"),
        CertificateEvent(certificate=honey, position=2, kind="suspended", at=AT, actor="Staff"),
        CertificateEvent(certificate=honey, position=3, kind="imagined", at=AT, actor="Staff"),
        CertificateProduct(certificate=jam, product_pk=3),
        Certificate(**given, number="EAC-1", valid_from_on=AT.date()),
        Certificate(**given, number="", valid_from_on=AT.date()),
        Certificate(**given, number="X", valid_from_on=AT.date(), valid_until_on=day("2020-01-01")),
        Certificate(**given | {"holder_kind": "planet"}, number="X", valid_from_on=AT.date()),
        Requirement(market=rule.market, scheme=rule.scheme, product_type=rule.product_type, from_on=rule.from_on),
        Requirement(market=market, scheme=scheme, product_type="a", category="b", from_on=AT.date()),
        Requirement(market=market, scheme=scheme, from_on=AT.date(), until_on=day("2020-01-01")),
        Requirement(market=market, scheme=scheme, from_on=AT.date(), effect="shout"),
        Requirement(market=market, scheme=scheme, from_on=AT.date(), grace_days=3651),
    ]

    for row in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save()
    honey.replaces = honey
    with pytest.raises(IntegrityError), transaction.atomic():
        honey.save()


def test_of_two_events_at_once_the_second_sees_the_first(committed_database: str) -> None:
    known_products_store(PRODUCTS)
    registry_load(registry_document(), catalogue=host_catalogue(), at=AT)
    honey = Certificate.objects.get(number="EAC-1")
    outcomes: list[str] = []

    def withdraw() -> None:
        try:
            certificate_event_add(honey.pk, EventKind.WITHDRAWN, actor="Staff", reason="because", at=AT)
            outcomes.append("written")
        except errors.IllegalTransition:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=withdraw) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["refused"] * 7 + ["written"]
    kinds = CertificateEvent.objects.filter(certificate=honey).order_by("position").values_list("position", "kind")
    assert list(kinds) == [(1, "applied"), (2, "issued"), (3, "withdrawn")]


def test_of_loads_at_once_one_writes_and_the_others_find_nothing_to_do(committed_database: str) -> None:
    known_products_store(PRODUCTS)
    created: list[int] = []

    def load() -> None:
        try:
            created.append(registry_load(registry_document(), catalogue=host_catalogue(), at=AT).created)
        except DatabaseError as error:
            created.append(-1)
            raise error
        finally:
            connection.close()

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(created) == [0, 0, 0, 20]

"""Certificates as the rules see them, read as one JSON value each: with products, types, markets, areas and events."""

import datetime
from collections.abc import Mapping
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject

from ovop_certification.models import (
    Certificate,
    CertificateArea,
    CertificateEvent,
    CertificateProduct,
    CertificateProductType,
    EventKind,
    HolderKind,
    SchemeKind,
)
from ovop_certification.rules import CertificateRecord, StatusChange
from ovop_shared.statements import JsonList

HOLDER_KINDS: Mapping[str, HolderKind] = {kind.value: kind for kind in HolderKind}
EVENT_KINDS: Mapping[str, EventKind] = {kind.value: kind for kind in EventKind}


def certificates_as_json(certificates: "QuerySet[Certificate]") -> "QuerySet[Certificate, Any]":
    """Each certificate in the shape that `certificate_record` reads, by its pk."""
    itself = OuterRef("pk")
    products = CertificateProduct.objects.filter(certificate=itself).values_list("product_pk")
    product_types = CertificateProductType.objects.filter(certificate=itself).values_list("product_type")
    markets = Certificate.markets.through.objects.filter(certificate=itself).values_list("market__code")
    areas = CertificateArea.objects.filter(certificate=itself).values_list("place")
    events = CertificateEvent.objects.filter(certificate=itself).order_by("position")
    return certificates.order_by("pk").values_list(
        JSONObject(
            id="pk",
            scheme="scheme__code",
            scheme_kind="scheme__kind",
            issuing_body="issuing_body__name",
            number="number",
            holder_kind="holder_kind",
            holder_ref="holder_ref",
            valid_from_on="valid_from_on",
            valid_until_on="valid_until_on",
            replaces_id="replaces_id",
            products=ArraySubquery(products),
            product_types=ArraySubquery(product_types),
            markets=ArraySubquery(markets),
            areas=ArraySubquery(areas),
            events=JsonList(events.values_list(JSONObject(kind="kind", at="at"))),
        ),
        flat=True,
    )


def certificate_records(certificates: "QuerySet[Certificate]") -> list[CertificateRecord]:
    """One query."""
    return [certificate_record(each) for each in certificates_as_json(certificates)]


def certificate_record(row: Mapping[str, Any]) -> CertificateRecord:
    return CertificateRecord(
        id=row["id"],
        scheme=row["scheme"],
        issuing_body=row["issuing_body"],
        number=row["number"],
        holder_kind=HOLDER_KINDS[row["holder_kind"]],
        holder_ref=row["holder_ref"],
        valid_from_on=datetime.date.fromisoformat(row["valid_from_on"]),
        valid_until_on=date_of(row["valid_until_on"]),
        products=frozenset(row["products"]),
        product_types=frozenset(row["product_types"]),
        markets=frozenset(row["markets"]),
        areas=frozenset(row["areas"]),
        needs_area=row["scheme_kind"] == SchemeKind.GEOGRAPHICAL,
        replaces_id=row["replaces_id"],
        events=tuple(
            StatusChange(EVENT_KINDS[event["kind"]], datetime.datetime.fromisoformat(event["at"]))
            for event in row["events"]
        ),
    )


def date_of(text: str | None) -> datetime.date | None:
    return datetime.date.fromisoformat(text) if text else None

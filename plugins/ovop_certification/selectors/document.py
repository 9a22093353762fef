"""The registry as the document that `registry_load` reads (records.py has its shape): loaded again it changes nothing."""

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject

from ovop_certification.models import (
    Certificate,
    CertificateArea,
    CertificateEvent,
    CertificateProduct,
    CertificateProductType,
    HolderKind,
    IssuingBody,
    Market,
    MarketChannel,
    MarketCountry,
    Requirement,
    Scheme,
)
from ovop_certification.records import DOCUMENT_VERSION
from ovop_shared.catalogue import Catalogue
from ovop_shared.statements import JsonList


@dataclass(frozen=True, slots=True)
class ExportedRegistry:
    """`left_out` are certificates (scheme, body, number) of products that the shop holds no longer: a document names
    products by slug."""

    document: dict[str, Any]
    left_out: tuple[tuple[str, str, str], ...]


def registry_document(catalogue: Catalogue) -> ExportedRegistry:
    """Everything but evidence and what was decided. Five queries and the catalogue's, whatever the number of rows."""
    certificates = list(_certificates())
    products = {pk for row in certificates for pk in row["products"]}
    products |= {pk for row in certificates if (pk := _product_of(row)) is not None}
    slugs = {pk: product.slug for pk, product in catalogue.by_pk(products).items()}
    told, left_out = [], []
    for row in certificates:
        if set(row["products"]) <= set(slugs) and _product_of(row) in (None, *slugs):
            told.append(_certificate(row, slugs))
        else:
            left_out.append((row["scheme"], row["issuing_body"], row["number"]))
    document = {
        "version": DOCUMENT_VERSION,
        "schemes": [
            {
                "code": scheme.code,
                "kind": scheme.kind,
                "names": scheme.names,
                "suspends_on_recipe_change": scheme.suspends_on_recipe_change,
            }
            for scheme in Scheme.objects.order_by("code")
        ],
        "issuing_bodies": list(IssuingBody.objects.order_by("code").values("code", "name", "register_url")),
        "markets": _markets(),
        "requirements": _requirements(),
        "certificates": told,
    }
    return ExportedRegistry(document, tuple(left_out))


def _markets() -> list[dict[str, Any]]:
    channels = MarketChannel.objects.filter(market=OuterRef("pk")).order_by("channel").values("channel")
    countries = MarketCountry.objects.filter(market=OuterRef("pk")).order_by("country").values("country")
    markets = Market.objects.order_by("code").annotate(
        of_channels=ArraySubquery(channels), of_countries=ArraySubquery(countries)
    )
    return [
        {
            "code": market.code,
            "names": market.names,
            "channels": market.of_channels,
            "countries": market.of_countries,
            "on_uncertified": market.on_uncertified,
            "on_lapsed": market.on_lapsed,
            "on_bypassed": market.on_bypassed,
            "grace_days": market.grace_days,
        }
        for market in markets
    ]


def _requirements() -> list[dict[str, Any]]:
    rows = Requirement.objects.select_related("market", "scheme").order_by("market__code", "pk")
    return [
        _without_empty(
            {
                "market": row.market.code,
                "scheme": row.scheme.code,
                "product_type": row.product_type,
                "category": row.category,
                "intended_use": row.intended_use,
                "from_on": row.from_on.isoformat(),
                "until_on": row.until_on.isoformat() if row.until_on else None,
                "grace_days": row.grace_days,
                "effect": row.effect,
            }
        )
        for row in rows
    ]


def _certificates() -> Any:
    itself = OuterRef("pk")
    events = CertificateEvent.objects.filter(certificate=itself).order_by("position")
    return Certificate.objects.order_by("pk").values_list(
        JSONObject(
            scheme="scheme__code",
            issuing_body="issuing_body__code",
            number="number",
            holder_kind="holder_kind",
            holder_ref="holder_ref",
            valid_from_on="valid_from_on",
            valid_until_on="valid_until_on",
            products=ArraySubquery(CertificateProduct.objects.filter(certificate=itself).values("product_pk")),
            product_types=ArraySubquery(
                CertificateProductType.objects.filter(certificate=itself)
                .order_by("product_type")
                .values("product_type")
            ),
            areas=ArraySubquery(CertificateArea.objects.filter(certificate=itself).order_by("place").values("place")),
            markets=ArraySubquery(
                Certificate.markets.through.objects.filter(certificate=itself)
                .order_by("market__code")
                .values("market__code")
            ),
            replaces="replaces__number",
            register_url="register_url",
            surveillance_last_on="surveillance_last_on",
            surveillance_next_on="surveillance_next_on",
            events=JsonList(events.values_list(JSONObject(kind="kind", at="at", actor="actor", reason="reason"))),
        ),
        flat=True,
    )


def _product_of(row: dict[str, Any]) -> int | None:
    if row["holder_kind"] in (HolderKind.PRODUCT, HolderKind.LOT):
        return int(row["holder_ref"].partition("/")[0])
    return None


def _certificate(row: dict[str, Any], slugs: dict[int, str]) -> dict[str, Any]:
    holder = row["holder_ref"]
    product = _product_of(row)
    if product is not None:
        _, slash, lot = holder.partition("/")
        holder = f"{slugs[product]}{slash}{lot}"
    told = {"scheme": row["scheme"], "issuing_body": row["issuing_body"], "number": row["number"]}
    told["holder"] = {row["holder_kind"]: holder}
    rest = {name: value for name, value in row.items() if name not in (*told, "holder_kind", "holder_ref")}
    rest["products"] = sorted(slugs[pk] for pk in row["products"])
    rest["events"] = [_without_empty(event) for event in row["events"]]
    return told | _without_empty(rest)


def _without_empty(row: dict[str, Any]) -> dict[str, Any]:
    """What is absent is read as empty; zero and no are told."""
    return {name: value for name, value in row.items() if value not in (None, "", [])}

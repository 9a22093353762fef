"""What the certification plugin says of products, where it is installed; this plugin works without it."""

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.utils.module_loading import import_string

from ovop_shared.mounting import absolute_url, page_url


@dataclass(frozen=True, slots=True)
class CertificateMarket:
    """A market the certificate is valid in; `countries` are ISO 3166-1 codes, empty when it is no set of countries."""

    names: Mapping[str, str]
    countries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProductCertificate:
    """`status` is certification's word (`valid`, `expired`, …); `path` and `url` lead to the verification page.

    `valid_until_on` is the last day, None when there is none. Empty `markets` are all. `badge_path` and `badge_url` lead
    to a picture of today's state, which takes `&lang=` and `&size=`; `stars` is a label's grade, `audited_on` the day of
    the last audit that is known.
    """

    scheme_names: Mapping[str, str]
    number: str
    issuing_body: str
    valid_from_on: datetime.date
    valid_until_on: datetime.date | None
    status: str
    markets: tuple[CertificateMarket, ...]
    path: str
    url: str
    badge_path: str = ""
    badge_url: str = ""
    stars: int | None = None
    audited_on: datetime.date | None = None

    @property
    def is_valid(self) -> bool:
        return self.status == "valid"


def certificates_of(product_pks: Collection[int], at: datetime.datetime) -> dict[int, tuple[ProductCertificate, ...]]:
    """What is current of each product at that moment, by scheme and number; products without any are left out.

    Nothing when certification is not installed. Four queries.
    """
    if not apps.is_installed("ovop_certification"):
        return {}
    found = import_string("ovop_certification.selectors.current_certificates")(product_pks, at)
    return {pk: tuple(_certificate(each) for each in certificates) for pk, certificates in found.items()}


def _certificate(current: Any) -> ProductCertificate:
    facts = current.facts
    path = page_url("ovop_certification:certificate", scheme=facts.scheme_code, number=facts.number)
    badge = page_url("ovop_certification:certificate-badge", scheme=facts.scheme_code, number=facts.number)
    badge += f"?body={current.body}"
    return ProductCertificate(
        scheme_names=current.scheme_names,
        number=facts.number,
        issuing_body=facts.issuing_body,
        valid_from_on=facts.valid_from_on,
        valid_until_on=facts.valid_until_on,
        status=str(facts.status),
        markets=tuple(CertificateMarket(market.names, market.countries) for market in current.markets),
        path=path,
        url=absolute_url(path),
        badge_path=badge,
        badge_url=absolute_url(badge),
        stars=current.stars,
        audited_on=current.audited_on,
    )

"""The public verification page of a certificate: what is true of it at this moment. Never cached."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from ovop_certification import selectors
from ovop_certification.rules import Status
from ovop_certification.selectors import CertificateFacts, CertificatePage
from ovop_certification.texts import STATUS_TEXTS
from ovop_origin.selectors import best_name
from ovop_shared.catalogue import host_catalogue
from ovop_shared.errors import NotFound
from ovop_shared.pages import render_page, request_language
from ovop_shared.records import ProductRecord, product_name
from ovop_shared.shop_time import shop_day


@dataclass(frozen=True, slots=True)
class ShownCertificate:
    """One certificate in the page's language; `status` is a page text."""

    scheme: str
    facts: CertificateFacts
    status: str
    is_valid: bool
    since_on: str
    covers_all: bool
    products: list[str]
    markets: list[str]


@require_safe
def certificate(request: HttpRequest, scheme: str, number: str) -> HttpResponse:
    at = timezone.now()
    pages = selectors.certificate_pages(scheme, number, at)
    if not pages:
        raise NotFound("There is no such certificate.", params={"scheme": scheme, "number": number})
    language = request_language(request)
    products = host_catalogue().by_pk({pk for page in pages for pk in page.products})
    context = {
        "title": f"{best_name(pages[0].scheme_names, language)} {number}",
        "certificates": [_shown(page, products, language) for page in pages],
        "today": shop_day(at).isoformat(),
    }
    return render_page(request, "ovop_certification/certificate.html", context, language=language)


def _shown(page: CertificatePage, products: Mapping[int, ProductRecord], language: str) -> ShownCertificate:
    known = [products[pk] for pk in page.products if pk in products]
    status = page.facts.status
    return ShownCertificate(
        scheme=best_name(page.scheme_names, language),
        facts=page.facts,
        status=STATUS_TEXTS[status],
        is_valid=status is Status.VALID,
        since_on=page.status_since_on.isoformat() if status in (Status.SUSPENDED, Status.WITHDRAWN) else "",
        covers_all=not page.products,
        products=sorted(product_name(product, language) for product in known),
        markets=sorted(best_name(names, language) for names in page.markets),
    )

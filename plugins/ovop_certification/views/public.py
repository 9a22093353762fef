"""The public verification page of a certificate - what is true of it at this moment, never cached - and the search for
one by its number. Neither needs scripts.

Certificates are not for search engines: what they keep of a page says "valid" long after the end. The search is.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import segno
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from ovop_certification.badges import (
    DEFAULT_SIZE,
    BadgeSize,
    PublicCertificate,
    badge_size,
    certificates_numbered,
    certificates_with_number,
)
from ovop_certification.badges.pictures import state_text
from ovop_certification.models import HolderKind
from ovop_certification.texts import GRADE_TEXTS, STATUS_NOTE_TEXTS, STATUS_TEXTS
from ovop_origin.selectors import (
    ProducerFacts,
    best_language,
    best_name,
    places,
    producers,
    product_origins,
    public_names,
)
from ovop_shared.catalogue import host_catalogue
from ovop_shared.errors import NotFound
from ovop_shared.mounting import absolute_url, page_url
from ovop_shared.pages import render_page, request_language
from ovop_shared.records import ProductRecord, product_name
from ovop_shared.shop_time import shop_day
from ovop_shared.translations import translate

NUMBER_MAX = 120
SEARCH_SHOWS = 20
CODE_MODULE_PX = 4

_NOT_TYPED = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class ShownProduct:
    """`path` is empty where the product has no page."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class ShownHolder:
    """A producer's `name`, empty where it `is_hidden`: it has not agreed to be named. Or the code of a lot. Neither for
    a product: that is told among the products."""

    name: str = ""
    path: str = ""
    is_hidden: bool = False
    lot: str = ""


@dataclass(frozen=True, slots=True)
class ShownCertificate:
    """One certificate in the page's language; `status`, `note` and `stars` (empty without a grade) are page texts."""

    facts: PublicCertificate
    scheme: str
    scheme_language: str
    status: str
    note: str
    is_valid: bool
    stars: str
    holder: ShownHolder
    products: list[ShownProduct]
    areas: list[str]
    markets: list[str]
    badge_path: str
    badge_text: str
    size: BadgeSize


@require_safe
def certificate(request: HttpRequest, scheme: str, number: str) -> HttpResponse:
    at = timezone.now()
    found = certificates_numbered(scheme, number, at)
    if not found:
        raise unknown_certificate(scheme, number)
    language = request_language(request)
    url = verification_url(scheme, number)
    code = segno.make_qr(url, error="m")
    context = {
        "title": f"{best_name(found[0].scheme_names, language) or scheme} {number}",
        "certificates": _shown(found, language),
        "today": shop_day(at).isoformat(),
        "url": url,
        "code": mark_safe(  # noqa: S308 - segno writes numbers alone
            code.svg_inline(scale=CODE_MODULE_PX, border=4, light="#fff", svgclass="code", lineclass=None)
        ),
        "code_path": page_url("ovop_certification:certificate-code", scheme=scheme, number=number),
    }
    return render_page(request, "ovop_certification/certificate.html", context, language=language)


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """`?number=`, as somebody types it: in any case, with spaces before or behind it."""
    asked = request.GET.get("number", "")
    number = clean_number(asked)
    language = request_language(request)
    at = timezone.now()
    found = certificates_with_number(number, at, limit=SEARCH_SHOWS) if number else ()
    context = {
        "title": translate("Check a certificate", language),
        "asked": _NOT_TYPED.sub(" ", asked).strip()[:NUMBER_MAX],
        "is_asked": bool(asked.strip()),
        "number_max": NUMBER_MAX,
        "today": shop_day(at).isoformat(),
        "found": [
            {
                "facts": each,
                "scheme": best_name(each.scheme_names, language) or each.scheme,
                "state": state_text(each, language),
                "is_valid": each.is_valid,
                "path": page_url("ovop_certification:certificate", scheme=each.scheme, number=each.number),
            }
            for each in found
        ],
    }
    return render_page(
        request, "ovop_certification/search.html", context, language=language, is_indexed=not asked.strip()
    )


def verification_url(scheme: str, number: str) -> str:
    """The page's address as the rest of the world sees it: what the QR codes hold."""
    return absolute_url(page_url("ovop_certification:certificate", scheme=scheme, number=number))


def unknown_certificate(scheme: str, number: str) -> NotFound:
    return NotFound("There is no such certificate.", params={"scheme": scheme, "number": number})


def clean_number(text: str) -> str:
    """A number as it may have been typed; empty when it can be none."""
    cleaned = " ".join(unicodedata.normalize("NFC", _NOT_TYPED.sub(" ", text)).split())
    return cleaned if len(cleaned) <= NUMBER_MAX else ""


def _shown(found: Sequence[PublicCertificate], language: str) -> list[ShownCertificate]:
    records = host_catalogue().by_pk({pk for each in found for pk in _named_products(each)})
    published = [pk for pk, record in records.items() if record.is_published]
    with_page = product_origins(published) if published else {}
    names = producers({each.holder_ref for each in found if _is_producers(each)})
    area_places = places({code for each in found for code in each.areas})
    areas = {code: best_name(place.names, language) for code, place in area_places.items()}
    size = badge_size(DEFAULT_SIZE)
    return [
        ShownCertificate(
            facts=each,
            scheme=best_name(each.scheme_names, language) or each.scheme,
            scheme_language=best_language(each.scheme_names, language) or language,
            status=STATUS_TEXTS[each.status],
            note=STATUS_NOTE_TEXTS.get(each.status, ""),
            is_valid=each.is_valid,
            stars=GRADE_TEXTS.get(each.stars or 0, ""),
            holder=_holder(each, names, language),
            products=_products(each, records, with_page, language),
            areas=sorted(areas.get(code) or code for code in each.areas),
            markets=sorted(best_name(market.names, language) or market.code for market in each.markets),
            badge_path=page_url("ovop_certification:certificate-badge", scheme=each.scheme, number=each.number),
            badge_text=f"{best_name(each.scheme_names, language) or each.scheme}: {state_text(each, language)}",
            size=size,
        )
        for each in found
    ]


def _is_producers(certificate: PublicCertificate) -> bool:
    return certificate.holder_kind in (HolderKind.PRODUCER, HolderKind.GROUP)


def _named_products(certificate: PublicCertificate) -> set[int]:
    """Those it names, or the one whose own it is."""
    named = set(certificate.products)
    if not named and not _is_producers(certificate):
        own = certificate.holder_ref.partition("/")[0]
        named |= {int(own)} if own.isdecimal() else set()
    return named


def _holder(certificate: PublicCertificate, known: Mapping[str, ProducerFacts], language: str) -> ShownHolder:
    if certificate.holder_kind == HolderKind.LOT:
        return ShownHolder(lot=certificate.holder_ref.partition("/")[2])
    if not _is_producers(certificate):
        return ShownHolder()
    producer = known.get(certificate.holder_ref)
    names = public_names(producer) if producer else {}
    if not names:
        return ShownHolder(is_hidden=True)
    return ShownHolder(best_name(names, language), page_url("ovop_origin:producer", code=certificate.holder_ref))


def _products(
    certificate: PublicCertificate,
    records: Mapping[int, ProductRecord],
    with_page: Collection[int],
    language: str,
) -> list[ShownProduct]:
    """A product that the shop has never shown is nobody's business, and not named."""
    shown = []
    for pk in _named_products(certificate):
        record = records.get(pk)
        if record is not None and record.was_published:
            path = page_url("ovop_origin:product", product_pk=pk) if pk in with_page else ""
            shown.append(ShownProduct(product_name(record, language), path))
    return sorted(shown, key=lambda each: each.name.casefold())

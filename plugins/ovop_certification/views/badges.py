"""Badges and codes as pictures, for shops, labels and prints: the same for all, and of today."""

import datetime
import io
from collections.abc import Sequence

import segno
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from ovop_certification.badges import (
    DEFAULT_SIZE,
    PublicCertificate,
    badge_size,
    certificates_numbered,
    claims_of_products,
)
from ovop_certification.badges import certificate_badge as draw_certificate
from ovop_certification.badges import product_badge as draw_product
from ovop_certification.views.public import unknown_certificate, verification_url
from ovop_shared.catalogue import host_catalogue
from ovop_shared.errors import NotFound
from ovop_shared.pages import cacheable, request_language
from ovop_shared.shop_time import shop_day, shop_zone

CACHE_SECONDS = 300
CODE_MODULE_PX = 12


@require_safe
def certificate_badge(request: HttpRequest, scheme: str, number: str) -> HttpResponse:
    """`?size=small|medium|large&lang=&body=`. Two bodies may have given the same number: `body` is the issuing body's
    code; without it the badge claims no more than what holds for each of them.

    404 for what nobody has applied for; 400 UnknownBadgeSize, GlyphMissing.
    """
    size = badge_size(request.GET.get("size", DEFAULT_SIZE))
    at = timezone.now()
    body = request.GET.get("body")
    found = [each for each in certificates_numbered(scheme, number, at) if body in (None, "", each.body)]
    if not found:
        raise unknown_certificate(scheme, number)
    shown = max(found, key=lambda each: (each.standing, each.body))
    return _picture(request, draw_certificate(shown, size, request_language(request)), at, found)


@require_safe
def product_badge(request: HttpRequest, product_pk: int) -> HttpResponse:
    """`?size=small|medium|large&lang=`: what a product holds that is valid. 404 for one that nobody may see."""
    size = badge_size(request.GET.get("size", DEFAULT_SIZE))
    record = host_catalogue().by_pk([product_pk]).get(product_pk)
    if record is None or not record.is_published:
        raise NotFound("There is no such product.", params={"product": product_pk})
    at = timezone.now()
    found = claims_of_products([product_pk], at).get(product_pk, ())
    return _picture(request, draw_product(found, size, request_language(request), shop_day(at)), at, found)


@require_safe
def certificate_code(request: HttpRequest, scheme: str, number: str) -> HttpResponse:
    """The QR code of the verification page, large enough to be printed. 404 for what nobody has applied for."""
    at = timezone.now()
    if not certificates_numbered(scheme, number, at):
        raise unknown_certificate(scheme, number)
    file = io.BytesIO()
    segno.make_qr(verification_url(scheme, number), error="m").save(file, kind="png", scale=CODE_MODULE_PX, border=4)
    return _picture(request, file.getvalue(), at, ())


def _picture(
    request: HttpRequest,
    content: bytes,
    at: datetime.datetime,
    certificates: Sequence[PublicCertificate],
) -> HttpResponse:
    """Kept for minutes, and never past the moment at which a state changes, nor past the shop's midnight."""
    tomorrow = shop_day(at) + datetime.timedelta(days=1)
    ends = [datetime.datetime.combine(tomorrow, datetime.time.min, tzinfo=shop_zone())]
    ends += [each.next_change_at for each in certificates if each.next_change_at]
    seconds = min(CACHE_SECONDS, int((min(ends) - at).total_seconds()))
    response = HttpResponse(content, content_type="image/png")
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Vary"] = "Accept-Language"
    return cacheable(request, response, max(0, seconds))

"""The host's own pages: the index, signing in and out, and its refusals."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from ovop_origin.selectors import best_name, places, product_origins, products_with_origin
from ovop_shared.catalogue import host_catalogue
from ovop_shared.endpoint import refuse
from ovop_shared.errors import InvalidToken, NotFound, OvopError
from ovop_shared.pages import render_page, request_language
from ovop_shared.records import product_name
from ovop_shared.requester import HANDLE_PAYMENTS, requester_of
from ovop_shared.staff_pages import allow_forms
from ovop_standalone.middleware import COOKIE
from ovop_standalone.tokens import DEFAULT_LIFETIME, read_token


class CsrfFailed(OvopError):
    """A form came without the token of a page of ours."""

    code = "csrf_failed"
    status = 403


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """What there is to look at: the products with an origin, their villages, and for staff the ledger."""
    language = request_language(request)
    requester = requester_of(request)
    product_pks = products_with_origin()
    products = host_catalogue().by_pk(product_pks)
    villages = places({origin.village_code for origin in product_origins(product_pks).values()})
    response = render_page(
        request,
        "ovop_standalone/index.html",
        {
            "title": "One Village One Product",
            "requester": requester,
            "signed_in_as": f"{requester.name} ({requester.kind})",
            "may_see_money": requester.has(HANDLE_PAYMENTS),
            "products": sorted((product_name(product, language), product.pk) for product in products.values()),
            "villages": sorted((best_name(village.names, language), village.code) for village in villages.values()),
        },
        language=language,
    )
    allow_forms(response)
    return response


@require_GET
def sign_in(request: HttpRequest) -> HttpResponse:
    """`/sign-in/?token=…`: the browser keeps the token in a cookie that no script and no other site's form uses."""
    token = request.GET.get("token", "")
    if not token:
        raise InvalidToken("The address must carry a token.", field="token")
    read_token(token, at=timezone.now())
    response = HttpResponseRedirect("/")
    response.set_cookie(
        COOKIE, token, max_age=DEFAULT_LIFETIME, httponly=True, samesite="Lax", secure=request.is_secure()
    )
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    response = HttpResponseRedirect("/")
    response.delete_cookie(COOKIE, samesite="Lax")
    return response


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return refuse(request, NotFound("There is no such page."))


def csrf_refused(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    return refuse(request, CsrfFailed("This form is out of date. Open the page again and repeat."))

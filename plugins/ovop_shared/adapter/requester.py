"""Saleor's user or app of a plain HTTP request, as a Requester.

Saleor resolves both only on its own GraphQL path; on a plugin's path the plugin has to ask (seen on 3.22 and 3.23:
without the explicit app promise an app token is ignored).
"""

import jwt
from django.http import HttpRequest
from saleor.account.models import Group, User
from saleor.core.exceptions import PermissionDenied as SaleorPermissionDenied
from saleor.core.jwt import JWT_THIRDPARTY_ACCESS_TYPE
from saleor.graphql.app.dataloaders import get_app_promise
from saleor.graphql.context import get_context_value
from saleor.graphql.core.context import setup_context_user
from saleor.graphql.utils import get_user_or_app_from_context

from ovop_shared.errors import InvalidToken
from ovop_shared.requester import (
    ANONYMOUS,
    HANDLE_PAYMENTS,
    MANAGE_ORDERS,
    MANAGE_PLUGINS,
    MANAGE_PRODUCT_TYPES,
    MANAGE_PRODUCTS,
    Requester,
    RequesterKind,
)

# Saleor asks for "<app label>.<codename>" and writes tokens with the enum's name.
SALEOR_PERMISSIONS = {
    MANAGE_PRODUCTS: "product.manage_products",
    MANAGE_PRODUCT_TYPES: "product.manage_product_types_and_attributes",
    MANAGE_ORDERS: "order.manage_orders",
    HANDLE_PAYMENTS: "payment.handle_payments",
    MANAGE_PLUGINS: "plugins.manage_plugins",
}


def saleor_requester(request: HttpRequest) -> Requester:
    """Raises InvalidToken when a token was sent that Saleor does not accept."""
    request.dataloaders = {}  # type: ignore[attr-defined]
    request.allow_replica = False  # type: ignore[attr-defined]
    try:
        request.app = get_app_promise(request).get()  # type: ignore[attr-defined]
        context = get_context_value(request)
        setup_context_user(context)
        requestor = get_user_or_app_from_context(context)
    except (jwt.PyJWTError, SaleorPermissionDenied) as error:
        raise InvalidToken("The token is not valid or has expired.") from error
    if not requestor:
        if request.headers.get("Authorization") or request.headers.get("Authorization-Bearer"):
            raise InvalidToken("The token is not valid or has expired.")
        return ANONYMOUS
    permissions = frozenset(name for name, full in SALEOR_PERMISSIONS.items() if requestor.has_perm(full))
    if not isinstance(requestor, User):
        return Requester(RequesterKind.APP, name=requestor.name, permissions=permissions)
    token = getattr(context, "decoded_auth_token", None) or {}
    if token.get("type") == JWT_THIRDPARTY_ACCESS_TYPE:
        # A superuser's token without permissions would otherwise be unrestricted.
        granted = {str(name).lower() for name in token.get("permissions") or ()}
        permissions &= granted
    return Requester(
        RequesterKind.STAFF if requestor.is_staff else RequesterKind.CUSTOMER,
        name=requestor.email,
        user_id=str(requestor.pk),
        permissions=permissions if requestor.is_staff else frozenset(),
        channels=channels_of(requestor) if requestor.is_staff else None,
    )


def channels_of(user: User) -> frozenset[str] | None:
    """The slugs of the channels a staff member is restricted to, None for all of them."""
    if user.is_superuser:
        return None
    groups = Group.objects.filter(user=user)
    if groups.filter(restricted_access_to_channels=False).exists():
        return None
    slugs = groups.exclude(channels=None).values_list("channels__slug", flat=True)
    return frozenset(slugs)

"""Who asks. Each host builds a Requester from its own request; everything behind it sees only this."""

from dataclasses import dataclass, field
from enum import StrEnum

from django.http import HttpRequest

from ovop_shared.errors import AuthenticationRequired, PermissionDenied


class RequesterKind(StrEnum):
    ANONYMOUS = "anonymous"
    CUSTOMER = "customer"
    STAFF = "staff"
    APP = "app"


# Saleor's own permission codenames (saleor.permission.enums); the plugins add none.
MANAGE_PRODUCTS = "manage_products"
MANAGE_PRODUCT_TYPES = "manage_product_types_and_attributes"
MANAGE_ORDERS = "manage_orders"
HANDLE_PAYMENTS = "handle_payments"
MANAGE_PLUGINS = "manage_plugins"


@dataclass(frozen=True, slots=True)
class Requester:
    """`permissions` holds Saleor's codenames without the app label. Only staff and apps have any.

    `user_id` is the id of the Saleor user (its pk as text), empty for an app and for nobody. `channels` is None when
    the requester is not restricted to certain channels (slugs). `name` is for the record of who did something.
    """

    kind: RequesterKind
    name: str = ""
    user_id: str = ""
    permissions: frozenset[str] = field(default_factory=frozenset)
    channels: frozenset[str] | None = None

    def has(self, permission: str) -> bool:
        return self.kind in (RequesterKind.STAFF, RequesterKind.APP) and permission in self.permissions

    def require(self, permission: str) -> None:
        """Raise AuthenticationRequired for nobody and PermissionDenied for somebody without the right."""
        if self.has(permission):
            return
        if self.kind is RequesterKind.ANONYMOUS:
            raise AuthenticationRequired("Sign in to see this.", params={"permission": permission})
        raise PermissionDenied("This needs a right you do not have.", params={"permission": permission})


ANONYMOUS = Requester(RequesterKind.ANONYMOUS)

_ATTRIBUTE = "ovop_requester"


def attach_requester(request: HttpRequest, requester: Requester) -> None:
    """Called once per request by the host."""
    setattr(request, _ATTRIBUTE, requester)


def requester_of(request: HttpRequest) -> Requester:
    """The requester the host attached; a host that attached none serves nobody but the anonymous."""
    requester = getattr(request, _ATTRIBUTE, ANONYMOUS)
    assert isinstance(requester, Requester)
    return requester

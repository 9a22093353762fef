"""A shop whose certificates end, and makers who can be written to."""

import datetime
from collections.abc import Collection, Mapping
from typing import Any

from certification_world import HONEY, PRODUCTS, certificate_row, event_row, moment, registry_document
from django.core.mail.backends.smtp import EmailBackend

from ovop_certification.models import Certificate, HolderKind
from ovop_certification.services import certificate_register, registry_load
from ovop_certification.switches import Switches
from ovop_origin.services import registry_load as origin_load
from ovop_shared.catalogue import host_catalogue
from ovop_shared.mail import DjangoMailer, Mail, deliver
from ovop_shared.requester import ANONYMOUS, MANAGE_PRODUCTS, Requester, RequesterKind
from ovop_standalone.catalogue import known_products_store

AT = moment("2026-03-01T09:00")
TODAY = AT.date()
STAFF_MAIL = "desk@shop.example"

CUSTOMER = Requester(RequesterKind.CUSTOMER, name="customer@example.com", user_id="7")
STAFF_WITHOUT = Requester(RequesterKind.STAFF, name="staff@example.com", permissions=frozenset({"manage_orders"}))
STAFF = Requester(RequesterKind.STAFF, name="staff@example.com", permissions=frozenset({MANAGE_PRODUCTS}))
APP_WITHOUT = Requester(RequesterKind.APP, name="an app")
APP = Requester(RequesterKind.APP, name="an app", permissions=frozenset({MANAGE_PRODUCTS}))
OUTSIDERS = {
    "anonymous": ANONYMOUS,
    "customer": CUSTOMER,
    "staff without permission": STAFF_WITHOUT,
    "app without permission": APP_WITHOUT,
}
INSIDERS = {"staff with permission": STAFF, "app with permission": APP}


def in_days(days: int) -> datetime.date:
    return TODAY + datetime.timedelta(days=days)


def origin_document() -> dict[str, Any]:
    """Honey and juice are made by a co-operative that reads Kyrgyz, the jam by a group; one member has no address but
    an account, one has left."""
    return {
        "version": 1,
        "places": [
            {"kind": "country", "code": "KG", "names": {"en": "Kyrgyzstan"}},
            {"kind": "region", "code": "KG-Y", "parent": "KG", "names": {"en": "Issyk-Kul"}},
            {"kind": "district", "code": "KG-Y-jeti-oguz", "parent": "KG-Y", "names": {"en": "Jeti-Oguz"}},
            {"kind": "village", "code": "KG-Y-barskoon", "parent": "KG-Y-jeti-oguz", "names": {"en": "Barskoon"}},
        ],
        "producers": [
            {
                "code": "ak-kiyiz",
                "kind": "cooperative",
                "village": "KG-Y-barskoon",
                "language": "ky",
                "names": {"ky": "Ак кийиз", "en": "Ak Kiyiz"},
                "email": "office@ak-kiyiz.example",
            },
            {
                "code": "m3",
                "kind": "person",
                "village": "KG-Y-barskoon",
                "language": "ru",
                "names": {"ru": "Айгерим"},
                "saleor_user_id": "5",
            },
            {
                "code": "gone",
                "kind": "person",
                "village": "KG-Y-barskoon",
                "language": "ru",
                "names": {"ru": "Уехала"},
                "email": "gone@example.com",
                "status": "left",
            },
            {
                "code": "chiy",
                "kind": "group",
                "village": "KG-Y-barskoon",
                "language": "ru",
                "names": {"ru": "Чий", "en": "Chiy group"},
                "email": "chiy@example.com",
            },
        ],
        "memberships": [{"group": "chiy", "member": "m3", "since": "2020-01-01"}],
        "products": [
            {
                "slug": "mountain-honey",
                "village": "KG-Y-barskoon",
                "makers": [{"producer": "ak-kiyiz", "share": 5000}, {"producer": "gone", "share": 5000}],
            },
            {"slug": "wild-berry-jam", "village": "KG-Y-barskoon", "makers": [{"producer": "m3", "share": 10000}]},
            {
                "slug": "sea-buckthorn-juice",
                "village": "KG-Y-barskoon",
                "makers": [{"producer": "ak-kiyiz", "share": 10000}],
            },
        ],
        "lots": [
            {
                "product": "wild-berry-jam",
                "code": "J-1",
                "made_on": "2026-02-01",
                "village": "KG-Y-barskoon",
                "contributions": [{"producer": "m3", "quantity": 10}],
            }
        ],
    }


def build_world() -> None:
    """Products, origins, markets and what these require; no certificate."""
    known_products_store(PRODUCTS)
    document = registry_document() | {"certificates": []}
    registry_load(document, catalogue=host_catalogue(), at=AT)
    origin_load(origin_document(), catalogue=host_catalogue(), at=AT)


def register(number: str, last_in_days: int | None, **changes: Any) -> Certificate:
    """A certificate of the honey, good since a year ago, with its last day so many days from today."""
    given: dict[str, Any] = {
        "number": number,
        "holder_kind": HolderKind.PRODUCT,
        "holder_ref": str(HONEY),
        "valid_from_on": in_days(-400),
        "valid_until_on": None if last_in_days is None else in_days(last_in_days),
        "events": (event_row("issued", "2025-01-01"),),
    }
    return certificate_register(certificate_row(**given | changes))


def switched(**changes: Any) -> Switches:
    return Switches(**{"staff_mail": STAFF_MAIL} | changes)


class PostMailer(DjangoMailer):
    """By a server on loopback; the host knows the account of one producer."""

    def __init__(self, port: int) -> None:
        self.port = port

    def problem(self) -> str:
        return ""

    def send(self, mail: Mail) -> None:
        deliver(mail, "shop@example.com", EmailBackend(host="127.0.0.1", port=self.port, timeout=10))

    def addresses_of_users(self, user_ids: Collection[str]) -> Mapping[str, str]:
        return {"5": "aigerim@example.com"} if "5" in user_ids else {}

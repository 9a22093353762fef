"""Mail as a Saleor shop sends it.

Saleor (3.22, 3.23) has two plugins of its own for mail. The one for staff mail ("Admin emails") is global, and where it
holds a server and a sender they are the shop's; where it holds none it uses the EMAIL settings, and so do we. The one
for customers is per channel, and a reminder belongs to no channel.
"""

from collections.abc import Collection, Mapping
from email.headerregistry import Address

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.smtp import EmailBackend
from saleor.account.models import User
from saleor.plugins.admin_email.constants import PLUGIN_ID
from saleor.plugins.models import PluginConfiguration

from ovop_shared.mail import PROBLEM_TEXTS, DjangoMailer, Mail, deliver, set_mailer


class SaleorMailer(DjangoMailer):
    """Implements ovop_shared.mail.Mailer."""

    def problem(self) -> str:
        if _shop_server() or settings.EMAIL_BACKEND:
            return ""
        return PROBLEM_TEXTS["no_server"]

    def send(self, mail: Mail) -> None:
        server = _shop_server()
        if server is None:
            deliver(mail, settings.DEFAULT_FROM_EMAIL, get_connection())
            return
        connection = EmailBackend(
            host=server["host"],
            port=int(server["port"]),
            username=server.get("username") or "",
            password=server.get("password") or "",
            use_tls=bool(server.get("use_tls")),
            use_ssl=bool(server.get("use_ssl")),
        )
        sender = str(Address(server.get("sender_name") or "", addr_spec=server["sender_address"]))
        deliver(mail, sender, connection)

    def addresses_of_users(self, user_ids: Collection[str]) -> Mapping[str, str]:
        pks = [int(each) for each in user_ids if each.isdecimal() and int(each) < 2**31]
        rows = User.objects.filter(pk__in=pks, is_active=True).values_list("pk", "email")
        return {str(pk): email for pk, email in rows}


def _shop_server() -> dict[str, str] | None:
    """What staff filled in, in the dashboard; None when it is switched off or not filled in."""
    found = PluginConfiguration.objects.filter(identifier=PLUGIN_ID, channel=None, active=True).first()
    if found is None:
        return None
    values = {item["name"]: item["value"] for item in found.configuration or ()}
    return values if all(values.get(name) for name in ("host", "port", "sender_address")) else None


set_mailer(SaleorMailer())

"""The mail that tells of a certificate's end."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from ovop_certification.calendar.books import Blocked, MarketPlace
from ovop_certification.calendar.coverage import Holder, Recipient
from ovop_certification.calendar.endings import Ending
from ovop_origin.selectors import best_name
from ovop_shared.mail import Mail
from ovop_shared.mounting import absolute_url, page_url
from ovop_shared.page_tags import written_day
from ovop_shared.pages import render_fragment
from ovop_shared.records import ProductRecord, product_name
from ovop_shared.translations import translate

PRODUCTS_NAMED = 20


def reminder_mail(
    recipient: Recipient,
    certificate: Ending,
    holder: Holder,
    products: Sequence[ProductRecord],
    blocked: Sequence[Blocked],
    places: Mapping[str, MarketPlace],
) -> Mail:
    """In the recipient's language. Names come from the registry and the shop: they are text, never markup or headers."""
    language = recipient.language
    scheme = best_name(certificate.scheme_names, language) or certificate.scheme
    last_day = written_day(certificate.last_on, language, "long")
    subject = translate("“{scheme}” {number} ends on {day}", language).format(
        scheme=scheme, number=certificate.number, day=last_day
    )
    facts = [
        (translate("Certificate", language), scheme),
        (translate("Number", language), certificate.number),
        (translate("Issued by", language), certificate.issuing_body),
        (translate("Holder", language), holder.name(language)),
        (translate("Last day", language), last_day),
        (translate("Days left", language), str(certificate.days_left)),
    ]
    named = _named(products, language)
    if named:
        facts.append((translate("Products", language), ", ".join(named)))
    consequences = list(_consequences(blocked, places, language))
    link = page_url("ovop_certification:certificate", scheme=certificate.scheme, number=certificate.number)
    links = [(translate("The certificate's page", language), absolute_url(f"{link}?lang={language}"))]
    if recipient.is_staff:
        calendar = page_url("ovop_certification:staff-calendar")
        links.append((translate("Calendar of certificates", language), absolute_url(f"{calendar}?lang={language}")))
    advice = translate(
        "Renew it in time, and tell the shop's staff the new certificate's number and last day.", language
    )
    if recipient.is_staff:
        advice = translate(
            "When it has been renewed, register the new certificate as the one that replaces it.", language
        )
    lines = [
        subject,
        "",
        *(f"{label}: {value}" for label, value in facts),
        "",
        *consequences,
        "",
        advice,
        "",
        *(f"{label}: {address}" for label, address in links),
    ]
    html = render_fragment(
        "ovop_certification/reminder_mail.html",
        {"subject": subject, "facts": facts, "consequences": consequences, "advice": advice, "links": links},
        language,
    )
    return Mail(recipient.address, subject, "\n".join(lines) + "\n", html)


def _named(products: Sequence[ProductRecord], language: str) -> list[str]:
    named = [product_name(each, language) for each in products[:PRODUCTS_NAMED]]
    if len(products) > PRODUCTS_NAMED:
        named.append(translate("{count} more", language).format(count=len(products) - PRODUCTS_NAMED))
    return named


def _consequences(blocked: Sequence[Blocked], places: Mapping[str, MarketPlace], language: str) -> Iterable[str]:
    """One sentence per market and day."""
    if not blocked:
        yield translate("No market stops selling anything because of it.", language)
    for (from_on, market), group in groupby(blocked, key=lambda each: (each.from_on, each.market)):
        yield translate("From {day} on, these cannot be sold in {market}: {products}.", language).format(
            day=written_day(from_on, language, "long"),
            market=best_name(places[market].names, language) or market,
            products=", ".join(_named([each.product for each in group], language)),
        )

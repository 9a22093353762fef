"""The form of a certificate: applied for, or corrected while it was not issued."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.http import QueryDict

from ovop_certification.errors import UnknownHolder
from ovop_certification.models import HolderKind
from ovop_certification.records import CertificateRow
from ovop_certification.selectors.desk import DeskDetails
from ovop_certification.services.certificate_terms import CertificateTerms
from ovop_certification.staff_views.frame import form_problems
from ovop_certification.staff_views.typed import typed, typed_day, typed_lines
from ovop_origin.selectors import producers_like
from ovop_shared.catalogue import UnknownProduct, host_catalogue
from ovop_shared.staff_frame import FormProblems

TEXT_FIELDS = (
    "scheme",
    "issuing_body",
    "number",
    "holder_kind",
    "holder_ref",
    "valid_from_on",
    "valid_until_on",
    "products",
    "product_types",
    "areas",
    "register_url",
    "surveillance_last_on",
    "surveillance_next_on",
    "replaces",
    "reason",
)


@dataclass(slots=True)
class CertificateForm:
    """As it was typed. `products` are slugs or keys, one on each line; a holder is a key, a slug, a code or a name."""

    values: dict[str, str]
    markets: frozenset[str]
    problems: FormProblems

    def __getitem__(self, name: str) -> str:
        """For templates: `form.number`; they look for a key before they look for an attribute."""
        if name not in TEXT_FIELDS:
            raise KeyError(name)
        return self.values.get(name, "")


def empty_certificate_form(language: str, given: Mapping[str, str]) -> CertificateForm:
    """`given` fills fields in: a link may name a scheme, a product, or the certificate that is to be replaced."""
    values = {name: given[name] for name in TEXT_FIELDS if name in given} | {
        "holder_kind": given.get("holder_kind", HolderKind.PRODUCT)
    }
    return CertificateForm(values, frozenset(), form_problems(language))


def stored_certificate_form(details: DeskDetails, language: str) -> CertificateForm:
    products = host_catalogue().by_pk(details.products)
    days = {
        "valid_from_on": details.certificate.valid_from_on,
        "valid_until_on": details.certificate.valid_until_on,
        "surveillance_last_on": details.surveillance_last_on,
        "surveillance_next_on": details.surveillance_next_on,
    }
    values = {name: day.isoformat() if day else "" for name, day in days.items()} | {
        "products": "\n".join(products[pk].slug if pk in products else str(pk) for pk in details.products),
        "product_types": "\n".join(details.product_types),
        "areas": "\n".join(details.areas),
        "register_url": details.register_url,
    }
    return CertificateForm(values, frozenset(details.markets), form_problems(language))


def typed_certificate_form(data: QueryDict, language: str) -> CertificateForm:
    values = {name: typed(data, name) for name in TEXT_FIELDS}
    return CertificateForm(values, frozenset(data.getlist("markets")), form_problems(language))


def form_terms(form: CertificateForm, data: QueryDict) -> CertificateTerms | None:
    """What the certificate says by the form; None when a field is not understood: `form.problems` says which."""
    problems = form.problems
    from_on = typed_day(data, "valid_from_on", problems, needed=True)
    until_on = typed_day(data, "valid_until_on", problems)
    last_on = typed_day(data, "surveillance_last_on", problems)
    next_on = typed_day(data, "surveillance_next_on", problems)
    products = _products(typed_lines(data, "products"), problems)
    if problems or from_on is None:
        return None
    return CertificateTerms(
        valid_from_on=from_on,
        valid_until_on=until_on,
        markets=form.markets,
        products=products,
        product_types=frozenset(typed_lines(data, "product_types")),
        areas=frozenset(typed_lines(data, "areas")),
        register_url=form["register_url"],
        surveillance_last_on=last_on,
        surveillance_next_on=next_on,
    )


def form_row(form: CertificateForm, data: QueryDict) -> CertificateRow | None:
    """The application by the form, or None as form_terms."""
    terms = form_terms(form, data)
    holder = _holder(form["holder_kind"], form["holder_ref"], form.problems)
    if terms is None or holder is None:
        return None
    return CertificateRow(
        scheme=form["scheme"],
        issuing_body=form["issuing_body"],
        number=form["number"],
        holder_kind=form["holder_kind"],
        holder_ref=holder,
        valid_from_on=terms.valid_from_on,
        valid_until_on=terms.valid_until_on,
        products=frozenset(str(pk) for pk in terms.products),
        product_types=terms.product_types,
        areas=terms.areas,
        markets=terms.markets,
        replaces=form["replaces"],
        register_url=terms.register_url,
        surveillance_last_on=terms.surveillance_last_on,
        surveillance_next_on=terms.surveillance_next_on,
    )


def product_keys(texts: Iterable[str]) -> dict[str, int]:
    """Slugs or keys of products -> their keys; what the shop does not have is left out."""
    wanted = [text for text in texts if "\0" not in text]
    numbers = {text: int(text) for text in wanted if text.isascii() and text.isdecimal() and len(text) < 19}
    known = host_catalogue().by_pk(numbers.values())
    found = {text: pk for text, pk in numbers.items() if pk in known}
    by_slug = host_catalogue().by_slug([text for text in wanted if text not in found])
    return found | {slug: record.pk for slug, record in by_slug.items()}


def _products(texts: list[str], problems: FormProblems) -> frozenset[int]:
    found = product_keys(texts)
    for text in texts:
        if text not in found:
            problems.add("products", UnknownProduct(f"The shop has no product {text!r}.", field="products"))
            break
    return frozenset(found.values())


def _holder(kind: str, text: str, problems: FormProblems) -> str | None:
    """What the registry calls the holder; the service checks that there is one."""
    if kind in (HolderKind.PRODUCER, HolderKind.GROUP):
        found = producers_like(text) if text and "\0" not in text else ()
        if len(found) == 1:
            return found[0].code
    else:
        product, slash, lot_code = text.partition("/")
        pk = product_keys([product]).get(product) if product else None
        if pk is not None and bool(slash) == (kind == HolderKind.LOT):
            return f"{pk}/{lot_code}" if slash else str(pk)
    problems.add("holder_ref", UnknownHolder(f"There is no {kind} {text!r}.", field="holder_ref"))
    return None

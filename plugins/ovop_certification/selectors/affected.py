"""Which products a change may concern."""

from collections.abc import Collection

from ovop_certification.models import Certificate, CertificateProduct, HolderKind
from ovop_origin.selectors import members_of, products_of_producers


def products_of_certificate(pk: int) -> frozenset[int]:
    """The keys of the products that the certificate may ever have spoken of: those it names, its holder's own, what
    its maker makes, or what its group and all who were ever its members make.

    What its types, markets and areas leave out is not left out here: a change may be just about these. At most four
    queries.
    """
    return products_of_certificates([pk])


def products_of_certificates(pks: Collection[int]) -> frozenset[int]:
    """As products_of_certificate, of any of these certificates."""
    holders = list(Certificate.objects.filter(pk__in=pks).values_list("holder_kind", "holder_ref"))
    products = set(CertificateProduct.objects.filter(certificate__in=pks).values_list("product_pk", flat=True))
    products |= {int(ref) for kind, ref in holders if kind == HolderKind.PRODUCT}
    products |= {int(ref.partition("/")[0]) for kind, ref in holders if kind == HolderKind.LOT}
    producers = {ref for kind, ref in holders if kind in (HolderKind.PRODUCER, HolderKind.GROUP)}
    groups = {ref for kind, ref in holders if kind == HolderKind.GROUP}
    if groups:
        producers |= {each.member_code for members in members_of(groups).values() for each in members}
    if producers:
        products.update(*products_of_producers(producers).values())
    return frozenset(products)


def certified_product_pks() -> list[int]:
    """The pks of all products that some certificate names or belongs to, or to a lot of. Two queries."""
    named = CertificateProduct.objects.values_list("product_pk", flat=True)
    held = Certificate.objects.filter(holder_kind__in=[HolderKind.PRODUCT, HolderKind.LOT])
    return sorted(set(named) | {int(ref.partition("/")[0]) for ref in held.values_list("holder_ref", flat=True)})

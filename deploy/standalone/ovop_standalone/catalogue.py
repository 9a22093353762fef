"""The host's catalogue for the plugins: the product records it was given and keeps."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set

from ovop_shared.catalogue import CHUNK_PRODUCTS
from ovop_shared.records import ProductRecord
from ovop_standalone.models import KnownProduct


class KeptRecords:
    """Implements ovop_shared.catalogue.Catalogue; one query per call."""

    def by_slug(self, slugs: Collection[str]) -> Mapping[str, ProductRecord]:
        return {row.slug: _record(row) for row in KnownProduct.objects.filter(slug__in=slugs)}

    def by_pk(self, pks: Collection[int]) -> Mapping[int, ProductRecord]:
        return {row.product: _record(row) for row in KnownProduct.objects.filter(product__in=pks)}

    def published(self, pks: Collection[int]) -> Set[int]:
        rows = KnownProduct.objects.filter(product__in=pks, is_published=True)
        return set(rows.values_list("product", flat=True))

    def all_products(self, *, chunk_products: int = CHUNK_PRODUCTS) -> Iterator[Sequence[ProductRecord]]:
        reached = 0
        while rows := list(KnownProduct.objects.filter(product__gt=reached).order_by("product")[:chunk_products]):
            yield [_record(row) for row in rows]
            reached = rows[-1].product

    def listed(self, channel: str, pks: Collection[int]) -> Set[int]:
        return set(KnownProduct.objects.filter(product__in=pks).values_list("product", flat=True))


def known_products_store(records: Iterable[ProductRecord]) -> int:
    """Keep these records, replacing older ones of the same product; how many there were. Safe to repeat."""
    rows = [
        KnownProduct(
            product=record.pk,
            slug=record.slug,
            name=record.name,
            product_type=record.product_type,
            categories=list(record.categories),
            names=dict(record.names),
            is_published=record.is_published,
            was_published=record.was_published,
            intended_uses=list(record.intended_uses),
        )
        for record in records
    ]
    KnownProduct.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["product"],
        update_fields=[
            "slug",
            "name",
            "product_type",
            "categories",
            "names",
            "is_published",
            "was_published",
            "intended_uses",
        ],
    )
    return len(rows)


def _record(row: KnownProduct) -> ProductRecord:
    return ProductRecord(
        pk=row.product,
        slug=row.slug,
        name=row.name,
        product_type=row.product_type,
        categories=tuple(row.categories),
        names=row.names,
        is_published=row.is_published,
        was_published=row.was_published,
        intended_uses=tuple(row.intended_uses),
    )

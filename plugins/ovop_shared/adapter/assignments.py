"""The values that products and pages hold of our attributes: compared with what they should be, and put right.

Saleor keeps products' and pages' values in two tables of one shape (3.22, 3.23).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from saleor.attribute.models import AssignedPageAttributeValue, AssignedProductAttributeValue, AttributeValue


@dataclass(slots=True)
class HeldValue:
    """A value that an owner holds: the row that assigns it, and the value's own fields."""

    pk: int
    owner_id: int
    sort_order: int | None
    value_id: int
    attribute_id: int
    slug: str
    name: str
    reference_page_id: int | None
    plain_text: str | None


@dataclass(frozen=True, slots=True)
class WantedValue:
    """A value that an owner should hold. `value_id` is a choice's, which many owners share.

    Without it the value is the owner's own - a reference or a text - and is made, renamed and deleted with it.
    """

    attribute_id: int
    slug: str
    name: str
    value_id: int | None = None
    reference_page_id: int | None = None
    plain_text: str | None = None

    def describes(self, held: HeldValue) -> bool:
        """Whether a held value is all of this. A choice's own fields are put right where choices are."""
        if self.value_id is not None:
            return held.value_id == self.value_id
        ours = (self.name, self.reference_page_id, self.plain_text)
        return ours == (held.name, held.reference_page_id, held.plain_text)


@dataclass(frozen=True, slots=True)
class ValueChange:
    """What an owner shows of one attribute, and what it should show; names in order."""

    owner_id: int
    attribute_id: int
    shown: tuple[str, ...]
    wanted: tuple[str, ...]


@dataclass(slots=True)
class Assignments:
    """The difference between what owners hold and what they should. `rows` are the assignments that are there."""

    model: Any
    owner: str
    rows: dict[int, list[HeldValue]] = field(default_factory=dict)
    changes: list[ValueChange] = field(default_factory=list)
    new: list[tuple[int, WantedValue, int]] = field(default_factory=list)
    moved: list[HeldValue] = field(default_factory=list)
    different: list[tuple[HeldValue, WantedValue]] = field(default_factory=list)
    unwanted: list[HeldValue] = field(default_factory=list)

    @property
    def changed(self) -> set[int]:
        return {change.owner_id for change in self.changes}

    def compare(self, wanted: Mapping[int, Sequence[WantedValue]]) -> None:
        """Find the difference, writing nothing."""
        for owner_id, values in wanted.items():
            there = {(row.attribute_id, row.slug): row for row in self.rows.get(owner_id, ())}
            touched: set[int] = set()
            orders: dict[int, int] = {}
            for value in values:
                order = orders.setdefault(value.attribute_id, 0)
                orders[value.attribute_id] += 1
                row = there.pop((value.attribute_id, value.slug), None)
                if row is None:
                    self.new.append((owner_id, value, order))
                    touched.add(value.attribute_id)
                    continue
                if row.sort_order != order:
                    row.sort_order = order
                    self.moved.append(row)
                    touched.add(value.attribute_id)
                if not value.describes(row):
                    touched.add(value.attribute_id)
                    self.different.append((row, value))
            self.unwanted += there.values()
            touched |= {attribute_id for attribute_id, _ in there}
            self.changes += [self._change(owner_id, attribute_id, values) for attribute_id in sorted(touched)]

    def _change(self, owner_id: int, attribute_id: int, values: Iterable[WantedValue]) -> ValueChange:
        shown = (row for row in self.rows.get(owner_id, ()) if row.attribute_id == attribute_id)
        return ValueChange(
            owner_id,
            attribute_id,
            tuple(value.name for value in shown),
            tuple(value.name for value in values if value.attribute_id == attribute_id),
        )

    def write(self, choice_ids: Collection[int]) -> None:
        """Write the difference; `choice_ids` are the attributes whose values many owners share. At most six queries."""
        if self.unwanted:
            own = [row.value_id for row in self.unwanted if row.attribute_id not in choice_ids]
            self.model.objects.filter(pk__in=[row.pk for row in self.unwanted]).delete()
            AttributeValue.objects.filter(pk__in=own).delete()
        if self.different:
            values = [
                AttributeValue(
                    pk=held.value_id,
                    name=value.name,
                    reference_page_id=value.reference_page_id,
                    plain_text=value.plain_text,
                )
                for held, value in self.different
            ]
            AttributeValue.objects.bulk_update(values, ["name", "reference_page", "plain_text"])
        if self.new:
            value_ids = self._make_values()
            rows = [
                self.model(
                    **{self.owner: owner_id},
                    value_id=value.value_id or value_ids[value.attribute_id, value.slug],
                    sort_order=order,
                )
                for owner_id, value, order in self.new
            ]
            self.model.objects.bulk_create(rows, ignore_conflicts=True)
        if self.moved:
            rows = [self.model(pk=row.pk, sort_order=row.sort_order) for row in self.moved]
            self.model.objects.bulk_update(rows, ["sort_order"])

    def _make_values(self) -> dict[tuple[int, str], int]:
        """The owners' own values by attribute and slug, made or taken over where Saleor left one behind."""
        values = [
            AttributeValue(
                attribute_id=value.attribute_id,
                slug=value.slug,
                name=value.name,
                reference_page_id=value.reference_page_id,
                plain_text=value.plain_text,
            )
            for _, value, _ in self.new
            if value.value_id is None
        ]
        made = AttributeValue.objects.bulk_create(
            values,
            update_conflicts=True,
            unique_fields=["slug", "attribute"],
            update_fields=["name", "reference_page", "plain_text"],
        )
        return {(value.attribute_id, value.slug): value.pk for value in made}


def product_values(product_pks: Collection[int], attribute_ids: Collection[int]) -> Assignments:
    """The values these products hold of these attributes, in the order Saleor shows them. One query."""
    return _read(AssignedProductAttributeValue, "product_id", product_pks, attribute_ids)


def page_values(page_pks: Collection[int], attribute_ids: Collection[int]) -> Assignments:
    """The same for pages."""
    return _read(AssignedPageAttributeValue, "page_id", page_pks, attribute_ids)


_FIELDS = (
    "value_id",
    "value__attribute_id",
    "value__slug",
    "value__name",
    "value__reference_page_id",
    "value__plain_text",
)


def _read(model: Any, owner: str, owner_ids: Collection[int], attribute_ids: Collection[int]) -> Assignments:
    found = Assignments(model, owner)
    rows = model.objects.filter(**{f"{owner}__in": list(owner_ids)}, value__attribute__in=list(attribute_ids))
    for row in rows.order_by(owner, "sort_order", "pk").values_list("pk", owner, "sort_order", *_FIELDS):
        held = HeldValue(*row)
        found.rows.setdefault(held.owner_id, []).append(held)
    return found

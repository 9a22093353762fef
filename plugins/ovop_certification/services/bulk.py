"""Bringing tables to a wanted state in a few statements, counting what was written."""

from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Model

from ovop_certification.models import Certificate, MarketChannel, MarketCountry

Row = TypeVar("Row", bound=Model)
BATCH_ROWS = 1000


@dataclass(frozen=True, slots=True)
class RegistryCounts:
    """How many rows a load wrote. A second load of the same file writes none."""

    created: int = 0
    changed: int = 0

    def __add__(self, other: "RegistryCounts") -> "RegistryCounts":
        return RegistryCounts(self.created + other.created, self.changed + other.changed)


def store(
    model: type[Row], key_fields: Sequence[str], wanted: Iterable[Mapping[str, Any]]
) -> tuple[dict[Hashable, Row], RegistryCounts]:
    """Add the wanted rows and change those of the same key that differ. Returns all rows of the table by key."""
    manager = model._default_manager
    rows: dict[Hashable, Row] = {_key_of(row, key_fields): row for row in manager.all()}
    added: list[Row] = []
    changed: list[Row] = []
    fields: set[str] = set()
    for values in wanted:
        row = rows.get(tuple(values[name] for name in key_fields))
        if row is None:
            row = model(**values)
            rows[_key_of(row, key_fields)] = row
            added.append(row)
            continue
        differing = {name for name, value in values.items() if getattr(row, name) != value}
        for name in differing:
            setattr(row, name, values[name])
        if differing:
            fields |= differing
            changed.append(row)
    manager.bulk_create(added, batch_size=BATCH_ROWS)
    if changed:
        manager.bulk_update(changed, fields, batch_size=BATCH_ROWS)
    return rows, RegistryCounts(len(added), len(changed))


def assign(
    model: type[MarketChannel] | type[MarketCountry], field: str, markets: Iterable[int], wanted: Mapping[str, int]
) -> RegistryCounts:
    """Make the channels (or countries) of these markets exactly the wanted ones: place -> market."""
    rows: list[Any] = list(model._default_manager.filter(market__in=list(markets)))
    kept = {getattr(row, field): row for row in rows if wanted.get(getattr(row, field)) == row.market_id}
    gone = [row.pk for row in rows if getattr(row, field) not in kept]
    model._default_manager.filter(pk__in=gone).delete()
    added = [model(market_id=pk, **{field: place}) for place, pk in sorted(wanted.items()) if place not in kept]
    model._default_manager.bulk_create(added, batch_size=BATCH_ROWS)  # type: ignore[arg-type]
    return RegistryCounts(len(added), len(gone))


def link(
    model: type[Model], field: str, certificates: Iterable[Certificate], wanted: Set[tuple[int, Any]]
) -> RegistryCounts:
    """Make the links of these certificates exactly the wanted ones: (certificate, other side)."""
    rows = model._default_manager.filter(certificate__in=list(certificates))
    present = {(certificate, other): pk for pk, certificate, other in rows.values_list("pk", "certificate_id", field)}
    gone = [pk for pair, pk in present.items() if pair not in wanted]
    model._default_manager.filter(pk__in=gone).delete()
    added = [model(**{"certificate_id": pair[0], field: pair[1]}) for pair in sorted(wanted - set(present))]
    model._default_manager.bulk_create(added, batch_size=BATCH_ROWS)
    return RegistryCounts(len(added), len(gone))


def _key_of(row: Model, key_fields: Sequence[str]) -> Hashable:
    return tuple(getattr(row, name) for name in key_fields)

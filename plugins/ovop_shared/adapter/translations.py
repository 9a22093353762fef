"""Saleor's translations of a text that the registry holds in many languages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ovop_shared.adapter.saleor_languages import managed_codes


@dataclass(frozen=True, slots=True)
class TranslationChange:
    """`language` is Saleor's code; what the shop shows and what it should, empty for nothing."""

    owner_id: int
    language: str
    shown: str
    wanted: str


@dataclass(slots=True)
class Translations:
    """The difference between an owner's translations and the wanted ones.

    Only the languages in which the registry keeps names are touched, and of a translation that holds more than this
    text nothing else.
    """

    model: Any
    text: str
    changes: list[TranslationChange] = field(default_factory=list)
    new: list[Any] = field(default_factory=list)
    different: list[Any] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)

    @property
    def changed(self) -> set[int]:
        return {change.owner_id for change in self.changes}

    def write(self) -> None:
        """At most three queries, none when there is nothing to do."""
        if self.new:
            self.model.objects.bulk_create(self.new)
        if self.different:
            self.model.objects.bulk_update(self.different, [self.text])
        if self.gone:
            self.model.objects.filter(pk__in=self.gone).delete()


def compare_translations(
    model: Any, owner: str, text: str, wanted: Mapping[int, Mapping[str, str]], *, is_new: bool = False
) -> Translations:
    """What makes `text` of each owner's translations the wanted one (owner pk -> Saleor's code -> text).

    One query, none for owners that are new and so have none.
    """
    compared = Translations(model, text)
    rows = model.objects.filter(**{f"{owner}__in": list(wanted)}, language_code__in=managed_codes())
    kept = {"id", owner, "language_code", text}
    others = [each.attname for each in model._meta.concrete_fields if each.attname not in kept]
    columns = ("pk", owner, "language_code", text, *others)
    # Not as instances: of a large registry there are a hundred thousand.
    stored = {} if is_new else {row[1:3]: row for row in rows.values_list(*columns)}
    for owner_id, texts in wanted.items():
        for code, wanted_text in texts.items():
            row = stored.pop((owner_id, code), None)
            if row is None:
                compared.changes.append(TranslationChange(owner_id, code, "", wanted_text))
                compared.new.append(model(**{owner: owner_id, "language_code": code, text: wanted_text}))
            elif row[3] != wanted_text:
                compared.changes.append(TranslationChange(owner_id, code, row[3] or "", wanted_text))
                compared.different.append(model(**{"pk": row[0], text: wanted_text}))
    for (owner_id, code), row in stored.items():
        pk, shown = row[0], row[3]
        if not any(row[4:]):
            compared.gone.append(pk)
        elif shown:
            compared.different.append(model(**{"pk": pk, text: None}))
        else:
            continue
        compared.changes.append(TranslationChange(owner_id, code, shown or "", ""))
    return compared

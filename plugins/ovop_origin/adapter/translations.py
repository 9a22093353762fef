"""Saleor's translations of a text that the registry holds in many languages."""

from collections.abc import Mapping
from typing import Any

from ovop_origin.adapter.saleor_languages import managed_codes


def sync_translations(model: Any, owner: str, text: str, wanted: Mapping[int, Mapping[str, str]]) -> set[int]:
    """Make `text` of each owner's translations the wanted one (owner pk -> Saleor's code -> text); who changed.

    Only the languages in which the registry keeps names are touched, and of a translation that holds more than this
    text nothing else. Two queries when there is nothing to do, at most five otherwise.
    """
    rows = model.objects.filter(**{f"{owner}__in": list(wanted)}, language_code__in=managed_codes())
    stored = {(getattr(row, owner), row.language_code): row for row in rows}
    kept = {"id", owner, "language_code", text}
    others = [field.attname for field in model._meta.concrete_fields if field.attname not in kept]
    new, different, gone, changed = [], [], [], set()
    for owner_id, texts in wanted.items():
        for code, wanted_text in texts.items():
            row = stored.pop((owner_id, code), None)
            if row is None:
                new.append(model(**{owner: owner_id, "language_code": code, text: wanted_text}))
            elif getattr(row, text) != wanted_text:
                setattr(row, text, wanted_text)
                different.append(row)
            else:
                continue
            changed.add(owner_id)
    for (owner_id, _), row in stored.items():
        if not any(getattr(row, name) for name in others):
            gone.append(row.pk)
        elif getattr(row, text) is not None:
            setattr(row, text, None)
            different.append(row)
        else:
            continue
        changed.add(owner_id)
    model.objects.bulk_create(new)
    if different:
        model.objects.bulk_update(different, [text])
    if gone:
        model.objects.filter(pk__in=gone).delete()
    return changed

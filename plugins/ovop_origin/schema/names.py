"""Names in one language and script, and choices, as things of GraphQL."""

from collections.abc import Collection, Mapping
from typing import Any

import graphene
from django.db.models import TextChoices

from ovop_shared.languages import DEFAULT_LANGUAGE


class Name(graphene.ObjectType):
    """A name in one language and script."""

    language = graphene.String(required=True, description="BCP 47, e.g. ky, uz-Latn, kaa-Cyrl.")
    text = graphene.String(required=True, description="As it was recorded, never put into another script.")
    is_official = graphene.Boolean(required=True, description="By law or register; only places have official names.")


def name_field(*, required: bool, description: str) -> graphene.String:
    return graphene.String(
        required=required,
        language=graphene.String(default_value=DEFAULT_LANGUAGE, description="BCP 47, e.g. ky or uz-Latn."),
        description=description,
    )


def names_field(description: str) -> Any:
    return graphene.NonNull(
        graphene.List(graphene.NonNull(Name)),
        language=graphene.String(description="Only the name in this language and script."),
        description=description,
    )


def as_names(names: Mapping[str, str], official: Collection[str] = (), language: str | None = None) -> list[Name]:
    return [
        Name(language=tag, text=text, is_official=tag in official)
        for tag, text in names.items()
        if language is None or tag.lower() == language.lower()
    ]


def enum_of(choices: type[TextChoices], name: str, description: str) -> Any:
    """The choices of a column. Each is called as the column says it, in capitals."""
    return graphene.Enum(
        name,
        [(choice.name, choice.value) for choice in choices],
        description=lambda choice: description if choice is None else choices(choice.value).label,
    )

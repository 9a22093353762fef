"""What a product is made of, version after version; a changed recipe puts in question what was granted for the old one."""

import datetime
from collections.abc import Callable

from django.db import transaction

from ovop_certification.errors import InvalidRecipe
from ovop_certification.locks import lock_applications_of, lock_recipe
from ovop_certification.models import Application, ProductRecipe, Scheme, Stage
from ovop_certification.services.committee.applications import STAGES, last_step, step_reopen
from ovop_certification.services.committee.labels import COUNTS, labels_of, labels_suspend, last_kind
from ovop_certification.services.committee.texts import typed_text

# Where a host shows the recipe too: it is written there as well.
_home: list[Callable[[int, str], None]] = []


def set_recipe_home(write: Callable[[int, str], None]) -> None:
    """`write(product_pk, text)` is called in the transaction of every new version that did not come from the host."""
    _home[:] = [write]


@transaction.atomic
def recipe_record(
    product_pk: int, text: str, *, actor: str, at: datetime.datetime, is_from_shop: bool = False
) -> ProductRecipe | None:
    """The next version, or None when the text is the newest one's. Raises InvalidRecipe.

    From the shop it may come without the breaks of its lines: the dashboard's field is one line, and saving it changes
    no recipe.

    A changed recipe reopens the applications whose label was granted for the old one, and suspends that label where its
    scheme says so. Scores that are being given for the old one do not count any more: their members look again.
    """
    text = typed_text(text, InvalidRecipe, "text")
    if not text:
        raise InvalidRecipe("A recipe has a text.", field="text")
    lock_recipe(product_pk)
    last = ProductRecipe.objects.filter(product_pk=product_pk).order_by("-version").first()
    if last is not None and (last.text == text or (is_from_shop and _letters(last.text) == _letters(text))):
        return None
    applications = lock_applications_of(product_pk)
    recipe = ProductRecipe.objects.create(
        product_pk=product_pk, version=last.version + 1 if last else 1, text=text, at=at, actor=actor
    )
    if last is not None:
        _reopen(applications, recipe)
    if _home and not is_from_shop:
        _home[0](product_pk, text)
    return recipe


def _letters(text: str) -> str:
    return "".join(text.split())


def _reopen(applications: list[Application], recipe: ProductRecipe) -> None:
    """One application for each label: the open one, or the newest. The older ones were settled before."""
    reason = f"The recipe was changed: version {recipe.version}."
    by_label = {each.scheme_id: each for each in sorted(applications, key=lambda each: (each.is_open, each.number))}
    for scheme, application in by_label.items():
        last = last_step(application)
        if application.is_open:
            was_granted = last.stage == Stage.MARKETS
        else:
            was_granted = STAGES.index(Stage(last.stage)) >= STAGES.index(Stage.CERTIFICATION) and any(
                last_kind(label) in COUNTS for label in labels_of(scheme, recipe.product_pk)
            )
        if was_granted:
            step_reopen(application, Stage.CERTIFICATION, actor=recipe.actor, at=recipe.at, reason=reason)
    strict = Scheme.objects.filter(suspends_on_recipe_change=True).order_by("pk").values_list("pk", flat=True)
    for scheme in strict:
        labels_suspend(scheme, recipe.product_pk, reason=reason, actor=recipe.actor, at=recipe.at)

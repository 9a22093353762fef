"""A product's recipe in the shop: the text of its attribute `ovop-recipe`, which staff see and shoppers do not.

The attribute and the registry hold the same text. What staff write in the dashboard becomes the next version; what they
write on the committee's page is written into the attribute in the same transaction. Both read the other under the
recipe's lock, so an older text never comes back as a newer version.
"""

import logging
from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models import F, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.text import Truncator
from saleor.attribute import AttributeInputType, AttributeType
from saleor.attribute.models import AssignedProductAttributeValue, Attribute, AttributeProduct, AttributeValue
from saleor.celeryconf import app
from saleor.core.db.connection import allow_writer
from saleor.product.models import Product

from ovop_certification.locks import lock_recipe, lock_shopper_facts
from ovop_certification.models import ProductRecipe
from ovop_certification.services.committee import recipe_record, set_recipe_home
from ovop_shared.adapter.attributes import SlugTaken, attach_to_product_types, translate_attributes
from ovop_shared.adapter.enqueue import enqueue, schedule
from ovop_shared.errors import OvopError
from ovop_shared.setup_steps import SetupStep, register_setup_step

logger = logging.getLogger(__name__)

RECIPE = "ovop-recipe"
ATTRIBUTE_TEXTS = {RECIPE: "Recipe"}
ACTOR = "Dashboard"
SWEEP_EVERY_SECONDS = 3600
LOOK_AFTER_SECONDS = 2
NAME_CHARACTERS = 200


@transaction.atomic
def create_attribute() -> int:
    """Raises SlugTaken when the slug names an attribute of another kind."""
    lock_shopper_facts()
    attribute, is_new = Attribute.objects.get_or_create(
        slug=RECIPE,
        defaults={
            "name": ATTRIBUTE_TEXTS[RECIPE],
            "type": AttributeType.PRODUCT_TYPE,
            "input_type": AttributeInputType.PLAIN_TEXT,
            "visible_in_storefront": False,
            "filterable_in_storefront": False,
            "filterable_in_dashboard": False,
            "available_in_grid": False,
        },
    )
    if (attribute.type, attribute.input_type) != (AttributeType.PRODUCT_TYPE, AttributeInputType.PLAIN_TEXT):
        raise SlugTaken(f"There is another attribute {RECIPE!r}: it should be a plain text.", params={"slug": RECIPE})
    return int(is_new) + translate_attributes([(attribute, ATTRIBUTE_TEXTS[RECIPE])])


@transaction.atomic
def attach_attribute() -> int:
    """New product types get it with the sweep."""
    lock_shopper_facts()
    return attach_to_product_types(_attribute())


def look_at_recipes(product_pks: Collection[int]) -> int:
    """Take the texts of these products as they are now; how many were new versions. A refused one is logged."""
    return sum(_look(pk) for pk in sorted(set(product_pks)))


def sweep_recipes() -> int:
    """What no hook told of: texts that differ from the newest version of their product."""
    if _attribute():
        attach_attribute()
    newest = ProductRecipe.objects.filter(product_pk=OuterRef("product_id")).order_by("-version").values("text")[:1]
    rows = _values().annotate(newest=Subquery(newest)).filter(Q(newest=None) | ~Q(value__plain_text=F("newest")))
    return look_at_recipes(list(rows.values_list("product_id", flat=True)))


def write_recipe(product_pk: int, text: str) -> None:
    """Let the shop show the text that was written down elsewhere. The recipe is locked."""
    attribute = _attribute().get(RECIPE)
    product = Product.objects.filter(pk=product_pk).first()
    if attribute is None or product is None:
        return
    if not AttributeProduct.objects.filter(attribute=attribute, product_type=product.product_type_id).exists():
        return
    name = Truncator(text).chars(NAME_CHARACTERS)
    held = _values().filter(product_id=product_pk).values_list("value_id", flat=True).first()
    if held is not None:
        AttributeValue.objects.filter(pk=held).update(plain_text=text, name=name)
        return
    # The slug that Saleor itself gives a product's own value; it finds an assigned one by its assignment (3.23).
    value, _ = AttributeValue.objects.update_or_create(
        attribute=attribute, slug=f"product-{product_pk}_{attribute.pk}", defaults={"plain_text": text, "name": name}
    )
    AssignedProductAttributeValue.objects.get_or_create(product=product, value=value)


def look_soon(product_pk: int) -> None:
    """For a hook of a product."""
    enqueue(look_at_recipes_task, [product_pk], countdown_seconds=LOOK_AFTER_SECONDS)


@app.task(name="ovop_certification.look_at_recipes", autoretry_for=(Exception,), retry_backoff=True, max_retries=5)
@allow_writer()
def look_at_recipes_task(product_pks: list[int]) -> int:
    return look_at_recipes(product_pks)


@app.task(name="ovop_certification.sweep_recipes")
@allow_writer()
def sweep_recipes_task() -> int:
    return sweep_recipes()


def _look(product_pk: int) -> bool:
    try:
        with transaction.atomic():
            lock_recipe(product_pk)
            text = _values().filter(product_id=product_pk).values_list("value__plain_text", flat=True).first()
            # Cleared in the dashboard: nothing is said about the recipe, so nothing has changed.
            if not (text or "").strip():
                return False
            made = recipe_record(product_pk, text, actor=ACTOR, at=timezone.now(), is_from_shop=True)
            return made is not None
    except OvopError as refusal:
        logger.warning("the recipe of product %s was not taken: %s", product_pk, refusal.message)
        return False


def _attribute() -> dict[str, Attribute]:
    return {attribute.slug: attribute for attribute in Attribute.objects.filter(slug=RECIPE)}


def _values() -> Any:
    return AssignedProductAttributeValue.objects.filter(value__attribute__slug=RECIPE).order_by("product_id", "pk")


set_recipe_home(write_recipe)
register_setup_step(SetupStep(22, "Certification: the recipe", create_attribute))
register_setup_step(SetupStep(23, "Certification: the recipe on product types", attach_attribute))
schedule("ovop-certification-sweep-recipes", sweep_recipes_task, SWEEP_EVERY_SECONDS)

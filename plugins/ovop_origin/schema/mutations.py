"""What can be changed, by staff and apps that manage products.

Who may not is refused as a whole, with a code in the answer's `errors`. A broken rule is told in the `errors` of the
change, and nothing of it is written. The same change again changes nothing.
"""

import datetime
import json
from collections.abc import Callable
from typing import Any

import graphene
from django.utils import timezone
from graphene.utils.str_converters import to_camel_case
from promise import Promise

from ovop_origin import rules, selectors, services
from ovop_origin.schema import inputs
from ovop_origin.schema.context import forget, load
from ovop_origin.schema.places import Place
from ovop_origin.schema.producers import Membership, Producer
from ovop_origin.schema.products import Lot, Material, ProductOrigin
from ovop_shared.catalogue import host_catalogue
from ovop_shared.errors import OvopError, RegistryRefused
from ovop_shared.product_ids import product_pk, unknown_product
from ovop_shared.requester import MANAGE_PRODUCTS, requester_of

_FIELDS = {"product": "productId", "slug": "productId"}


class ErrorParams(graphene.Scalar):
    """The values an error speaks of, as a JSON object."""

    @staticmethod
    def serialize(params: Any) -> Any:
        return json.loads(json.dumps(params, default=str))


class OriginError(graphene.ObjectType):
    """A rule that a change breaks."""

    code = graphene.String(required=True, description="Stable, for programs.")
    field = graphene.String(description="The field of the input that breaks it.")
    message = graphene.String(required=True, description="For developers, in English.")
    params = graphene.Field(ErrorParams, description="The values the message speaks of.")


class _Change(graphene.Mutation):
    """One change: who may do it, what it writes, and what it then gives back."""

    class Meta:
        abstract = True

    changed = graphene.Boolean(required=True, description="Whether anything was written.")
    errors = graphene.NonNull(
        graphene.List(graphene.NonNull(OriginError)), description="The rules it breaks; then nothing was written."
    )

    @classmethod
    def done(cls, info: Any, write: Callable[[datetime.datetime], bool], **read: Callable[[], Any]) -> Any:
        """Raises AuthenticationRequired and PermissionDenied."""
        requester_of(info.context).require(MANAGE_PRODUCTS)
        try:
            changed = write(timezone.now())
        except OvopError as error:
            problems = error.problems if isinstance(error, RegistryRefused) else [error]
            return cls(changed=False, errors=[_told(problem) for problem in problems])
        forget(info)
        return cls(changed=changed, errors=[], **{name: each() for name, each in read.items()})


class PlaceSave(_Change):
    """Create or change a place with all its names."""

    class Arguments:
        input = inputs.PlaceInput(required=True, description="The place.")

    place = graphene.Field(Place, description="As it is now; null when a rule is broken.")

    @classmethod
    def mutate(cls, root: None, info: Any, **given: Any) -> Any:
        wanted = given["input"]
        return cls.done(
            info,
            lambda at: services.place_save(inputs.place_row(wanted), at=at),
            place=lambda: load(info, selectors.places, wanted["code"]),
        )


class ProducerSave(_Change):
    """Create or change a producer with all its names."""

    class Arguments:
        input = inputs.ProducerInput(required=True, description="The producer.")

    producer = graphene.Field(Producer, description="As it is now; null when a rule is broken.")

    @classmethod
    def mutate(cls, root: None, info: Any, **given: Any) -> Any:
        wanted = given["input"]
        return cls.done(
            info,
            lambda at: services.producer_save(inputs.producer_row(wanted), at=at),
            producer=lambda: load(info, selectors.producers, wanted["code"]),
        )


class MembershipSave(_Change):
    """Make a producer a member of a group, or change the days."""

    class Arguments:
        input = inputs.MembershipInput(required=True, description="The membership.")

    membership = graphene.Field(Membership, description="As it is now; null when a rule is broken.")

    @classmethod
    def mutate(cls, root: None, info: Any, **given: Any) -> Any:
        wanted = given["input"]

        def stored() -> Any:
            members = selectors.members_of([wanted["group"]])[wanted["group"]]
            return next(each for each in members if each.member_code == wanted["member"])

        return cls.done(
            info, lambda at: services.membership_save(inputs.membership_row(wanted), at=at), membership=stored
        )


class MaterialSave(_Change):
    """Create or change a material with all its names."""

    class Arguments:
        input = inputs.MaterialInput(required=True, description="The material.")

    material = graphene.Field(Material, description="As it is now; null when a rule is broken.")

    @classmethod
    def mutate(cls, root: None, info: Any, **given: Any) -> Any:
        wanted = given["input"]
        return cls.done(
            info,
            lambda at: services.material_save(inputs.material_row(wanted), at=at),
            material=lambda: load(info, selectors.materials, wanted["code"]),
        )


class ProductOriginSet(_Change):
    """Say where a product comes from, who made it and what of, in place of all that was said before."""

    class Arguments:
        input = inputs.ProductOriginInput(required=True, description="The origin.")

    origin = graphene.Field(ProductOrigin, description="As it is now; null when a rule is broken.")

    @classmethod
    def mutate(cls, root: None, info: Any, **given: Any) -> Any:
        wanted = given["input"]

        def write(at: datetime.datetime) -> bool:
            pk = _existing_product(wanted["product_id"])
            # The service takes makers by their codes: one named twice must be refused before.
            row = rules.check_product(inputs.product_row(wanted, str(pk)))
            return services.product_origin_set(
                pk,
                row.village,
                {each.producer: each.share for each in row.makers},
                stories=row.stories,
                materials={each.material: each.share for each in row.materials},
                gtins=row.gtins,
                at=at,
            )

        return cls.done(info, write, origin=lambda: _origin(info, wanted["product_id"]))


class ProductOriginRemove(_Change):
    """Forget where a product comes from. Refused when it has lots."""

    class Arguments:
        product_id = graphene.ID(required=True, description="The shop's number of the product, or its global id.")

    @classmethod
    def mutate(cls, root: None, info: Any, product_id: str) -> Any:
        return cls.done(info, lambda at: services.product_origin_remove(product_pk(product_id, "productId")))


class LotSave(_Change):
    """Create or change a lot of a product, with all that was accepted for it."""

    class Arguments:
        input = inputs.LotInput(required=True, description="The lot.")

    lot = graphene.Field(Lot, description="As it is now; null when a rule is broken.")

    @classmethod
    def mutate(cls, root: None, info: Any, **given: Any) -> Any:
        wanted = given["input"]

        def write(at: datetime.datetime) -> bool:
            pk = product_pk(wanted["product_id"], "productId")
            return services.lot_save(pk, inputs.lot_row(wanted, str(pk)), at=at)

        def stored() -> Any:
            return load(info, selectors.lots, (product_pk(wanted["product_id"], "productId"), wanted["code"]))

        return cls.done(info, write, lot=stored)


class Mutation(graphene.ObjectType):
    """Changes to the registry, for staff and apps that manage products, with a token in a header. Each one is done as a
    whole or not at all."""

    place_save = PlaceSave.Field(description=PlaceSave.__doc__)
    producer_save = ProducerSave.Field(description=ProducerSave.__doc__)
    membership_save = MembershipSave.Field(description=MembershipSave.__doc__)
    material_save = MaterialSave.Field(description=MaterialSave.__doc__)
    product_origin_set = ProductOriginSet.Field(description=ProductOriginSet.__doc__)
    product_origin_remove = ProductOriginRemove.Field(description=ProductOriginRemove.__doc__)
    lot_save = LotSave.Field(description=LotSave.__doc__)


def _existing_product(product_id: str) -> int:
    pk = product_pk(product_id, "productId")
    if pk not in host_catalogue().by_pk([pk]):
        raise unknown_product(product_id, "productId")
    return pk


def _origin(info: Any, product_id: str) -> "Promise[Any]":
    return load(info, selectors.product_origins, product_pk(product_id, "productId"))


def _told(problem: OvopError) -> OriginError:
    field = problem.field and _FIELDS.get(problem.field, to_camel_case(problem.field))
    return OriginError(code=problem.code, field=field, message=problem.message, params=problem.params or None)

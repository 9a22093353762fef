"""What every change of the desk has: who may make it, and its broken rules as typed errors."""

import datetime
from collections.abc import Callable
from typing import Any

import graphene
from django.utils import timezone
from graphene.utils.str_converters import to_camel_case

from ovop_certification.access import require_manager
from ovop_certification.schema.desk_pages import JSONValue, listed
from ovop_shared.errors import OvopError
from ovop_shared.requester import requester_of

_FIELDS = {"holder_ref": "holderRef", "products": "productIds"}

Write = Callable[[str, datetime.datetime], dict[str, Any]]


class CertificationError(graphene.ObjectType):
    """A rule that a change breaks."""

    code = graphene.String(required=True, description="Stable, for programs.")
    field = graphene.String(description="The field of the input that breaks it.")
    message = graphene.String(required=True, description="For developers, in English.")
    params = graphene.Field(JSONValue, description="The values the message speaks of.")


class Change(graphene.Mutation):
    """One change by a manager."""

    class Meta:
        abstract = True

    errors = listed(CertificationError, description="The rules it breaks; then nothing was written.")

    @classmethod
    def done(cls, info: Any, write: Write) -> Any:
        """Raises AuthenticationRequired and PermissionDenied."""
        requester = requester_of(info.context)
        require_manager(requester)
        try:
            return cls(errors=[], **write(requester.name, timezone.now()))
        except OvopError as error:
            field = error.field and _FIELDS.get(error.field, to_camel_case(error.field))
            told = CertificationError(code=error.code, field=field, message=error.message, params=error.params or None)
            return cls(errors=[told])

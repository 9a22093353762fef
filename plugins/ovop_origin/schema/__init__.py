"""GraphQL of the registry: places, producers and where products come from; public facts for everybody.

What only those who manage products may see is null for all others, or is not there: producers who have not agreed to
be named, contacts, flags, shares, quantities, and products that are not published.
"""

import graphene

from ovop_origin.schema.mutations import Mutation
from ovop_origin.schema.queries import Query

schema = graphene.Schema(query=Query, mutation=Mutation)

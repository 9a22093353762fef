"""GraphQL: may this product be sold in that channel, and which certificates does it have. Public facts, for everybody;
for staff what would go offline."""

import graphene

from ovop_certification.schema.queries import Query as PublicQuery
from ovop_certification.schema.simulation import SimulationQuery


class Query(PublicQuery, SimulationQuery):
    """All that may be asked."""


schema = graphene.Schema(query=Query)

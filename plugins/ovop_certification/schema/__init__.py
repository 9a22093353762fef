"""GraphQL: may this product be sold in that channel, and which certificates does it have. Public facts, for everybody;
for staff certificates and what markets ask, what the gate did, what would go offline, and the work of the committee."""

import graphene

from ovop_certification.schema.committee import CommitteeMutation, CommitteeQuery
from ovop_certification.schema.desk import DeskQuery
from ovop_certification.schema.desk_mutations import DeskMutation
from ovop_certification.schema.queries import Query as PublicQuery
from ovop_certification.schema.simulation import SimulationQuery


class Query(PublicQuery, SimulationQuery, CommitteeQuery, DeskQuery):
    """All that may be asked."""


class Mutation(CommitteeMutation, DeskMutation):
    """All that may be changed, with a token in a header. Each change is done as a whole or not at all."""


schema = graphene.Schema(query=Query, mutation=Mutation)

"""GraphQL: may this product be sold in that channel, and which certificates does it have. Public facts, for everybody."""

import graphene

from ovop_certification.schema.queries import Query

schema = graphene.Schema(query=Query)

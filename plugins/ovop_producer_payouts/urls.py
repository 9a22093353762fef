"""The addresses below `/plugins/ovop.producer_payouts/`."""

from django.urls import path

from ovop_producer_payouts import views
from ovop_producer_payouts.schema import schema
from ovop_shared.graphql_endpoint import graphql_view

urlpatterns = [
    path("graphql/", graphql_view(schema), name="graphql"),
    path("ledger/", views.ledger, name="ledger"),
    path("orders/<str:order_id>/", views.order, name="order"),
    path("statements/<int:number>/", views.statement, name="statement"),
    path("s/<str:token>/", views.statement_link, name="statement-link"),
]

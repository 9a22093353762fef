from django.urls import path

from ovop_certification import views
from ovop_certification.schema import schema
from ovop_shared.graphql_endpoint import graphql_view

# Numbers hold slashes, so the number is the rest of the path.
urlpatterns = [
    path("graphql/", graphql_view(schema), name="graphql"),
    path("certificates/<slug:scheme>/<path:number>/", views.certificate, name="certificate"),
]

from django.urls import path

from ovop_certification import staff_views
from ovop_certification.schema import schema
from ovop_certification.views import public
from ovop_shared.graphql_endpoint import graphql_view

# Numbers hold slashes, so the number is the rest of the path.
urlpatterns = [
    path("graphql/", graphql_view(schema), name="graphql"),
    path("certificates/<slug:scheme>/<path:number>/", public.certificate, name="certificate"),
    path("staff/", staff_views.overview, name="staff-overview"),
    path("staff/enter/", staff_views.enter, name="staff-enter"),
    path("staff/leave/", staff_views.leave, name="staff-leave"),
]

from django.urls import path

from ovop_origin import views
from ovop_origin.schema import schema
from ovop_shared.graphql_endpoint import graphql_view

urlpatterns = [
    path("graphql/", graphql_view(schema), name="graphql"),
    path("villages/<str:code>/", views.village, name="village"),
    path("producers/<str:code>/", views.producer, name="producer"),
    path("products/<int:product_pk>/", views.product, name="product"),
]

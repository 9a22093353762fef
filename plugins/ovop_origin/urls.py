from django.urls import path, re_path, register_converter
from django.urls.converters import StringConverter

from ovop_origin import staff_views
from ovop_origin.schema import schema
from ovop_origin.views import machines, pages
from ovop_shared.graphql_endpoint import graphql_view


class CodeConverter(StringConverter):
    """A code as the registry writes them: what is none is no address, and never asked of the database."""

    regex = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


register_converter(CodeConverter, "ovop_code")

urlpatterns = [
    path("graphql/", graphql_view(schema), name="graphql"),
    path("places/", pages.places, name="places"),
    path("places/<ovop_code:code>/", pages.places, name="places-within"),
    path("villages.geojson", machines.villages_geojson, name="villages-geojson"),
    path("villages/<ovop_code:code>/", pages.village, name="village"),
    path("producers/<ovop_code:code>/", pages.producer, name="producer"),
    path("products/<int:product_pk>/", pages.product, name="product"),
    path("products/<int:product_pk>/jsonld", machines.product_as_jsonld, name="product-jsonld"),
    path("lots/<int:product_pk>/<ovop_code:lot_code>/", pages.lot, name="lot"),
    # GS1 Digital Links, as digital_link.py writes them; codes in the wild end with a slash, too.
    re_path(r"^01/(?P<gtin>[^/]+)/?$", machines.digital_link, name="digital-link"),
    re_path(
        r"^01/(?P<gtin>[^/]+)/10/(?P<lot_code>[A-Za-z0-9._-]+)/?$", machines.digital_link, name="digital-link-of-lot"
    ),
    path("staff/", staff_views.overview, name="staff-overview"),
    path("staff/enter/", staff_views.enter, name="staff-enter"),
    path("staff/leave/", staff_views.leave, name="staff-leave"),
    path("staff/differences/", staff_views.differences, name="staff-differences"),
    path("staff/products/", staff_views.product_list, name="staff-products"),
    path("staff/products/<int:product_pk>/", staff_views.product, name="staff-product"),
    path("staff/products/<int:product_pk>/origin/", staff_views.origin_set, name="staff-origin"),
    path("staff/products/<int:product_pk>/origin/remove/", staff_views.origin_remove, name="staff-origin-remove"),
    path("staff/products/<int:product_pk>/lots/", staff_views.lot_add, name="staff-lot"),
    path("staff/products/<int:product_pk>/labels/", staff_views.labels, name="staff-labels"),
    path("staff/files/", staff_views.files, name="staff-files"),
    path("staff/files/<uuid:key>/", staff_views.review, name="staff-review"),
    path("staff/files/<uuid:key>/load/", staff_views.load, name="staff-load"),
    re_path(
        r"^staff/files/(?P<key>[0-9a-f-]{36})/(?P<what>changes|problems)\.csv$",
        staff_views.review_file,
        name="staff-review-file",
    ),
    re_path(r"^staff/export/registry\.(?P<kind>zip|xlsx)$", staff_views.export, name="staff-export"),
    path("staff/producers/", staff_views.producer_list, name="staff-producers"),
    path("staff/producers/<ovop_code:code>/", staff_views.producer, name="staff-producer"),
]

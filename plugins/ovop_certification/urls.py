from django.urls import path, register_converter
from django.urls.converters import StringConverter

from ovop_certification import staff_views
from ovop_certification.schema import schema
from ovop_certification.staff_views import calendar as staff_calendar
from ovop_certification.staff_views import simulation as staff_simulation
from ovop_certification.views import badges, public
from ovop_shared.graphql_endpoint import graphql_view


class SchemeConverter(StringConverter):
    """A scheme's code, as the registry writes them."""

    regex = "[-A-Za-z0-9_]{1,64}"


class NumberConverter(StringConverter):
    """A certificate's number: any text of one line, slashes too. What is none is never asked of the database."""

    regex = r"[^\x00-\x1f\x7f]{1,120}"


register_converter(SchemeConverter, "ovop_scheme")
register_converter(NumberConverter, "ovop_certificate_number")

urlpatterns = [
    path("graphql/", graphql_view(schema), name="graphql"),
    # What shoppers see.
    path("certificates/", public.search, name="certificates"),
    path("certificates/<ovop_scheme:scheme>/<ovop_certificate_number:number>/", public.certificate, name="certificate"),
    path(
        "codes/<ovop_scheme:scheme>/<ovop_certificate_number:number>.png",
        badges.certificate_code,
        name="certificate-code",
    ),
    path("badges/products/<int:product_pk>.png", badges.product_badge, name="product-badge"),
    path(
        "badges/<ovop_scheme:scheme>/<ovop_certificate_number:number>.png",
        badges.certificate_badge,
        name="certificate-badge",
    ),
    # Staff.
    path("staff/", staff_views.overview, name="staff-overview"),
    path("staff/enter/", staff_views.enter, name="staff-enter"),
    path("staff/leave/", staff_views.leave, name="staff-leave"),
    # The calendar, and what would go offline.
    path("staff/calendar/", staff_calendar.calendar, name="staff-calendar"),
    path("staff/calendar/certificates.csv", staff_calendar.calendar_file, name="staff-calendar-file"),
    path("staff/simulation/", staff_simulation.simulation, name="staff-simulation"),
    path("staff/simulation/offline.csv", staff_simulation.simulation_file, name="staff-simulation-file"),
]

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from ovop_certification import staff_views
from ovop_certification.schema import schema
from ovop_certification.staff_views import calendar as staff_calendar
from ovop_certification.staff_views import committee
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
    # The Brand Committee.
    path("staff/applications/", committee.application_list, name="staff-applications"),
    path("staff/applications/open/", committee.application_open, name="staff-application-open"),
    path("staff/applications/<int:number>/", committee.application, name="staff-application"),
    path("staff/applications/<int:number>/step/", committee.application_step, name="staff-application-step"),
    path("staff/applications/<int:number>/recipe/", committee.recipe_save, name="staff-recipe"),
    path("staff/sittings/", committee.sitting_list, name="staff-sittings"),
    path("staff/sittings/open/", committee.sitting_open, name="staff-sitting-open"),
    path("staff/sittings/<int:number>/", committee.sitting, name="staff-sitting"),
    path("staff/sittings/<int:number>/live/", committee.sitting_live, name="staff-sitting-live"),
    path("staff/sittings/<int:number>/change/", committee.sitting_change, name="staff-sitting-change"),
    path("staff/sittings/<int:number>/seats/", committee.sitting_seat, name="staff-sitting-seat"),
    path("staff/sittings/<int:number>/agenda/", committee.sitting_agenda, name="staff-sitting-agenda"),
    path("staff/sittings/<int:number>/close/", committee.sitting_close, name="staff-sitting-close"),
    path("staff/sittings/<int:number>/minutes/", committee.minutes, name="staff-minutes"),
    path("staff/sittings/<int:number>/minutes.csv", committee.minutes_csv, name="staff-minutes-file"),
    path("staff/sittings/<int:number>/<int:application>/", committee.assessment, name="staff-assessment"),
    path("staff/sittings/<int:number>/<int:application>/score/", committee.score, name="staff-score"),
    path("staff/sittings/<int:number>/<int:application>/conflict/", committee.conflict, name="staff-conflict"),
    path("staff/sittings/<int:number>/<int:application>/verdict/", committee.verdict, name="staff-verdict"),
    path("staff/criteria/", committee.criteria_list, name="staff-criteria-list"),
    path("staff/criteria/draft/", committee.criteria_draft, name="staff-criteria-draft"),
    path("staff/criteria/save/", committee.criteria_save, name="staff-criteria-save"),
    path("staff/criteria/<ovop_scheme:code>/<int:version>/", committee.criteria, name="staff-criteria"),
    path(
        "staff/criteria/<ovop_scheme:code>/<int:version>/publish/",
        committee.criteria_publish,
        name="staff-criteria-publish",
    ),
    path(
        "staff/criteria/<ovop_scheme:code>/<int:version>/remove/",
        committee.criteria_remove,
        name="staff-criteria-remove",
    ),
    path("staff/committee/", committee.member_list, name="staff-members"),
    path("staff/committee/save/", committee.member_save, name="staff-member-save"),
    # Staff: certificates and their documents.
    path("staff/certificates/", staff_views.certificate_list, name="staff-certificates"),
    path("staff/certificates/new/", staff_views.apply, name="staff-apply"),
    path("staff/certificates/<int:pk>/", staff_views.certificate, name="staff-certificate"),
    path("staff/certificates/<int:pk>/change/", staff_views.change, name="staff-change"),
    path("staff/certificates/<int:pk>/evidence/", staff_views.evidence_upload, name="staff-evidence-upload"),
    path("staff/certificates/<int:pk>/steps/<slug:to>/", staff_views.step, name="staff-step"),
    path("staff/evidence/<int:pk>/", staff_views.evidence_download, name="staff-evidence"),
    # Staff: what markets ask, and what the gate did.
    path("staff/requirements/", staff_views.matrix, name="staff-matrix"),
    path("staff/requirements/new/", staff_views.requirement_new, name="staff-requirement-new"),
    path("staff/requirements/preview/", staff_views.preview, name="staff-requirement-preview"),
    path("staff/requirements/save/", staff_views.save, name="staff-requirement-save"),
    path("staff/requirements/<int:pk>/", staff_views.requirement, name="staff-requirement"),
    path("staff/markets/", staff_views.market_list, name="staff-markets"),
    path("staff/markets/<ovop_scheme:code>/", staff_views.market, name="staff-market"),
    path("staff/markets/<ovop_scheme:code>/save/", staff_views.market_save, name="staff-market-save"),
    path("staff/closures/", staff_views.closures, name="staff-closures"),
    path("staff/closures/save/", staff_views.closure_save, name="staff-closure-save"),
    path("staff/orders/", staff_views.orders, name="staff-orders"),
    path("staff/orders/release/", staff_views.hold_release, name="staff-hold-release"),
    path("staff/flags/<int:pk>/", staff_views.flag_resolve, name="staff-flag-resolve"),
]

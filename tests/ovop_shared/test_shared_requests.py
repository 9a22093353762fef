"""Who asks, where pages live, and how a path below a plugin's address is served."""

import json

import pytest
from django.test import RequestFactory
from django.urls import NoReverseMatch, set_script_prefix

from ovop_shared.endpoint import serve
from ovop_shared.errors import AuthenticationRequired, NotFound, OvopError, PermissionDenied
from ovop_shared.mounting import mount_path, page_url, plugin_id
from ovop_shared.requester import ANONYMOUS, Requester, RequesterKind, attach_requester, requester_of

PAYOUTS = "ovop_producer_payouts"
RIGHT = frozenset({"handle_payments"})


@pytest.mark.parametrize(
    ("kind", "has_it"),
    [
        (RequesterKind.ANONYMOUS, False),
        (RequesterKind.CUSTOMER, False),
        (RequesterKind.STAFF, True),
        (RequesterKind.APP, True),
    ],
)
def test_only_staff_and_apps_have_rights(kind: RequesterKind, has_it: bool) -> None:
    assert Requester(kind, permissions=RIGHT).has("handle_payments") is has_it
    assert not Requester(kind, permissions=RIGHT).has("manage_orders")


def test_nobody_is_asked_to_sign_in_and_somebody_without_the_right_is_refused() -> None:
    with pytest.raises(AuthenticationRequired) as nobody:
        ANONYMOUS.require("handle_payments")
    with pytest.raises(PermissionDenied) as somebody:
        Requester(RequesterKind.STAFF).require("handle_payments")
    Requester(RequesterKind.STAFF, permissions=RIGHT).require("handle_payments")

    assert [(each.value.code, each.value.status) for each in (nobody, somebody)] == [
        ("authentication_required", 401),
        ("permission_denied", 403),
    ]
    assert somebody.value.params == {"permission": "handle_payments"}


def test_a_request_without_a_requester_is_nobodys() -> None:
    request = RequestFactory().get("/")
    assert requester_of(request) is ANONYMOUS

    staff = Requester(RequesterKind.STAFF, name="staff@example.com")
    attach_requester(request, staff)
    assert requester_of(request) is staff


def test_a_refusal_leaves_out_what_it_has_not() -> None:
    assert OvopError("No.").as_dict() == {"code": "ovop_error", "message": "No."}
    assert NotFound("No.", field="code", row=3, params={"a": 1}).as_dict() == {
        "code": "not_found",
        "message": "No.",
        "field": "code",
        "row": 3,
        "params": {"a": 1},
    }


def test_a_plugins_address_is_the_one_saleor_gives_it() -> None:
    assert plugin_id(PAYOUTS) == "ovop.producer_payouts"
    assert mount_path(PAYOUTS) == "/plugins/ovop.producer_payouts/"
    assert page_url(f"{PAYOUTS}:statement", number=7) == "/plugins/ovop.producer_payouts/statements/7/"
    assert page_url(f"{PAYOUTS}:ledger") == "/plugins/ovop.producer_payouts/ledger/"


def test_a_host_below_a_prefix_keeps_it_once() -> None:
    set_script_prefix("/shop/")
    try:
        assert page_url(f"{PAYOUTS}:ledger") == "/shop/plugins/ovop.producer_payouts/ledger/"
    finally:
        set_script_prefix("/")


@pytest.mark.parametrize("name", [f"{PAYOUTS}:nothing", f"{PAYOUTS}:statement"])
def test_a_page_that_is_not_there_has_no_address(name: str) -> None:
    with pytest.raises(NoReverseMatch):
        page_url(name)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("ledger/", 401, "authentication_required"),
        ("/ledger/", 401, "authentication_required"),
        ("s/nonsense/", 401, "invalid_token"),
        ("", 404, "not_found"),
        ("nothing/", 404, "not_found"),
        ("statements/x/", 404, "not_found"),
        ("../ovop.origin/graphql/", 404, "not_found"),
    ],
)
def test_a_path_below_a_plugin_is_served_or_refused_with_a_code(path: str, status: int, code: str) -> None:
    response = serve(RequestFactory().get("/"), PAYOUTS, path)

    assert response.status_code == status
    assert json.loads(response.content)["errors"][0]["code"] == code  # type: ignore[attr-defined]

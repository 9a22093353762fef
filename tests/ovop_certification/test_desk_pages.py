"""The desk's pages: who may see them, what they show, what their forms do."""

import datetime
import re
from collections.abc import Iterator
from typing import Any

import pytest
from certification_world import AT, HONEY, JAM, JUICE
from desk_world import PDF, applied, filed, issued, kinds, picture, verified, village
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory, override_settings
from django.urls import get_resolver
from django.utils import timezone

from ovop_certification import errors
from ovop_certification.models import (
    Certificate,
    Closure,
    Evidence,
    FlagResolution,
    Market,
    OrderFlag,
    OrderHold,
    RecordedChange,
    Requirement,
    StrandedPayment,
)
from ovop_certification.services import certificate_suspend, certificate_withdraw
from ovop_certification.staff_views.problem_texts import PROBLEM_TEXTS
from ovop_certification.switches import Switches, set_switches
from ovop_shared import order_numbers
from ovop_shared.requester import ANONYMOUS, MANAGE_PRODUCT_TYPES, MANAGE_PRODUCTS, Requester, RequesterKind
from ovop_shared.uploads import BodyTooLarge, is_body_cut, limit_body
from ovop_standalone.tokens import make_token

pytestmark = pytest.mark.usefixtures("registry")

ROOT = "/plugins/ovop.certification/"
HTML = {"accept": "text/html"}
BOTH = frozenset({MANAGE_PRODUCTS, MANAGE_PRODUCT_TYPES})

READER = Requester(RequesterKind.STAFF, "reader@example.com", "3", frozenset({MANAGE_PRODUCTS}))
AIDA = Requester(RequesterKind.STAFF, "aida@example.com", "1", BOTH)
BAKYT = Requester(RequesterKind.STAFF, "bakyt@example.com", "2", BOTH)
REQUESTERS: dict[str, tuple[Requester, int, int]] = {
    # who, the status of reading, the status of deciding
    "anonymous": (ANONYMOUS, 401, 401),
    "customer": (Requester(RequesterKind.CUSTOMER, "customer@example.com", "7"), 403, 403),
    "staff without": (Requester(RequesterKind.STAFF, "other@example.com", "8", frozenset({"manage_orders"})), 403, 403),
    "staff who manage types alone": (
        Requester(RequesterKind.STAFF, "types@example.com", "9", frozenset({MANAGE_PRODUCT_TYPES})),
        403,
        403,
    ),
    "app without": (Requester(RequesterKind.APP, "an app"), 403, 403),
    "reader": (READER, 200, 403),
    "app that reads": (Requester(RequesterKind.APP, "an app", permissions=frozenset({MANAGE_PRODUCTS})), 200, 403),
    "manager": (AIDA, 200, 200),
    "app that decides": (Requester(RequesterKind.APP, "an app", permissions=BOTH), 200, 200),
}


def client_for(requester: Requester) -> Client:
    if requester == ANONYMOUS:
        return Client()
    return Client(headers={"authorization": f"Bearer {make_token(requester, at=timezone.now())}"})


def post(requester: Requester, path: str, **data: Any) -> Any:
    return client_for(requester).post(ROOT + path, data, headers=HTML)


def get(requester: Requester, path: str, **data: str) -> Any:
    return client_for(requester).get(ROOT + path, data, headers=HTML)


def page(requester: Requester, path: str, **data: str) -> str:
    response = get(requester, path, **data)
    assert response.status_code == 200, response.text
    return response.text


READS = {
    "staff-overview": "staff/",
    "staff-certificates": "staff/certificates/",
    "staff-certificate": "staff/certificates/{certificate}/",
    "staff-evidence": "staff/evidence/{evidence}/",
    "staff-matrix": "staff/requirements/",
    "staff-requirement": "staff/requirements/{requirement}/",
    "staff-markets": "staff/markets/",
    "staff-market": "staff/markets/kg/",
    "staff-closures": "staff/closures/",
    "staff-orders": "staff/orders/",
}
DECIDING_READS = {
    "staff-apply": "staff/certificates/new/",
    "staff-change": "staff/certificates/{certificate}/change/",
    "staff-requirement-new": "staff/requirements/new/",
    "staff-requirement-preview": "staff/requirements/preview/?action=end&pk={requirement}&last_on=2099-01-01",
}
WRITES = {
    "staff-apply": "staff/certificates/new/",
    "staff-change": "staff/certificates/{certificate}/change/",
    "staff-evidence-upload": "staff/certificates/{certificate}/evidence/",
    "staff-step": "staff/certificates/{certificate}/steps/withdraw/",
    "staff-requirement-save": "staff/requirements/save/",
    "staff-market-save": "staff/markets/kg/save/",
    "staff-closure-save": "staff/closures/save/",
    "staff-hold-release": "staff/orders/release/",
    "staff-flag-resolve": "staff/flags/1/",
}


@pytest.fixture
def paths() -> dict[str, int]:
    certificate = filed(applied())
    return {
        "certificate": certificate.pk,
        "evidence": Evidence.objects.get().pk,
        "requirement": Requirement.objects.order_by("pk")[0].pk,
    }


MODULES = {"certificate_list", "certificate_pages", "evidence", "gate", "markets", "overview", "requirements"}


def test_the_tables_hold_every_page_of_the_desk() -> None:
    patterns = get_resolver("ovop_certification.urls").url_patterns
    ours = {f"ovop_certification.staff_views.{name}" for name in MODULES}

    names = {pattern.name for pattern in patterns if pattern.callback.__module__ in ours}

    assert names == {*READS, *DECIDING_READS, *WRITES}


@pytest.mark.parametrize("who", REQUESTERS)
@pytest.mark.parametrize("name", READS)
def test_who_may_read(paths: dict[str, int], name: str, who: str) -> None:
    requester, reads, _ = REQUESTERS[who]

    assert get(requester, READS[name].format(**paths)).status_code == reads


@pytest.mark.parametrize("who", REQUESTERS)
@pytest.mark.parametrize("name", DECIDING_READS)
def test_who_may_open_a_form(paths: dict[str, int], name: str, who: str) -> None:
    requester, _, decides = REQUESTERS[who]

    assert get(requester, DECIDING_READS[name].format(**paths)).status_code == decides


@pytest.mark.parametrize("who", REQUESTERS)
@pytest.mark.parametrize("name", WRITES)
def test_who_may_decide(paths: dict[str, int], name: str, who: str) -> None:
    requester, _, decides = REQUESTERS[who]

    response = post(requester, WRITES[name].format(**paths))

    if decides == 200:  # the empty form is refused for what is in it, not for who sent it
        assert response.status_code in (303, 400, 404, 409)
        assert "permission_denied" not in response.text
    else:
        assert response.status_code == decides
    assert RecordedChange.objects.count() == 0 or decides == 200
    assert Certificate.objects.count() == 3


@pytest.mark.parametrize("path", ["staff/certificates/1/", *WRITES.values()])
def test_a_wrong_method_or_a_missing_thing_is_told(path: str) -> None:
    missing = path.format(certificate=10**17, evidence=10**17, requirement=10**17)

    assert get(AIDA, missing).status_code in (200, 404, 405)
    assert get(AIDA, "staff/certificates/" + "9" * 30 + "/").status_code == 404
    assert get(AIDA, "staff/evidence/" + "9" * 30 + "/").status_code == 404
    assert get(AIDA, "staff/requirements/" + "9" * 30 + "/").status_code == 404
    assert get(AIDA, "staff/markets/fr/").status_code == 404


FORM: dict[str, Any] = {
    "scheme": "eac",
    "issuing_body": "body",
    "number": "EAC/NEW 1",
    "holder_kind": "product",
    "holder_ref": "sea-buckthorn-juice",
    "valid_from_on": "2025-01-01",
    "valid_until_on": "2030-12-31",
    "markets": ["kg"],
    "products": "sea-buckthorn-juice\n3",
    "product_types": "",
    "areas": "",
    "register_url": "",
    "reason": "by post",
}


def test_a_certificate_goes_from_application_to_issue_on_its_pages() -> None:
    # registered
    response = post(AIDA, "staff/certificates/new/", **FORM)
    certificate = Certificate.objects.get(number="EAC/NEW 1")
    path = f"staff/certificates/{certificate.pk}/"
    assert (response.status_code, response["Location"]) == (
        303,
        f"/plugins/ovop.certification/{path}?lang=en&done=applied#done",
    )
    assert (certificate.holder_ref, sorted(certificate.products.values_list("product_pk", flat=True))) == (
        str(JUICE),
        [JUICE, JAM],
    )
    assert "The application is registered." in page(AIDA, path, done="applied")
    assert post(AIDA, "staff/certificates/new/", **FORM)["Location"].endswith("done=known#done")

    # a document, without which nobody verifies
    shown = page(AIDA, path)
    assert "steps/verify/" not in shown
    assert post(AIDA, f"{path}steps/verify/", reason="seen").status_code == 409
    document = SimpleUploadedFile("scan.html", PDF, content_type="text/html")
    assert post(AIDA, f"{path}evidence/", document=document).status_code == 303
    assert "steps/verify/" in page(AIDA, path)

    # verified by one, issued by another
    assert "Wait to be verified" in page(READER, "staff/")
    assert post(AIDA, f"{path}steps/verify/", reason="In the body's register.").status_code == 303
    assert "steps/issue/" not in page(AIDA, path)
    assert "somebody else issues it" in page(AIDA, path)
    refused = post(AIDA, f"{path}steps/issue/")
    assert (refused.status_code, "four_eyes_required" in refused.text) == (409, True)
    assert "steps/issue/" in page(BAKYT, path)
    assert post(BAKYT, f"{path}steps/issue/").status_code == 303
    assert kinds(certificate) == ["applied", "verified", "issued"]

    # everything that happened is told, with who and why
    shown = page(READER, path)
    for text in ("aida@example.com", "bakyt@example.com", "In the body&#x27;s register.", "by post", "scan.html.pdf"):
        assert text in shown
    assert "steps/" not in shown
    assert re.search(r'class="total good">\s*Valid', shown)


def test_a_form_comes_back_with_what_was_typed_and_a_problem_beside_the_field() -> None:
    response = post(
        AIDA,
        "staff/certificates/new/",
        **FORM | {"valid_from_on": "soon", "holder_ref": "nothing<", "products": "nothing", "valid_until_on": ""},
    )

    assert response.status_code == 400
    for code in ("invalid_dates", "unknown_holder", "unknown_product"):
        assert f"<code>{code}</code>" in response.text
    assert 'value="nothing&lt;"' in response.text
    assert 'value="EAC/NEW 1"' in response.text
    assert re.search(r'value="kg" checked', response.text)
    assert Certificate.objects.count() == 2


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"number": ""}, 400, "invalid_certificate"),
        ({"scheme": "x"}, 400, "unknown_scheme"),
        ({"issuing_body": "x"}, 400, "unknown_issuing_body"),
        ({"markets": ["fr"]}, 400, "unknown_market"),
        ({"areas": "KG-nowhere"}, 400, "unknown_place"),
        ({"register_url": "javascript:alert(1)"}, 400, "invalid_address"),
        ({"holder_kind": "planet"}, 400, "invalid_certificate"),
        ({"holder_kind": "producer", "holder_ref": "nobody"}, 400, "unknown_holder"),
        ({"holder_kind": "lot", "holder_ref": "wild-berry-jam"}, 400, "unknown_holder"),
        ({"replaces": "none"}, 404, "unknown_certificate"),
        ({"number": "EAC-1", "holder_ref": "mountain-honey"}, 409, "certificate_exists"),
        ({"number": "a\0b"}, 400, "invalid_certificate"),
    ],
)
def test_what_the_service_refuses_stands_in_the_form(changes: dict[str, Any], status: int, code: str) -> None:
    response = post(AIDA, "staff/certificates/new/", **FORM | changes)

    assert (response.status_code, f"<code>{code}</code>" in response.text) == (status, True)
    assert Certificate.objects.count() == 2


@pytest.mark.parametrize(
    ("kind", "typed", "ref"),
    [
        ("producer", "ak-kiyiz", "ak-kiyiz"),
        ("group", "tamga-group", "tamga-group"),
        ("lot", "wild-berry-jam/L1", f"{JAM}/L1"),
        ("lot", f"{JAM}/L1", f"{JAM}/L1"),
        ("product", str(HONEY), str(HONEY)),
    ],
)
def test_a_holder_is_typed_as_people_know_it(kind: str, typed: str, ref: str) -> None:
    village()

    assert post(AIDA, "staff/certificates/new/", **FORM | {"holder_kind": kind, "holder_ref": typed}).status_code == 303
    assert Certificate.objects.get(number="EAC/NEW 1").holder_ref == ref


def test_a_correction_is_saved_and_an_issued_certificate_keeps_its_terms() -> None:
    certificate = applied()
    path = f"staff/certificates/{certificate.pk}/change/"

    assert post(AIDA, path, **FORM | {"valid_until_on": "2031-01-01", "products": ""}).status_code == 303
    certificate.refresh_from_db()
    assert certificate.valid_until_on == datetime.date(2031, 1, 1)
    shown = page(AIDA, f"staff/certificates/{certificate.pk}/")
    assert "– → 2031-01-01" in shown

    counts = issued(number="COUNTS")
    path = f"staff/certificates/{counts.pk}/change/"
    assert 'name="valid_until_on"' not in page(AIDA, path)
    assert post(AIDA, path, valid_until_on="2040-01-01", surveillance_next_on="2026-05-05").status_code == 303
    counts.refresh_from_db()
    assert (counts.valid_until_on, counts.surveillance_next_on) == (None, datetime.date(2026, 5, 5))


def test_a_step_that_is_refused_stands_beside_its_form() -> None:
    certificate = issued()
    path = f"staff/certificates/{certificate.pk}/steps/"

    for data, code in (
        ({"reason": ""}, "reason_required"),
        ({"reason": "x", "happened_at": "2020-01-01T10:00"}, "event_out_of_order"),
        ({"reason": "x", "happened_at": "2999-01-01T10:00"}, "event_out_of_order"),
        ({"reason": "x", "happened_at": "yesterday"}, "invalid_dates"),
    ):
        response = post(AIDA, f"{path}suspend/", **data)
        assert (response.status_code, f"<code>{code}</code>" in response.text) == (409, True)
    assert post(AIDA, f"{path}explode/", reason="x").status_code == 404
    assert kinds(certificate) == ["applied", "verified", "issued"]
    assert post(AIDA, f"{path}suspend/", reason="complaint", happened_at="2025-06-16T10:00").status_code == 303
    last = certificate.events.get(kind="suspended")
    assert last.at == datetime.datetime(2025, 6, 16, 10, tzinfo=AT.tzinfo)


# Documents


@pytest.mark.parametrize(
    ("name", "content", "media_type", "kept"),
    [
        ("paper.pdf", PDF, "application/pdf", "paper.pdf"),
        ("photo.html", picture("PNG"), "image/png", "photo.html.png"),
        ("Свидетельство.jpeg", picture("JPEG"), "image/jpeg", "Свидетельство.jpg"),
    ],
)
def test_a_document_is_given_back_as_what_it_is_and_runs_nowhere(
    name: str, content: bytes, media_type: str, kept: str
) -> None:
    certificate = applied()
    upload = SimpleUploadedFile(name, content, content_type="text/html")

    assert post(AIDA, f"staff/certificates/{certificate.pk}/evidence/", document=upload).status_code == 303
    document = Evidence.objects.get()
    response = get(READER, f"staff/evidence/{document.pk}/")

    assert (response.content, document.name, document.filed_by) == (content, kept, "aida@example.com")
    assert {name: response[name] for name in ("Content-Type", "X-Content-Type-Options", "Cache-Control")} == {
        "Content-Type": media_type,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    assert response["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
    assert "sandbox" in response["Content-Security-Policy"]


def test_other_files_are_refused_beside_the_form() -> None:
    certificate = applied()
    for content in (b"<html></html>", b"", PDF[:-8]):
        upload = SimpleUploadedFile("a.pdf", content, content_type="application/pdf")
        response = post(AIDA, f"staff/certificates/{certificate.pk}/evidence/", document=upload)
        assert (response.status_code, "<code>evidence_refused</code>" in response.text) == (400, True)

    assert post(AIDA, f"staff/certificates/{certificate.pk}/evidence/").status_code == 400
    assert Evidence.objects.count() == 0


@pytest.fixture
def one_megabyte() -> Iterator[None]:
    set_switches(lambda: Switches(evidence_max_mb=1))
    yield
    set_switches(Switches)


@pytest.mark.usefixtures("one_megabyte")
def test_a_file_that_is_too_large_is_refused_and_a_huge_one_before_it_is_read() -> None:
    certificate = applied()
    path = f"staff/certificates/{certificate.pk}/evidence/"
    larger = SimpleUploadedFile("a.pdf", PDF + b" " * (1024 * 1024))
    huge = SimpleUploadedFile("a.pdf", PDF + b" " * (2 * 1024 * 1024))

    beside, at_once = post(AIDA, path, document=larger), post(AIDA, path, document=huge)

    assert (beside.status_code, "<code>evidence_refused</code>" in beside.text) == (400, True)
    assert (at_once.status_code, "body_too_large" in at_once.text) == (413, True)
    assert Evidence.objects.count() == 0


def test_a_body_is_read_no_further_than_its_limit_whatever_it_says_of_its_length() -> None:
    upload = SimpleUploadedFile("a.pdf", b"x" * 300_000)
    honest = RequestFactory().post("/", {"document": upload, "behind": "1"})
    upload.seek(0)
    silent = RequestFactory().post("/", {"document": upload, "behind": "1"})
    small = RequestFactory().post("/", {"document": SimpleUploadedFile("a.pdf", b"x" * 3)})
    length = silent.META.pop("CONTENT_LENGTH")

    with pytest.raises(BodyTooLarge):
        limit_body(honest, 100_000)
    silent.META["CONTENT_LENGTH"] = "99999"  # a length that lies
    limit_body(silent, 100_000)
    silent.META["CONTENT_LENGTH"] = length
    limit_body(small, 100_000)

    assert ("document" in silent.FILES, is_body_cut(silent)) == (False, True)
    assert ("document" in small.FILES, is_body_cut(small)) == (True, False)


# The list


def numbers(**asked: str) -> list[str]:
    return re.findall(r"<br><code>([^<]+)</code>", page(READER, "staff/certificates/", **asked))


def test_the_list_has_the_expired_first_and_finds_by_state_scheme_holder_market_and_text() -> None:
    today = timezone.now().date()
    soon = today + datetime.timedelta(days=20)
    issued(number="SOON", valid_until_on=soon, markets=frozenset({"jp"}))
    verified(number="VERIFIED")
    withdrawn = issued(number="GONE")
    certificate_withdraw(withdrawn.pk, actor="Aida", at=AT, reason="x")
    suspended = issued(number="PAUSED", scheme="brand")
    certificate_suspend(suspended.pk, actor="Aida", at=AT, reason="x")

    assert numbers()[:2] == ["EAC-1", "SOON"]
    assert numbers(status="expired") == ["EAC-1"]
    assert numbers(status="verified") == ["VERIFIED"]
    assert numbers(status="applied") == []
    assert numbers(status="withdrawn") == ["GONE"]
    assert set(numbers(status="suspended")) == {"EAC/2", "PAUSED"}
    assert numbers(expiring="30") == ["SOON"]
    assert numbers(expiring="7") == []
    assert numbers(scheme="brand") == ["PAUSED"]
    assert "EAC-1" not in numbers(market="jp")
    assert numbers(q="mountain") == ["EAC-1"]
    assert numbers(q="eac/") == ["EAC/2"]
    assert numbers(q="a\0") == numbers()
    assert numbers(status="nonsense", expiring="x", holder="y", page="2") == []


def test_an_expired_certificate_that_was_replaced_needs_nobody() -> None:
    newer = issued(number="NEWER", replaces="EAC-1", holder_ref=str(HONEY))

    assert numbers(status="expired") == []
    shown = page(READER, f"staff/certificates/{Certificate.objects.get(number='EAC-1').pk}/")
    assert f"staff/certificates/{newer.pk}/" in shown


def test_a_certificate_says_which_sales_depend_on_it() -> None:
    certificate = issued()

    assert (
        "Sea buckthorn juice" in page(READER, f"staff/certificates/{certificate.pk}/").partition('id="dependents"')[2]
    )
    certificate_withdraw(certificate.pk, actor="Aida", at=AT, reason="x")
    assert "No sale depends on it today." in page(READER, f"staff/certificates/{certificate.pk}/")


# The matrix


def requirement() -> Requirement:
    return Requirement.objects.get(market__code="kg", scheme__code="eac")


def test_an_edit_is_previewed_without_writing_and_then_saved() -> None:
    today = timezone.localdate()
    asked = {
        "action": "add",
        "market": "kg",
        "scheme": "brand",
        "product_type": "ovop-felt",
        "from_on": today.isoformat(),
        "effect": "block",
        "reason": "a new law",
    }

    shown = page(AIDA, "staff/requirements/preview/", **asked)

    assert "1 listings would close" in shown
    assert "Felt slippers" in shown
    assert Requirement.objects.count() == 3
    fields = dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)">', shown))
    response = post(AIDA, "staff/requirements/save/", **fields)
    assert (response.status_code, response["Location"].endswith("done=saved#done")) == (303, True)
    new = Requirement.objects.get(product_type="ovop-felt")
    assert (new.from_on, RecordedChange.objects.get().reason) == (today, "a new law")
    assert "ovop-felt" in page(READER, "staff/requirements/")
    assert "a new law" in page(READER, f"staff/requirements/{new.pk}/")
    assert post(AIDA, "staff/requirements/save/", **fields).status_code == 409


def test_an_end_shows_what_it_would_open() -> None:
    yesterday = timezone.localdate() - datetime.timedelta(days=1)

    shown = page(
        AIDA, "staff/requirements/preview/", action="end", pk=str(requirement().pk), last_on=yesterday.isoformat()
    )

    assert "3 listings would open" in shown
    assert requirement().until_on is None


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"action": "add", "from_on": ""}, 400, "invalid_dates"),
        (
            {"action": "add", "from_on": "2099-01-01", "market": "fr", "scheme": "eac", "effect": "block"},
            400,
            "unknown_market",
        ),
        ({"action": "add", "from_on": "2099-01-01", "grace_days": "x"}, 400, "invalid_requirement"),
        ({"action": "change", "pk": "0"}, 404, ""),
        ({"action": "end", "pk": "{pk}", "last_on": "2001-01-01"}, 400, "invalid_dates"),
        ({"action": "end", "pk": "{pk}", "last_on": ""}, 400, "invalid_dates"),
        ({"action": "change", "pk": "{pk}", "effect": "shout"}, 400, "invalid_requirement"),
    ],
)
def test_an_edit_that_is_not_possible_comes_back(asked: dict[str, str], status: int, code: str) -> None:
    asked = {name: value.format(pk=requirement().pk) for name, value in asked.items()}
    for response in (
        get(AIDA, "staff/requirements/preview/", **asked),
        post(AIDA, "staff/requirements/save/", **asked),
    ):
        assert response.status_code == status
        assert code in response.text
    assert RecordedChange.objects.count() == 0


# Markets


def test_a_markets_policies_and_places_are_saved_and_their_history_shown() -> None:
    policy = {
        "what": "policy",
        "on_uncertified": "hide",
        "on_lapsed": "honour",
        "on_bypassed": "flag",
        "grace_days": "9",
    }

    assert post(AIDA, "staff/markets/kg/save/", **policy, reason="agreed").status_code == 303
    assert (
        post(AIDA, "staff/markets/kg/save/", what="places", channels="kgs\nfairs", countries="kg, uz").status_code
        == 303
    )

    market = Market.objects.get(code="kg")
    assert (market.on_uncertified, market.grace_days) == ("hide", 9)
    assert sorted(market.countries.values_list("country", flat=True)) == ["KG", "UZ"]
    shown = page(READER, "staff/markets/kg/")
    assert "agreed" in shown
    assert "fairs" in page(READER, "staff/markets/")


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        ({"what": "policy", "on_uncertified": "burn"}, 400, "invalid_policy"),
        ({"what": "policy", "grace_days": "x"}, 400, "invalid_requirement"),
        ({"what": "places", "channels": "", "countries": "XX"}, 400, "invalid_market"),
        ({"what": "places", "channels": "", "countries": "JP"}, 409, "channel_in_two_markets"),
    ],
)
def test_a_market_that_is_not_possible_comes_back(data: dict[str, str], status: int, code: str) -> None:
    response = post(AIDA, "staff/markets/kg/save/", **data)

    assert (response.status_code, f"<code>{code}</code>" in response.text) == (status, True)
    assert RecordedChange.objects.count() == 0


# What the gate did

REASONS = [{"code": "missing", "scheme": "eac", "certificate": None}]


def gate_rows() -> tuple[Closure, OrderHold, OrderFlag]:
    closure = Closure.objects.create(
        listing_pk=1,
        product_pk=JUICE,
        channel="kgs",
        market="kg",
        reasons=REASONS,
        is_hidden=True,
        wants_published=True,
        wants_available_at=AT,
        closed_at=AT,
    )
    hold = OrderHold.objects.create(
        order_id="o-1", market="kg", cause="bypassed", status_before="unfulfilled", held_at=AT
    )
    flag = OrderFlag.objects.create(
        order_id="o-1", line_id="l-1", product_pk=JUICE, market="kg", reasons=REASONS, sold_at=AT, flagged_at=AT
    )
    StrandedPayment.objects.create(
        checkout="c-1",
        channel="kgs",
        market="kg",
        products=[],
        amount_minor=12_345,
        currency="KGS",
        paid_at=AT,
        seen_at=AT,
    )
    return closure, hold, flag


def test_the_overview_counts_what_waits_and_the_pages_show_it() -> None:
    gate_rows()

    overview = page(READER, "staff/")
    counted = dict(re.findall(r'<a href="[^"]+">([^<]+)</a></dt><dd[^>]*>(\d+)</dd>', overview))
    assert {name: counted[name] for name in ("Closed listings", "Held orders", "Money without an order")} == {
        "Closed listings": "1",
        "Held orders": "1",
        "Money without an order": "1",
    }
    assert counted["Sold although it was not allowed"] == "1"
    assert counted["Expired and not replaced"] == "1"
    closures, orders = page(READER, "staff/closures/"), page(READER, "staff/orders/")
    for text in ("Sea buckthorn juice", "the required certificate “EAC declaration” is missing", "kgs"):
        assert text in closures
    for text in ("o-1", "c-1", "Sea buckthorn juice", "123.45"):
        assert text in orders
    assert '<form method="post" action="/plugins/ovop.certification/staff/orders/' not in orders


def test_orders_go_by_the_number_that_the_host_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    gate_rows()
    monkeypatch.setattr(order_numbers, "_host", [lambda ids: {each: "15" for each in ids if each == "o-1"}])

    orders = page(READER, "staff/orders/")

    assert "<code>#15</code>" in orders
    assert "<code>o-1</code>" not in orders


def test_staff_say_what_a_shut_listing_is_to_be() -> None:
    closure, _, _ = gate_rows()
    wanted = {
        "product": str(JUICE),
        "channel": "kgs",
        "published": "",
        "available": "1",
        "available_at": "2030-01-01T10:00",
    }

    assert post(AIDA, "staff/closures/save/", **wanted).status_code == 303
    closure.refresh_from_db()
    assert (closure.wants_published, closure.wants_available_at, closure.wants_set_by) == (
        False,
        datetime.datetime(2030, 1, 1, 10, tzinfo=AT.tzinfo),
        "aida@example.com",
    )
    assert "aida@example.com" in page(READER, "staff/closures/")
    with override_settings(TIME_ZONE="UTC"):  # as on Saleor: what is offered is what was typed, in the shop's zone
        assert 'value="2030-01-01T10:00"' in page(AIDA, "staff/closures/")
    unknown = post(AIDA, "staff/closures/save/", **wanted | {"product": "999"})
    assert (unknown.status_code, "unknown_closure" in unknown.text) == (409, True)


def test_a_hold_is_released_and_a_flag_resolved_with_a_reason() -> None:
    _, hold, flag = gate_rows()

    for path in ("staff/orders/release/", f"staff/flags/{flag.pk}/"):
        refused = post(AIDA, path, order="o-1", outcome="honoured", reason=" ")
        assert (refused.status_code, "<code>reason_required</code>" in refused.text) == (400, True)
    assert post(AIDA, f"staff/flags/{flag.pk}/", outcome="burnt", reason="x").status_code == 400
    assert post(AIDA, "staff/orders/release/", order="o-1", reason="paid in time").status_code == 303
    assert post(AIDA, f"staff/flags/{flag.pk}/", outcome="replaced", reason="by jam").status_code == 303

    hold.refresh_from_db()
    assert (hold.released_by, hold.release_reason) == ("aida@example.com", "paid in time")
    resolution = FlagResolution.objects.get()
    assert (resolution.outcome, resolution.actor, resolution.reason) == ("replaced", "aida@example.com", "by jam")
    shown = page(READER, "staff/orders/")
    assert "No order is held." in shown
    assert "by jam" in shown
    assert post(AIDA, "staff/orders/release/", order="o-1", reason="again").status_code == 404


def test_every_refusal_of_the_desk_has_a_sentence() -> None:
    codes = {
        each.code
        for each in vars(errors).values()
        if isinstance(each, type) and each.__module__ == errors.__name__ and getattr(each, "code", "")
    }
    desk = {
        "area_required", "certificate_exists", "certificate_issued", "channel_in_two_markets", "event_out_of_order",
        "evidence_refused", "evidence_required", "flag_resolved", "four_eyes_required", "illegal_transition",
        "invalid_address", "invalid_certificate", "invalid_dates", "invalid_market", "invalid_policy",
        "invalid_requirement", "invalid_text", "reason_required", "requirement_ended", "requirement_exists",
        "unknown_certificate", "unknown_closure", "unknown_hold", "unknown_holder", "unknown_issuing_body",
        "unknown_market", "unknown_order_flag", "unknown_place", "unknown_requirement", "unknown_scheme",
    }  # fmt: skip

    assert desk <= codes
    assert desk | {"unknown_product"} <= set(PROBLEM_TEXTS)

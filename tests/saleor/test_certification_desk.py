"""The desk inside Saleor: staff who came from the dashboard, Saleor's products, types and channels, and its rights."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from saleor.account.models import Group, User
from saleor.app.models import AppExtension
from saleor.core.jwt import create_access_token_for_app_extension
from saleor.permission.models import Permission

import ovop_certification.adapter.plugin  # noqa: F401 - as Saleor does at start
from ovop_certification.adapter.dashboard import create_dashboard_entry
from ovop_certification.models import Certificate, Evidence, IssuingBody, Market, MarketChannel, Requirement, Scheme
from ovop_shared.browsing import catalogue_browser

ROOT = "/plugins/ovop.certification/staff/"
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\nstartxref\n9\n%%EOF\n"
BOTH = ("manage_products", "manage_product_types_and_attributes")


@pytest.fixture
def registry(request: pytest.FixtureRequest) -> None:
    channel = request.getfixturevalue("channel_USD")
    scheme = Scheme.objects.create(code="eac", kind="conformity", names={"en": "Conformity"})
    IssuingBody.objects.create(code="body", name="Sample body")
    market = Market.objects.create(code="us", names={"en": "Sample market"})
    MarketChannel.objects.create(market=market, channel=channel.slug)
    Requirement.objects.create(market=market, scheme=scheme, from_on="2020-01-01")


def person(name: str, *codenames: str) -> User:
    user = User(email=f"{name}@example.com", is_staff=True, is_active=True)
    user.set_password("a long password")
    user.save()
    group = Group.objects.create(name=name, restricted_access_to_channels=False)
    group.permissions.set(Permission.objects.filter(codename__in=codenames))
    group.user_set.add(user)
    return user


def entered(user: User) -> Client:
    create_dashboard_entry()
    extension = AppExtension.objects.get(url__endswith=f"{ROOT}enter/")
    token = create_access_token_for_app_extension(
        app_extension=extension, permissions=extension.permissions.all(), user=user, app=extension.app
    )
    client = Client()
    assert client.post(f"{ROOT}enter/", {"accessToken": token}).status_code == 303
    return client


def post(client: Client, path: str, page: str, **data: Any) -> Any:
    """A form of the page, sent with the page's own token."""
    token = re.findall('name="form_token" value="([^"]+)"', client.get(ROOT + page).text)[0]
    return client.post(ROOT + path, data | {"form_token": token}, headers={"accept": "text/html"})


@pytest.mark.usefixtures("registry")
def test_two_managers_bring_a_certificate_of_a_product_of_saleors_to_its_issue(product: Any) -> None:
    aida, bakyt = entered(person("aida", *BOTH)), entered(person("bakyt", *BOTH))
    form = {
        "scheme": "eac",
        "issuing_body": "body",
        "number": "N 1/2026",
        "holder_kind": "product",
        "holder_ref": product.slug,
        "valid_from_on": "2025-01-01",
    }

    assert post(aida, "certificates/new/", "certificates/new/", **form).status_code == 303
    certificate = Certificate.objects.get()
    page = f"certificates/{certificate.pk}/"
    document = SimpleUploadedFile("scan.pdf", PDF, content_type="text/html")
    assert post(aida, f"{page}evidence/", page, document=document).status_code == 303
    assert post(aida, f"{page}steps/verify/", page, reason="In the public register.").status_code == 303
    assert post(aida, f"{page}steps/issue/", page).status_code == 409
    assert post(bakyt, f"{page}steps/issue/", page).status_code == 303

    actors = list(certificate.events.order_by("position").values_list("kind", "actor"))
    assert actors == [
        ("applied", "aida@example.com"),
        ("verified", "aida@example.com"),
        ("issued", "bakyt@example.com"),
    ]
    paper = bakyt.get(f"{ROOT}evidence/{Evidence.objects.get().pk}/")
    assert (paper.content, paper["Content-Type"], paper["X-Content-Type-Options"]) == (
        PDF,
        "application/pdf",
        "nosniff",
    )
    assert product.name in bakyt.get(f"{ROOT}certificates/", {"q": product.name}).text
    assert product.name in bakyt.get(ROOT + page).text.partition('id="dependents"')[2]


@pytest.mark.usefixtures("registry")
def test_readers_read_and_a_right_given_meanwhile_counts_at_once() -> None:
    user = person("reader", "manage_products")
    client = entered(user)
    pages = ("", "certificates/", "requirements/", "markets/", "markets/us/", "closures/", "orders/")

    assert [client.get(ROOT + page).status_code for page in pages] == [200] * 7
    assert client.get(f"{ROOT}certificates/new/").status_code == 403
    assert post(client, "markets/us/save/", "markets/us/", what="policy", grace_days="1").status_code == 403
    Group.objects.get(name="reader").permissions.add(*Permission.objects.filter(codename=BOTH[1]))

    assert client.get(f"{ROOT}certificates/new/").status_code == 200


@pytest.mark.usefixtures("registry")
def test_a_form_without_the_pages_token_files_nothing(product: Any) -> None:
    client = entered(person("aida", *BOTH))
    certificate = Certificate.objects.create(
        scheme=Scheme.objects.get(),
        issuing_body=IssuingBody.objects.get(),
        number="N",
        holder_kind="product",
        holder_ref=str(product.pk),
        valid_from_on="2025-01-01",
    )
    path = f"{ROOT}certificates/{certificate.pk}/evidence/"

    forged = client.post(path, {"document": SimpleUploadedFile("a.pdf", PDF)})
    huge = client.post(path, {"document": SimpleUploadedFile("a.pdf", PDF + b" " * 11 * 1024 * 1024)})

    assert (forged.status_code, huge.status_code) == (403, 413)
    assert Evidence.objects.count() == 0


@pytest.mark.usefixtures("registry")
def test_the_preview_looks_at_saleors_products_and_their_listings(product: Any, product_list: Any) -> None:
    client = entered(person("aida", *BOTH))
    asked = {"action": "end", "pk": Requirement.objects.get().pk, "last_on": timezone.localdate().isoformat()}

    found = client.get(f"{ROOT}requirements/preview/", asked).text

    assert f"{1 + len(product_list)} listings would open" in found
    assert product.name in found


def test_types_categories_and_channels_are_offered(product: Any, category: Any, request: pytest.FixtureRequest) -> None:
    channel = request.getfixturevalue("channel_USD")
    kinds = catalogue_browser().kinds()

    assert (product.product_type.slug, product.product_type.name) in kinds.product_types
    assert (category.slug, category.name) in kinds.categories
    assert (channel.slug, channel.name) in kinds.channels

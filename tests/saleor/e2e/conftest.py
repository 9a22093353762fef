"""A whole shop for the tests of this folder: api, a real worker and beat on a database of their own, driven over HTTP only."""

import os
from collections.abc import Generator, Iterator

import pytest

from deploy.saleor.databases import Server, checkout_digest
from deploy.saleor.interpreter import ROOT, find_saleor
from deploy.saleor.running_shop import DEFAULT_BROKER, RunningShop
from tests.saleor.e2e import driver
from tests.saleor.e2e.gate_shop import GateShop, build_gate_shop
from tests.saleor.e2e.payment_app import PaymentApp
from tests.saleor.e2e.scenarios import People
from tests.saleor.e2e.shop_builder import Sample, build_shop, issue_app_token


@pytest.fixture(autouse=True)
def site_settings() -> None:
    """Saleor's fixture of this name opens the in-process database for every test; these tests have a shop of their own."""


@pytest.fixture(autouse=True)
def default_customer_type() -> None:
    """As `site_settings`."""


@pytest.fixture(scope="session")
def shop() -> Iterator[RunningShop]:
    saleor = find_saleor()
    server = Server.of(saleor)
    database = f"ovop_e2e_{saleor.slug}_{checkout_digest()}"
    server.clone(server.plugins_template(print), database)
    running = RunningShop(
        saleor,
        server.address(database),
        name=database,
        state=ROOT / ".ovop" / "e2e" / saleor.slug,
        broker_url=os.environ.get("CELERY_BROKER_URL") or DEFAULT_BROKER,
    )
    with running:
        yield running
    server.drop(database)


@pytest.fixture(scope="session")
def sample(shop: RunningShop) -> Sample:
    staff = driver.person(shop.graphql_url, shop.staff.email, shop.staff.password)
    built = build_shop(staff)
    if "ovop_setup" in shop.manage("help", "--commands").split():
        shop.manage("ovop_setup")  # again, now that there are product types to give attributes to
    return built


@pytest.fixture(scope="session")
def people(shop: RunningShop, sample: Sample) -> People:
    staff = driver.person(shop.graphql_url, shop.staff.email, shop.staff.password)
    return People(
        shopper=driver.anonymous(shop.graphql_url),
        customer=driver.person(shop.graphql_url, sample.customer_email, sample.customer_password),
        staff=staff,
        payment_app=driver.app(shop.graphql_url, issue_app_token(staff, sample.payment_app)),
    )


@pytest.fixture(scope="session")
def built_gate(shop: RunningShop, people: People, sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> GateShop:
    """Two goods of which one is certified."""
    return build_gate_shop(shop, people, sample, tmp_path_factory.mktemp("gate"))


@pytest.fixture(scope="module")
def gate(built_gate: GateShop) -> Iterator[GateShop]:
    """Its tests say whether listings are closed; for those of other files they are again."""
    yield built_gate
    built_gate.closes_listings(True)


@pytest.fixture
def provider(people: People, sample: Sample) -> Iterator[PaymentApp]:
    """The payment provider behind the sample's payment app, answering refund requests on loopback."""
    with PaymentApp() as listening:
        listening.register(people.staff, sample.payment_app)
        yield listening


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows the end of what the shop's parts wrote, and a dead part by name."""
    report = yield
    running = getattr(item, "funcargs", {}).get("shop")
    if report.failed and isinstance(running, RunningShop):
        for part in ("api", "worker", "beat"):
            report.sections.append((f"{part} ({running.log(part).relative_to(ROOT)})", running.log_tail(part, 30)))
    return report


@pytest.fixture(autouse=True)
def _shop_is_alive(shop: RunningShop) -> Iterator[None]:
    shop.check()
    yield
    shop.check()

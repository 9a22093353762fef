"""`make shop`: a whole Saleor with the plugins - api, worker and beat - on this machine, until Ctrl-C."""

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # for a start by path, as make does

from deploy.saleor.databases import Server, checkout_digest, migrate
from deploy.saleor.interpreter import ROOT, Echo, SaleorUnavailable, find_saleor, installed_plugins
from deploy.saleor.running_shop import DEFAULT_BROKER, RunningShop, ShopFailed

DEFAULT_PORT = 8000


def _prepare_database(server: Server, echo: Echo) -> None:
    """A missing database starts as a clone of the template, an empty one is migrated here, where progress is seen."""
    if not server.has(server.database):
        server.clone(server.plugins_template(echo), server.database)
    elif server.execute("SELECT to_regclass('django_migrations')", database=server.database) == [[None]]:
        echo(f"Migrating the empty database {server.database}; this takes some minutes.")
        migrate(server.saleor, server.url, "saleor.settings", echo)


def _build_sample(shop: RunningShop) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OVOP_STAFF_PASSWORD": shop.staff.password}
    subprocess.run(
        [shop.saleor.python, "-m", "tests.saleor.e2e.shop_builder", shop.graphql_url, shop.staff.email],
        env=environment,
        cwd=ROOT,
        check=True,
    )
    shop.manage("ovop_setup")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", DEFAULT_PORT)))
    parser.add_argument("--sample", action="store_true", help="fill it with the sample shop (storefront-config/sample)")
    arguments = parser.parse_args()

    def end(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    try:
        with installed_plugins(find_saleor()) as saleor:
            server = Server.of(saleor)
            _prepare_database(server, print)
            shop = RunningShop(
                saleor,
                server.url,
                name=f"ovop-shop-{checkout_digest()}-{server.database}",
                state=ROOT / ".ovop" / "shop",
                broker_url=os.environ.get("CELERY_BROKER_URL") or DEFAULT_BROKER,
                port=arguments.port,
            )
            print(f"Starting Saleor {saleor.version} on the database {server.database}; logs in {shop.state} ...")
            shop.prepare(purge=False)
            try:
                shop.start()
                if arguments.sample:
                    _build_sample(shop)
                print(
                    f"GraphQL   {shop.graphql_url}\nStaff     {shop.staff.email}  {shop.staff.password}\nStop with Ctrl-C."
                )
                while True:
                    shop.check()
                    time.sleep(1)
            finally:
                print("Stopping ...")
                shop.stop()
    except KeyboardInterrupt:
        return 0
    except (SaleorUnavailable, ShopFailed) as problem:
        print(problem, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

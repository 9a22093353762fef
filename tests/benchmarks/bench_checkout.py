"""What a checkout pays for the plugins: checkoutComplete in a real Saleor, with a broker, with and without them."""

import json
import os
import subprocess
import tempfile
from statistics import median, quantiles
from typing import Any

from deploy.saleor.databases import DEFAULT_URL, Server, checkout_digest, django_environment
from deploy.saleor.interpreter import ROOT, SaleorUnavailable, find_saleor, installed_plugins
from deploy.saleor.running_shop import DEFAULT_BROKER
from tests.benchmarks.harness import Bench, BenchBroken, Row
from tests.benchmarks.host import NAMED_SERVER

# Rounds, and pairs in one.
SIZES = {False: (20, 6), True: (2, 2)}


def checkout_ratio(bench: Bench) -> list[Row]:
    """Two rows; none, and a line that says so, where no Saleor is known."""
    rounds, checkouts = SIZES[bench.is_quick]
    try:
        result = _measure(bench, rounds, checkouts)
    except SaleorUnavailable as problem:
        bench.progress.console.print(f"checkout_ratio was not measured. {problem}")
        return []
    ratios = result["ratios"]
    return [
        Row(
            name="checkout_ratio",
            value=1 / result["seconds_on"],
            unit="checkouts/s",
            ratio=median(ratios),
            reference="seconds of checkoutComplete of a paid cart of five certified products with the three plugins, "
            "to the same without, in turns, pair by pair; with a broker, without its worker. At most 1.03. The spread "
            "is between the quartiles of the pairs",
            rounds=len(ratios),
            spread=_quartiles(ratios) / median(ratios),
            parts={"reference": 1 / result["seconds_off"], "cpu_ratio": median(result["cpu_ratios"])},
        ),
        Row(
            name="checkout_extra_queries",
            value=result["queries_on"] - result["queries_off"],
            unit="queries",
            ratio=result["queries_on"] / result["queries_off"],
            reference="queries of that checkoutComplete more than without the plugins; at most 1",
            parts={"with": result["queries_on"], "without": result["queries_off"]},
        ),
    ]


def _quartiles(ratios: list[float]) -> float:
    lower, _, upper = quantiles(ratios, n=4)
    return upper - lower


def _measure(bench: Bench, *sizes: int) -> dict[str, Any]:
    saleor = find_saleor()
    with installed_plugins(saleor, echo=bench.tell), tempfile.TemporaryDirectory(prefix="ovop-bench-") as media:
        server = Server.of(saleor, NAMED_SERVER or DEFAULT_URL)
        database = f"ovop_bench_checkout_{saleor.slug}_{checkout_digest()}"
        server.clone(server.plugins_template(bench.tell), database)
        try:
            environment = django_environment(saleor, "deploy.saleor.shop_settings", server.address(database)) | {
                "SECRET_KEY": "bench",
                # Saleor starts without keys of its own only so; the bench puts it off again.
                "DEBUG": "True",
                "ALLOWED_HOSTS": "*",
                "OVOP_SHOP_NAME": database,
                "OVOP_SHOP_MEDIA": media,
                "CELERY_BROKER_URL": os.environ.get("CELERY_BROKER_URL") or DEFAULT_BROKER,
            }
            with (
                tempfile.TemporaryFile("w+") as errors,
                subprocess.Popen(
                    [saleor.python, "-m", "tests.benchmarks.saleor_checkout", *map(str, sizes)],
                    env=environment,
                    cwd=ROOT,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                ) as process,
            ):
                assert process.stdout is not None
                result: dict[str, Any] = {}
                for line in process.stdout:
                    if line.startswith("{"):
                        said = json.loads(line)
                        bench.tell(said.get("tell", ""))
                        result = said.get("result", result)
                if process.wait() or not result:
                    errors.seek(0)
                    raise BenchBroken(
                        f"The checkout bench inside Saleor ended with {process.returncode}:\n{errors.read()[-3000:]}"
                    )
        finally:
            server.drop(database)
    return result

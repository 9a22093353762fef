"""Origins inside a real Saleor: what a shopper's query costs with the plugins, and how long a registry is projected."""

import json
import subprocess
import tempfile
from statistics import median
from typing import Any

from deploy.saleor.databases import DEFAULT_URL, Server, checkout_digest, django_environment
from deploy.saleor.interpreter import ROOT, SaleorUnavailable, find_saleor, installed_plugins
from tests.benchmarks.harness import Bench, BenchBroken, Row
from tests.benchmarks.host import NAMED_SERVER

BUDGET_SECONDS = 120
# The issue's own size; the small one only shows that it runs.
SIZES = {False: (5_000, 20_000, 10_000), True: (250, 1_000, 500)}


def products_query_ratio(bench: Bench) -> list[Row]:
    """Three rows of one shop; none, and a line that says so, where no Saleor is known."""
    sizes = SIZES[bench.is_quick]
    try:
        result = _measure(bench, sizes)
    except SaleorUnavailable as problem:
        bench.progress.console.print(f"products_query_ratio was not measured. {problem}")
        return []
    villages, producers, products = (f"{size:,}" for size in sizes)
    ratios = result["query_ratios"]
    extra = result["queries_on"] - result["queries_off"]
    return [
        Row(
            name="products_query_ratio",
            value=1 / result["query_seconds_on"],
            unit="requests/s",
            ratio=median(ratios),
            reference=f"seconds of products(first:100) with every origin fact, in a Saleor of {products} products, to "
            "the same request without the plugins. 1 is no cost; less is better",
            rounds=len(ratios),
            spread=(max(ratios) - min(ratios)) / median(ratios),
            parts={"reference": 1 / result["query_seconds_off"]},
        ),
        Row(
            name="products_extra_queries",
            value=extra,
            unit="queries",
            ratio=result["queries_on"] / result["queries_off"],
            reference="queries of that request more than without the plugins; must be 0",
            parts={"with": result["queries_on"], "without": result["queries_off"]},
        ),
        Row(
            name="registry_projection",
            value=result["projection_seconds"],
            unit="seconds",
            ratio=result["projection_seconds"] / BUDGET_SECONDS,
            reference=f"{villages} villages, {producers} producers and {products} products shown in Saleor, to the "
            f"budget of {BUDGET_SECONDS} seconds; less is better. The second run writes nothing",
            parts={
                name: result[name]
                for name in (
                    "second_seconds",
                    "second_queries",
                    "rows",
                    "pages",
                    "products",
                    "memory_mb",
                    "copy_seconds",
                )
            },
        ),
    ]


def _measure(bench: Bench, sizes: tuple[int, int, int]) -> Any:
    return run_inside_saleor(bench, "tests.benchmarks.saleor_side", *sizes, bench.rounds)


def run_inside_saleor(bench: Bench, module: str, *arguments: int) -> Any:
    """What the module says as its result, run by Saleor's interpreter on a database of its own. Raises
    SaleorUnavailable, BenchBroken."""
    saleor = find_saleor()
    with installed_plugins(saleor, echo=bench.tell):
        server = Server.of(saleor, NAMED_SERVER or DEFAULT_URL)
        database = f"ovop_bench_{saleor.slug}_{checkout_digest()}"
        server.clone(server.plugins_template(bench.tell), database)
        try:
            environment = django_environment(saleor, "saleor.settings", server.address(database))
            with (
                tempfile.TemporaryFile("w+") as errors,
                subprocess.Popen(
                    [saleor.python, "-m", module, *map(str, arguments)],
                    env=environment | {"SECRET_KEY": "bench", "DEBUG": "True", "ALLOWED_HOSTS": "*"},
                    cwd=ROOT,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                ) as process,
            ):
                assert process.stdout is not None
                result: Any = {}
                for line in process.stdout:
                    if line.startswith("{"):
                        said = json.loads(line)
                        bench.tell(said.get("tell", ""))
                        result = said.get("result", result)
                if process.wait() or not result:
                    errors.seek(0)
                    raise BenchBroken(
                        f"The bench inside Saleor ended with {process.returncode}:\n{errors.read()[-3000:]}"
                    )
        finally:
            server.drop(database)
    return result

"""How long every listing of a large shop is looked at, inside a real Saleor."""

from deploy.saleor.interpreter import SaleorUnavailable
from tests.benchmarks.bench_saleor import run_inside_saleor
from tests.benchmarks.harness import Bench, Row

BUDGET_SECONDS = 10
# The issue's own size; the small one only shows that it runs.
SIZES = {False: 100_000, True: 2_000}


def sweep_100k_seconds(bench: Bench) -> list[Row]:
    """One row; none, and a line that says so, where no Saleor is known."""
    products = SIZES[bench.is_quick]
    try:
        result = run_inside_saleor(bench, "tests.benchmarks.sweep_side", products)
    except SaleorUnavailable as problem:
        bench.progress.console.print(f"sweep_100k_seconds was not measured. {problem}")
        return []
    return [
        Row(
            name="sweep_100k_seconds",
            value=result["changed_seconds"],
            unit="seconds",
            ratio=result["changed_seconds"] / BUDGET_SECONDS,
            reference=f"a whole pass over {products:,} products of Saleor with a listing each, {result['closed']:,} of "
            f"them to be shut, to the budget of {BUDGET_SECONDS} seconds; less is better. A pass that finds nothing writes "
            "nothing; the due sweep is the minutely one; the floor is fetching the same rows and doing nothing with them",
            parts={name: value for name, value in result.items() if name != "changed_seconds"},
        )
    ]

"""`python -m tests.benchmarks [--only NAME] [--quick]`: measure, print a table, write `.ovop/bench.json`.

Stop it when you like: the rows that were finished are kept, and the next run begins with a new database.
"""

import sys
from argparse import ArgumentParser
from importlib import import_module

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from tests.benchmarks.harness import Bench, BenchBroken, Row, table_of, write_rows
from tests.benchmarks.host import ROOT, BenchUnavailable, bench_database

BENCHES = {
    "settle_vs_hordak": "tests.benchmarks.bench_settlement",
    "settle_vs_copy": "tests.benchmarks.bench_settlement",
    "settle_order_queries": "tests.benchmarks.bench_queries",
    "gate_decision": "tests.benchmarks.bench_gate",
    "products_query_ratio": "tests.benchmarks.bench_saleor",
    "sweep_100k_seconds": "tests.benchmarks.bench_sweep",
    "checkout_ratio": "tests.benchmarks.bench_checkout",
}
"""Name -> the module whose function of that name takes a Bench and gives its rows, the first of that name."""

RESULT = ROOT / ".ovop" / "bench.json"


def main() -> None:
    arguments = _parser().parse_args()
    console = Console(width=None if sys.stdout.isatty() else 150)
    rows: list[Row] = []
    stopped = ""
    try:
        _measure(arguments.only or list(BENCHES), arguments.quick, rows, console)
    except KeyboardInterrupt:
        stopped = "Stopped; the rows that were finished are kept."
    except (BenchUnavailable, BenchBroken) as error:
        stopped = str(error)
    if rows:
        console.print(table_of(rows))
        console.print(f"Written to {RESULT.relative_to(ROOT)}")
    if stopped:
        sys.exit(stopped)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m tests.benchmarks", description="Measure, as ratios within one run.")
    parser.add_argument("--only", action="append", choices=list(BENCHES), metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--quick", action="store_true", help="fewer and smaller rounds: to see that it runs")
    return parser


def _measure(names: list[str], is_quick: bool, rows: list[Row], console: Console) -> None:
    """Adds to `rows` as they come, and writes them down each time."""
    columns = (SpinnerColumn(), "{task.description}", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[what]}"), console=console) as progress:
        preparing = progress.add_task("preparing", total=1, what="database and sample shop")
        with bench_database():
            import_module("tests.benchmarks.world").build_world()
            progress.update(preparing, completed=1, what="")
            tidy = import_module("tests.benchmarks.tables").tidy_up
            for name in names:
                task = progress.add_task(name, total=None, what="")
                measure = getattr(import_module(BENCHES[name]), name)
                rows += measure(Bench(is_quick, progress, task, tidy))
                progress.update(task, what="")
                write_rows(rows, RESULT)


if __name__ == "__main__":
    main()

"""`make test-saleor`: tests/saleor inside the named Saleor, and .ovop/saleor-suite.json about what ran.

Arguments it does not know go to pytest. The exit code is pytest's, or 1 when there was nothing to run it with.
"""

import argparse
import fcntl
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from xml.etree import ElementTree

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # for a start by path, as make does

from deploy.saleor.databases import Server, checkout_digest, django_environment
from deploy.saleor.interpreter import ROOT, Saleor, SaleorUnavailable, find_saleor, installed_plugins

REPORT = ROOT / ".ovop" / "saleor-suite.json"
PYTEST_INI = ROOT / "deploy" / "saleor" / "pytest.ini"
NEEDED = ("pytest", "pytest_django", "pytest_socket", "pytest_asyncio", "pytest_recording")


def _check_test_tools(saleor: Saleor) -> None:
    script = "import importlib.util, sys; print(*[n for n in sys.argv[1:] if not importlib.util.find_spec(n)])"
    found = subprocess.run([saleor.python, "-c", script, *NEEDED], capture_output=True, text=True, cwd="/", check=True)
    if missing := found.stdout.split():
        raise SaleorUnavailable(
            f"{saleor.python} lacks {', '.join(missing)}: the suite needs Saleor's development dependencies."
        )


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _counts(junit: Path) -> dict[str, int]:
    if not junit.exists() or not junit.stat().st_size:
        return {"passed": 0, "failed": 0, "skipped": 0, "errors": 1}
    suites = list(ElementTree.parse(junit).iter("testsuite"))  # noqa: S314 - written by our own pytest
    total, failed, errors, skipped = (
        sum(int(suite.get(key, 0)) for suite in suites) for key in ("tests", "failures", "errors", "skipped")
    )
    return {"passed": total - failed - errors - skipped, "failed": failed, "skipped": skipped, "errors": errors}


def run(saleor: Saleor, arguments: list[str]) -> int:
    """Runs the suite on a fresh clone of the template database, writes the report, returns pytest's exit code."""
    _check_test_tools(saleor)
    server = Server.of(saleor)
    database = f"ovop_suite_{saleor.slug}_{checkout_digest()}"
    commit, dirty = _git("rev-parse", "HEAD"), bool(_git("status", "--porcelain"))
    server.clone(server.plugins_template(print), database)
    environment = django_environment(saleor, "deploy.saleor.test_settings", server.address(database))
    started_at = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ovop-suite-") as scratch:
        junit = Path(scratch) / "junit.xml"
        where = (f"--rootdir={ROOT}", f"--confcutdir={ROOT / 'tests' / 'saleor'}", f"--junitxml={junit}")
        code = subprocess.run(
            [saleor.python, "-m", "pytest", "-c", PYTEST_INI, *where, *(arguments or ["tests/saleor"])],
            cwd=ROOT,
            env=environment | {"SALEOR_PYTHON": str(saleor.python), "DATABASE_URL": server.address(database)},
            check=False,
        ).returncode
        counts = _counts(junit)
    server.drop(database)
    report = {
        "commit": commit,
        "dirty": dirty,
        "saleor_version": saleor.version,
        **counts,
        "duration": round(time.monotonic() - started_at, 1),
        "exit_code": code,
        "arguments": arguments,
    }
    REPORT.write_text(json.dumps(report, indent=2) + "\n")
    return code


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--without-plugins", action="store_true", help="a bare Saleor: what it does by itself")
    options, arguments = parser.parse_known_args()
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.unlink(missing_ok=True)
    try:
        saleor = find_saleor()
        with (REPORT.parent / f"suite-{saleor.slug}.lock").open("a") as lock:
            # Two suites of one checkout would share a database.
            fcntl.flock(lock, fcntl.LOCK_EX)
            with installed_plugins(saleor, without_plugins=options.without_plugins):
                return run(saleor, arguments)
    except SaleorUnavailable as problem:
        print(problem, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

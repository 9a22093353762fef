"""`make test`: lint, the standalone suite, and the Saleor suite when a Saleor is known; says loudly what ran.

The last line is `N passed, N failed, N skipped` over everything; a step of the lint counts as one test.
`run_tests.py lint` does only the lint.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]
MANAGE = "deploy/standalone/manage.py"
SALEOR_SUITE = "deploy/saleor/suite.py"
SALEOR_REPORT = ROOT / ".ovop" / "saleor-suite.json"
SALEOR_PYTHON_FILE = "~/.config/ovop/saleor-python"

LINT = {
    "ruff check": ["-m", "ruff", "check", "."],
    "ruff format": ["-m", "ruff", "format", "--check", "."],
    "types (mypy)": ["-m", "mypy"],
    "import rules (import-linter)": ["-c", "from importlinter.cli import lint_imports_command as run; run()"],
    "migrations (makemigrations --check)": [MANAGE, "makemigrations", "--check", "--dry-run"],
}


@dataclass
class Outcome:
    """What one suite did. `note` says why it did not run, or why it is not to be trusted."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    note: str = ""
    seconds: float = 0

    def line(self) -> str:
        if self.note and not (self.passed or self.failed):
            return f"{self.name}: {self.note}"
        counts = f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"
        return f"{self.name}: {counts} in {self.seconds:.0f} s" + (f" - {self.note}" if self.note else "")


def run_python(*arguments: str) -> int:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT).returncode


def lint() -> Outcome:
    outcome = Outcome("lint")
    broken = []
    for name, command in LINT.items():
        print(f"--- {name}", flush=True)
        if run_python(*command):
            outcome.failed += 1
            broken.append(name)
        else:
            outcome.passed += 1
    outcome.note = f"broken: {', '.join(broken)}" if broken else ""
    return outcome


def standalone_suite() -> Outcome:
    outcome = Outcome("standalone suite")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        code = run_python("-m", "pytest", "tests", "--ignore=tests/saleor", f"--junitxml={report}")
        if report.exists():
            suite = next(ElementTree.parse(report).iter("testsuite")).attrib  # noqa: S314 - pytest's own file
            outcome.skipped = int(suite["skipped"])
            outcome.failed = int(suite["failures"]) + int(suite["errors"])
            outcome.passed = int(suite["tests"]) - outcome.failed - outcome.skipped
        if code and not outcome.failed:
            outcome.failed = 1
            outcome.note = f"pytest ended with exit code {code}"
    return outcome


def saleor_python() -> str:
    """The interpreter in which `saleor` imports, as the environment or the one-line file names it; else empty."""
    named = os.environ.get("SALEOR_PYTHON", "").strip()
    file = Path(SALEOR_PYTHON_FILE).expanduser()
    if not named and file.is_file():
        named = next(iter(file.read_text().splitlines()), "").strip()
    return named


def saleor_suite() -> Outcome:
    outcome = Outcome("Saleor suite")
    if not saleor_python():
        outcome.note = f"DID NOT RUN: no Saleor known; SALEOR_PYTHON or {SALEOR_PYTHON_FILE} names its interpreter"
        return outcome
    SALEOR_REPORT.unlink(missing_ok=True)
    code = run_python(SALEOR_SUITE)
    if SALEOR_REPORT.exists():
        report = json.loads(SALEOR_REPORT.read_text())
        outcome.passed, outcome.failed, outcome.skipped = (report[key] for key in ("passed", "failed", "skipped"))
    if code and not outcome.failed:
        outcome.failed = 1
        outcome.note = f"it ended with exit code {code}"
    return outcome


def main() -> None:
    suites = [lint] if sys.argv[1:] == ["lint"] else [lint, standalone_suite, saleor_suite]
    outcomes = []
    for suite in suites:
        print(f"\n=== {suite.__name__.replace('_', ' ')}", flush=True)
        started_at = time.monotonic()
        outcomes.append(suite())
        outcomes[-1].seconds = time.monotonic() - started_at
    print("\n" + "=" * 78)
    for outcome in outcomes:
        print(outcome.line())
    print("=" * 78)
    passed, failed, skipped = (sum(getattr(o, key) for o in outcomes) for key in ("passed", "failed", "skipped"))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

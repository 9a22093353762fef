"""Finds the Saleor someone has set up, and installs this checkout's plugins into its environment."""

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
DISTRIBUTION = "saleor-ovop"
CONFIG_FILE = Path("~/.config/ovop/saleor-python")
WAIT_FOR_OTHERS_SECONDS = 600

Echo = Callable[[str], None]


class SaleorUnavailable(Exception):
    """No Saleor can be used; the message says what is missing and what to do."""


@dataclass(frozen=True, slots=True)
class Saleor:
    """An interpreter in which `saleor` imports.

    `python` is kept as it was given: resolving the link of a virtual environment would leave the environment.
    """

    python: Path
    version: str
    package: Path
    prefix: Path

    @property
    def slug(self) -> str:
        """The version as it may stand in the name of a database or a file."""
        return "".join(character if character.isalnum() else "_" for character in self.version)


_DESCRIBE = """
import importlib.util, json, sys
found = {"prefix": sys.prefix, "pip": importlib.util.find_spec("pip") is not None}
try:
    import saleor
    found |= {"version": saleor.__version__, "package": saleor.__path__[0]}
except ImportError as error:
    found["problem"] = str(error)
print(json.dumps(found))
"""

_INSTALLED = """
import importlib.metadata, json
print(json.dumps(sorted({(d.name, d.version) for d in importlib.metadata.distributions() if d.name})))
"""


def _compatibility() -> ModuleType:
    """The declared range, read from its file: `ovop_shared` itself need not be importable where this runs."""
    path = ROOT / "plugins" / "ovop_shared" / "compatibility.py"
    spec = importlib.util.spec_from_file_location("ovop_compatibility", path)
    if spec is None or spec.loader is None:
        raise SaleorUnavailable(f"{path} is missing: this checkout is not complete.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def named_interpreter() -> Path | None:
    """The interpreter named by SALEOR_PYTHON or ~/.config/ovop/saleor-python; None when neither names one."""
    named = os.environ.get("SALEOR_PYTHON", "").strip()
    config = CONFIG_FILE.expanduser()
    if not named and config.is_file():
        named = config.read_text().strip()
    return Path(named).expanduser().absolute() if named else None


def find_saleor() -> Saleor:
    """The named Saleor, checked. Raises SaleorUnavailable: none named, not a Python, no saleor, no pip, outside the range."""
    python = named_interpreter()
    if python is None:
        raise SaleorUnavailable(
            f"No Saleor is known. Name a Python interpreter in which `saleor` imports: set SALEOR_PYTHON, "
            f"or write its path into {CONFIG_FILE}."
        )
    try:
        answer = subprocess.run(
            [python, "-c", _DESCRIBE], capture_output=True, text=True, cwd="/", timeout=120, check=False
        )
    except OSError as error:
        raise SaleorUnavailable(f"{python} cannot be started: {error.strerror}.") from error
    if answer.returncode != 0:
        raise SaleorUnavailable(f"{python} is not a usable Python: {answer.stderr.strip()[-500:]}")
    found = json.loads(answer.stdout.splitlines()[-1])
    if "problem" in found:
        raise SaleorUnavailable(
            f"`import saleor` fails in {python}: {found['problem']}. "
            "The directory that holds Saleor's package has to be on that interpreter's path."
        )
    problem = _compatibility().saleor_version_problem(found["version"])
    if problem:
        raise SaleorUnavailable(problem)
    if not found["pip"]:
        raise SaleorUnavailable(
            f"{python} has no pip, so the plugins cannot be installed there. Run `{python} -m ensurepip`."
        )
    return Saleor(python, found["version"], Path(found["package"]), Path(found["prefix"]))


def plugins_digest() -> str:
    """One hash for everything that ends up in the wheel."""
    files = [ROOT / "pyproject.toml", *sorted((ROOT / "plugins").rglob("*"))]
    digest = hashlib.sha256()
    for path in files:
        relative = path.relative_to(ROOT)
        if path.is_file() and "__pycache__" not in relative.parts and ".egg-info" not in str(relative):
            digest.update(f"{relative}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


@contextlib.contextmanager
def installed_plugins(saleor: Saleor, *, echo: Echo = print, without_plugins: bool = False) -> Iterator[Saleor]:
    """Holds the environment with exactly this checkout's plugins in it (or none) while the block runs.

    Runs that want the same contents share the environment; one that wants others waits, so that nobody's plugins are
    replaced under a running shop. Raises SaleorUnavailable when the wait or the installation fails.
    """
    wanted = "none" if without_plugins else plugins_digest()
    stamp = saleor.prefix / ".ovop-installed"
    try:
        lock = (saleor.prefix / ".ovop-lock").open("a")
    except OSError as error:
        raise SaleorUnavailable(f"{saleor.prefix} cannot be written to: {error.strerror}.") from error
    with lock:
        while True:
            _wait_for(lock, fcntl.LOCK_SH, saleor, echo)
            if _read(stamp) == wanted and without_plugins == (_installed(saleor).get(DISTRIBUTION) is None):
                break
            # A lock cannot be raised in one step: another run may get between, so the loop looks again.
            fcntl.flock(lock, fcntl.LOCK_UN)
            _wait_for(lock, fcntl.LOCK_EX, saleor, echo)
            if _read(stamp) != wanted or without_plugins != (_installed(saleor).get(DISTRIBUTION) is None):
                stamp.unlink(missing_ok=True)
                if without_plugins:
                    _pip(saleor, "uninstall", "--yes", DISTRIBUTION)
                else:
                    _install(saleor, echo)
                stamp.write_text(wanted)
            fcntl.flock(lock, fcntl.LOCK_UN)
        yield saleor


def _read(path: Path) -> str | None:
    return path.read_text() if path.is_file() else None


def _wait_for(lock: IO[str], kind: int, saleor: Saleor, echo: Echo) -> None:
    deadline = time.monotonic() + WAIT_FOR_OTHERS_SECONDS
    told = False
    while True:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if not told:
                echo(f"Waiting: another shop or suite is using {saleor.prefix} with other plugin contents.")
                told = True
            if time.monotonic() > deadline:
                raise SaleorUnavailable(
                    f"{saleor.prefix} is still used by another shop or suite, with other plugin contents. Stop it first."
                ) from None
            time.sleep(0.5)
        else:
            return


def _installed(saleor: Saleor) -> dict[str, str]:
    answer = subprocess.run([saleor.python, "-c", _INSTALLED], capture_output=True, text=True, cwd="/", check=True)
    return dict(json.loads(answer.stdout))


def _pip(saleor: Saleor, *arguments: str | Path) -> str:
    done = subprocess.run(
        [saleor.python, "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd="/",
        check=False,
    )
    if done.returncode != 0:
        raise SaleorUnavailable(f"pip {arguments[0]} failed in {saleor.prefix}:\n{done.stdout.strip()[-3000:]}")
    return done.stdout


def _pip_problems(saleor: Saleor) -> set[str]:
    check = subprocess.run(
        [saleor.python, "-m", "pip", "--disable-pip-version-check", "check"],
        capture_output=True,
        text=True,
        cwd="/",
        check=False,
    )
    return set(check.stdout.splitlines()) - {"No broken requirements found."}


def _install(saleor: Saleor, echo: Echo) -> None:
    """Installs a wheel of this checkout; of our dependencies only what is missing, so that no pin of Saleor's moves."""
    echo(f"Installing the plugins into Saleor {saleor.version}'s environment ...")
    before = _installed(saleor)
    old_problems = _pip_problems(saleor)
    with tempfile.TemporaryDirectory(prefix="ovop-wheel-") as scratch:
        wheel = _build_wheel(saleor, Path(scratch))
        constraints = Path(scratch) / "installed.txt"
        constraints.write_text(
            "".join(f"{name}=={version}\n" for name, version in before.items() if name != DISTRIBUTION)
        )
        _pip(saleor, "install", "--quiet", "--no-deps", "--force-reinstall", wheel)
        _pip(saleor, "install", "--quiet", "--constraint", constraints, wheel)
    after = _installed(saleor)
    moved = [
        f"{name} {version} -> {after.get(name)}"
        for name, version in before.items()
        if name != DISTRIBUTION and after.get(name) != version
    ]
    problems = [line for line in sorted(_pip_problems(saleor)) if line not in old_problems or DISTRIBUTION in line]
    if moved or problems:
        raise SaleorUnavailable("The plugins do not fit beside this Saleor:\n" + "\n".join(moved + problems))
    added = sorted(f"{name} {version}" for name, version in after.items() if name not in before)
    echo(f"Installed {', '.join(added) if added else DISTRIBUTION}; every pin of Saleor's is as it was.")


def _build_wheel(saleor: Saleor, scratch: Path) -> Path:
    """Builds from a copy: nothing stale from an earlier build in the checkout gets into the wheel."""
    source = scratch / "source"
    shutil.copytree(
        ROOT / "plugins", source / "plugins", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "*.pyc")
    )
    for path in (ROOT / "pyproject.toml", *ROOT.glob("*.md"), *ROOT.glob("LICENSE*")):
        shutil.copy2(path, source / path.name)
    _pip(saleor, "wheel", "--quiet", "--no-deps", "--wheel-dir", scratch, source)
    (wheel,) = scratch.glob("*.whl")
    return wheel


def main() -> int:
    """Installs this checkout's plugins and says where."""
    try:
        with installed_plugins(find_saleor(), without_plugins="--without-plugins" in sys.argv[1:]) as saleor:
            print(f"Saleor {saleor.version} in {saleor.prefix} is ready.")
    except SaleorUnavailable as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

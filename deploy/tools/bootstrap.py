"""Make `.venv` from constraints.txt: pinned, hashed, and only when something changed. Needs nothing but a Python.

Run by the Makefile with the machine's python3, so this file stays readable for Pythons older than the project's own.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

MINIMUM = (3, 11)
ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
STAMP = VENV / "ready"
# What must be there before anything is built from source; two of the pins are source archives only.
BUILD_TOOLS = ("packaging", "setuptools", "wheel")
SHOWN = ("Collecting ", "Installing ")


def wanted_state() -> dict[str, str]:
    """What the environment has to be made from: `base` needs a new one, the others one more run of pip."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    parts = {
        "base": f"{sys.version} {ROOT}",
        "pins": (ROOT / "constraints.txt").read_text(),
        "project": json.dumps([project["build-system"], project["project"], project["tool"]["setuptools"]]),
    }
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in parts.items()}


def current_state() -> dict[str, str]:
    """What it was last made from; empty when it was never finished."""
    try:
        state: dict[str, str] = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return state


def check_python() -> None:
    if sys.version_info < MINIMUM:
        sys.exit(
            f"Python {MINIMUM[0]}.{MINIMUM[1]} or newer is needed; {sys.executable} is older. "
            "Name another one: make PYTHON=python3.12 …"
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as error:
        sys.exit(
            f"{sys.executable} cannot make a virtual environment: {error}. "
            "On Debian and Ubuntu install the package python3-venv, or name another Python: make PYTHON=…"
        )


def pip(title: str, *arguments: str) -> None:
    """Run pip in the new environment, showing a line per package; its whole output when it fails."""
    print(f"  {title}", flush=True)
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    command = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--progress-bar", "off", *arguments]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    output = []
    assert process.stdout is not None
    for line in process.stdout:
        output.append(line)
        if line.strip().startswith(SHOWN):
            print("    " + line.strip().partition(" (from ")[0][:100], flush=True)
    if process.wait():
        sys.exit("".join(output) + f"\nInstalling failed: {title}. The lines above say why.")


def pins_of(names: tuple[str, ...]) -> str:
    """The blocks of constraints.txt that pin these packages, with their hashes."""
    blocks = re.split(r"\n(?=\S)", (ROOT / "constraints.txt").read_text())
    return "\n".join(block for block in blocks if block.split("==")[0] in names) + "\n"


def main() -> None:
    check_python()
    wanted = wanted_state()
    if current_state() == wanted:
        return
    state_folder = ROOT / ".ovop"
    state_folder.mkdir(exist_ok=True)
    with (state_folder / "bootstrap.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        current = current_state()
        if current != wanted:
            make(current, wanted)


def make(current: dict[str, str], wanted: dict[str, str]) -> None:
    print("Making the virtual environment .venv (again only when the pins change)", flush=True)
    is_new = current.get("base") != wanted["base"]
    if is_new:
        shutil.rmtree(VENV, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    if is_new or current.get("pins") != wanted["pins"]:
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as build_tools:
            build_tools.write(pins_of(BUILD_TOOLS))
            build_tools.flush()
            pip("1/3 build tools", "--no-deps", "--require-hashes", "-r", build_tools.name)
        # The file pins the whole closure: --no-deps keeps pip from adding anything to it.
        pip("2/3 dependencies", "--no-deps", "--no-build-isolation", "--require-hashes", "-r", "constraints.txt")
    pip("3/3 saleor-ovop", "--no-deps", "--no-build-isolation", "-e", ".")
    STAMP.write_text(json.dumps(wanted))


if __name__ == "__main__":
    main()

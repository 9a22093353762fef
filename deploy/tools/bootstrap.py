"""Make `.venv` from constraints.txt: pinned, hashed, and only when something changed. Needs nothing but a Python.

Run by the Makefile with the machine's python3, so this file stays readable for Pythons older than the project's own.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

MINIMUM = (3, 11)
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
VENV = os.path.join(ROOT, ".venv")  # noqa: PTH118
STAMP = os.path.join(VENV, "ready")  # noqa: PTH118
# What must be there before anything is built from source; two of the pins are source archives only.
BUILD_TOOLS = ("packaging", "setuptools", "wheel")
SHOWN = ("Collecting ", "Downloading ", "Building ", "Installing ", "Successfully ")


def wanted_state() -> str:
    """What the environment was made from; another value means it has to be made again."""
    digest = hashlib.sha256(f"{sys.version_info[:3]} {ROOT}".encode())
    for name in ("pyproject.toml", "constraints.txt"):
        with open(os.path.join(ROOT, name), "rb") as file:  # noqa: PTH118, PTH123
            digest.update(file.read())
    return digest.hexdigest()


def current_state() -> str:
    try:
        with open(STAMP) as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return ""


def check_python() -> None:
    if sys.version_info < MINIMUM:
        sys.exit("Python {}.{} or newer is needed; {} is {}.{}. Name another one: make PYTHON=python3.12 …".format(
            MINIMUM[0], MINIMUM[1], sys.executable, sys.version_info[0], sys.version_info[1]
        ))
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
    command = [os.path.join(VENV, "bin", "python"), "-m", "pip", "install", "--progress-bar", "off", *arguments]  # noqa: PTH118
    process = subprocess.Popen(  # noqa: S603
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    output = []
    assert process.stdout is not None
    for line in process.stdout:
        output.append(line)
        if line.strip().startswith(SHOWN):
            print("    " + line.strip()[:110], flush=True)
    if process.wait():
        sys.exit("".join(output) + f"\nInstalling failed: {title}. The lines above say why.")


def pins_of(names: tuple[str, ...]) -> str:
    """The blocks of constraints.txt that pin these packages, with their hashes."""
    with open(os.path.join(ROOT, "constraints.txt")) as file:  # noqa: PTH118, PTH123
        blocks = re.split(r"\n(?=\S)", file.read())
    return "\n".join(block for block in blocks if block.split("==")[0] in names) + "\n"


def main() -> None:
    check_python()
    wanted = wanted_state()
    if current_state() == wanted:
        return
    os.makedirs(os.path.join(ROOT, ".ovop"), exist_ok=True)  # noqa: PTH103, PTH118
    with open(os.path.join(ROOT, ".ovop", "bootstrap.lock"), "w") as lock:  # noqa: PTH118, PTH123
        import fcntl

        fcntl.flock(lock, fcntl.LOCK_EX)
        if current_state() == wanted:
            return
        print("Making the virtual environment .venv (once; again when the pins change)", flush=True)
        shutil.rmtree(VENV, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)  # noqa: S603
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as build_tools:
            build_tools.write(pins_of(BUILD_TOOLS))
            build_tools.flush()
            pip("1/3 build tools", "--no-deps", "--require-hashes", "-r", build_tools.name)
        # The file pins the whole closure: --no-deps keeps pip from adding anything to it.
        pip("2/3 dependencies", "--no-deps", "--no-build-isolation", "--require-hashes", "-r", "constraints.txt")
        pip("3/3 saleor-ovop", "--no-deps", "--no-build-isolation", "-e", ".")
        with open(STAMP, "w") as file:  # noqa: PTH123
            file.write(wanted)


if __name__ == "__main__":
    main()

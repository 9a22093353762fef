"""A whole shop on this machine: api, worker and beat of one Saleor on one database, started, watched and ended together."""

import contextlib
import ctypes
import json
import os
import secrets
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from deploy.saleor.databases import django_environment
from deploy.saleor.interpreter import ROOT, Echo, Saleor

DEFAULT_BROKER = "redis://127.0.0.1:6379/0"
START_SECONDS = 120
STOP_SECONDS = 15
SETTINGS = "deploy.saleor.shop_settings"


class ShopFailed(Exception):
    """A part of the shop did not start or has ended; the message carries the end of its log."""


@dataclass(frozen=True, slots=True)
class Staff:
    """The superuser; the password is known only when this checkout created it."""

    email: str
    password: str


@dataclass
class RunningShop:
    """A shop on one database. `with RunningShop(...) as shop:` prepares and starts it, and stops all of it at the end.

    `name` keeps queue, cache and files of several shops on one machine apart. `port` 0 takes a free one.
    `environment` is added to what every part of the shop sees. Raises ShopFailed and SaleorUnavailable.
    """

    saleor: Saleor
    database_url: str
    name: str
    state: Path
    broker_url: str = DEFAULT_BROKER
    host: str = "127.0.0.1"
    port: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    echo: Echo = print
    _children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict, init=False)
    _consoles: list[subprocess.Popen[bytes]] = field(default_factory=list, init=False)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def graphql_url(self) -> str:
        return f"{self.url}/graphql/"

    @property
    def staff(self) -> Staff:
        """Written down on first use, so that a second start of the same shop can say it again."""
        path = self.state / "staff.json"
        if not path.exists():
            self.state.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(json.dumps({"email": "admin@example.com", "password": secrets.token_urlsafe(12)}))
        return Staff(**json.loads(path.read_text()))

    def log(self, part: str) -> Path:
        """Where `part` (prepare, api, worker, beat) writes."""
        return self.state / f"{part}.log"

    def log_tail(self, part: str, lines: int = 40) -> str:
        path = self.log(part)
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""

    def __enter__(self) -> Self:
        try:
            self.prepare()
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def prepare(self, *, purge: bool = True) -> None:
        """Migrations, `ovop_setup` and staff; safe to run again."""
        self.state.mkdir(parents=True, exist_ok=True)
        if self.port == 0:
            self.port = _free_port(self.host)
        with self.log("prepare").open("w") as log:
            done = subprocess.run(
                [self.saleor.python, "-m", "deploy.saleor.prepare", *(["--purge"] if purge else [])],
                env=self._environment(),
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode != 0:
            raise ShopFailed(f"Preparing the shop failed:\n{self.log_tail('prepare')}")

    def start(self) -> None:
        """Starts api, worker and beat and returns when all three work."""
        self._spawn("api", *self._api_command())
        self._spawn("worker", *self._worker_command())
        scheduler = "saleor.schedulers.schedulers.DatabaseScheduler"
        self._spawn("beat", *self._celery(), "beat", "--loglevel", "info", "--scheduler", scheduler, "--pidfile", "")
        self._wait("api", self._answers)
        self._wait("worker", lambda: " ready." in self.log_tail("worker", 1000))
        self._wait("beat", lambda: "beat: Starting" in self.log_tail("beat", 1000))

    def check(self) -> None:
        """Raises ShopFailed when a part has ended by itself."""
        for part, child in self._children.items():
            if child.poll() is not None:
                raise ShopFailed(
                    f"{part} ended with {child.returncode}; the end of {self.log(part)}:\n{self.log_tail(part)}"
                )

    def manage(self, *arguments: str) -> str:
        """Runs a management command in the shop's environment and returns what it printed."""
        done = subprocess.run(
            [self.saleor.python, "-m", "django", *arguments],
            env=self._environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ShopFailed(f"{arguments[0]} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-4000:]}")
        return done.stdout

    def run(self, script: str) -> Any:
        """Runs a script in the shop's environment and returns what it says (console.py). Several threads may ask: each
        has a console of its own as long as its script runs."""
        try:
            console = self._consoles.pop()
        except IndexError:
            console = self._new_console()
        assert console.stdin is not None
        assert console.stdout is not None
        console.stdin.write(json.dumps({"script": script}).encode() + b"\n")
        console.stdin.flush()
        line = console.stdout.readline()
        if not line:
            raise ShopFailed(f"a console ended:\n{self.log_tail('console')}")
        self._consoles.append(console)
        answer = json.loads(line)
        if "failed" in answer:
            raise ShopFailed(answer["failed"])
        return answer["said"]

    def restart_worker(self) -> None:
        """Stops the worker and starts a new one: what waits in the queue must survive that."""
        self._end(["worker"])
        log = self.log("worker")
        log.replace(log.with_suffix(".old.log"))
        self._spawn("worker", *self._worker_command())
        self._wait("worker", lambda: " ready." in self.log_tail("worker", 1000))

    def stop(self) -> None:
        """Ends every part; nothing it started is left running."""
        while self._consoles:
            with self._consoles.pop() as console:
                console.kill()
        self._end(["beat", "worker", "api"])

    def _new_console(self) -> subprocess.Popen[bytes]:
        """It ends with its input: when we are killed, that is closed."""
        with self.log("console").open("ab") as log:
            return subprocess.Popen(
                [self.saleor.python, "-m", "deploy.saleor.console"],
                env=self._environment(),
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )

    def _api_command(self) -> tuple[str | Path, ...]:
        address = ("--host", self.host, "--port", str(self.port))
        manners = ("--ws", "none", "--no-access-log", "--timeout-graceful-shutdown", "5")
        return (self.saleor.python, "-m", "uvicorn", "saleor.asgi:application", *manners, *address)

    def _celery(self) -> tuple[str | Path, ...]:
        return (self.saleor.python, "-m", "celery", "--app", "saleor.celeryconf:app")

    def _worker_command(self) -> tuple[str | Path, ...]:
        return (*self._celery(), "worker", "-E", "--loglevel", "info", "--concurrency", "2")

    def _end(self, parts: list[str]) -> None:
        children = [self._children.pop(part) for part in parts if part in self._children]
        for child in children:
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for child in children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(max(0.1, deadline - time.monotonic()))
            # The group: a worker that did not go in time has children of its own.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()

    def _spawn(self, part: str, *command: str | Path) -> None:
        with self.log(part).open("wb") as log:
            self._children[part] = subprocess.Popen(
                command,
                env=self._environment(),
                cwd=self.state,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    def _environment(self) -> dict[str, str]:
        key = self.state / "rsa.pem"
        if not key.exists():
            key.touch(mode=0o600)
            key.write_text(_rsa_key(self.saleor))
        staff = self.staff
        own = {
            "OVOP_SHOP_NAME": self.name,
            "OVOP_SHOP_MEDIA": str(self.state / "media"),
            "CELERY_BROKER_URL": self.broker_url,
            "DEBUG": "False",
            "SECRET_KEY": "only-for-a-shop-on-this-machine",
            "RSA_PRIVATE_KEY": key.read_text(),
            "ALLOWED_HOSTS": f"localhost,127.0.0.1,{self.host}",
            "ALLOWED_CLIENT_HOSTS": f"localhost,127.0.0.1,{self.host}",
            "PUBLIC_URL": self.url,
            "EMAIL_URL": "dummymail://",
            "SEND_USAGE_TELEMETRY": "False",
            "HTTP_IP_FILTER_ALLOW_LOOPBACK_IPS": "True",
            "DJANGO_SUPERUSER_EMAIL": staff.email,
            "DJANGO_SUPERUSER_PASSWORD": staff.password,
        }
        if self.broker_url.startswith(("redis:", "rediss:")):
            own["CACHE_URL"] = self.broker_url
        return django_environment(self.saleor, SETTINGS, self.database_url) | own | dict(self.environment)

    def _wait(self, part: str, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise ShopFailed(f"{part} is not ready after {START_SECONDS} s:\n{self.log_tail(part)}")
            time.sleep(0.2)

    def _answers(self) -> bool:
        request = urllib.request.Request(
            self.graphql_url, b'{"query": "{ shop { name } }"}', {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return "data" in json.load(answer)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def _rsa_key(saleor: Saleor) -> str:
    """Signs the tokens of a shop; api and worker need the same one."""
    script = (
        "from cryptography.hazmat.primitives import serialization as s\n"
        "from cryptography.hazmat.primitives.asymmetric import rsa\n"
        "key = rsa.generate_private_key(public_exponent=65537, key_size=2048)\n"
        "print(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()).decode(), end='')"
    )
    return subprocess.run([saleor.python, "-c", script], capture_output=True, text=True, cwd="/", check=True).stdout


def _die_with_parent() -> None:
    """On Linux a child ends when we are killed without a chance to end it (PR_SET_PDEATHSIG)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)

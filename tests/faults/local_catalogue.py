"""Faults of SQLite, the clock and the service's processes."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress

from tests.faults.catalogue import OWN_CLOCK, POSTGRES, SQLITE, fault
from tests.faults.injections import DISK_WRITES, FLUSHES, family, system_calls
from tests.faults.service import Service
from tests.faults.trial import Writes

DAY = 86_400


@fault(OWN_CLOCK, Writes.GO_ON)
def clock_a_day_ahead(service: Service) -> Iterator[None]:
    service.clock.shift(DAY)
    yield
    service.clock.shift(0)


@fault(OWN_CLOCK, Writes.GO_ON)
def clock_a_day_behind(service: Service) -> Iterator[None]:
    service.clock.shift(-DAY)
    yield
    service.clock.shift(0)


@fault(SQLITE, Writes.FAIL, max_unready=2.0)
def sqlite_locked(service: Service) -> Iterator[None]:
    with closing(sqlite3.connect(service.disk.folder / "forms.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("COMMIT")


@fault(SQLITE, Writes.FAIL)
def sqlite_read_only(service: Service) -> Iterator[None]:
    with system_calls(service.workers, DISK_WRITES, "error=EROFS"):
        yield


@fault(SQLITE, Writes.FAIL)
def sqlite_disk_full(service: Service) -> Iterator[None]:
    with service.disk.full():
        yield


@fault(SQLITE, Writes.FAIL)
def sqlite_fsync_failing(service: Service) -> Iterator[None]:
    with system_calls(service.workers, FLUSHES, "error=EIO"):
        yield


@fault(SQLITE, Writes.GO_ON)
def sqlite_disk_slow(service: Service) -> Iterator[None]:
    with system_calls(service.workers, FLUSHES, "delay_enter=100000"):
        yield


@fault(SQLITE, Writes.FAIL)
def sqlite_file_moved(service: Service) -> Iterator[None]:
    file = service.disk.folder / "forms.db"
    file.rename(file.with_name("aside"))
    yield
    file.with_name("aside").rename(file)


@fault(SQLITE, Writes.MAY_FAIL, ends_process=True)
def gunicorn_worker_killed(service: Service) -> Iterator[None]:
    """Its master starts another."""
    for worker in service.workers:
        worker.kill()
    yield


@fault(SQLITE, Writes.FAIL, ends_process=True)
def gunicorn_killed(service: Service) -> Iterator[None]:
    service.kill()
    yield
    service.start()


@fault(POSTGRES, Writes.FAIL, ends_process=True)
def postgresql_killed(service: Service) -> Iterator[None]:
    """And all of gunicorn, as by a power cut."""
    for process in [*service.database.processes, *family(service.process.pid)]:
        with suppress(Exception):
            process.kill()
    service.database._process.wait()
    service.process.wait()
    yield
    service.database.start()
    service.start()


@fault(POSTGRES, Writes.FAIL, restarts=True)
def everything_away_at_start(service: Service) -> Iterator[None]:
    """It is live, and ready as soon as the others are there."""
    service.kill()
    service.database.stop()
    service.redis.stop()
    service.mail.stop()
    service.start()
    yield
    service.mail.start()
    service.redis.start()
    service.database.start()

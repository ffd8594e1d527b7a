"""Several instances of the service behind nginx, as `deploy/` has it: PostgreSQL through pgbouncer, Redis, mail."""

import base64
import http.client
import itertools
import json
import secrets
import shutil
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from tests.support import servers
from tests.support.mail_server import MailServer
from tests.support.pgbouncer import PgBouncer
from tests.support.reverse_proxies import Proxy

INSTANCES, WORKERS = 2, 2

_addresses = (f"127.{a}.{b}.{c}" for a, b, c in itertools.product(range(1, 99), range(256), range(1, 255)))


def new_client() -> str:
    """An address that sent nothing yet."""
    return next(_addresses)


class Cluster:
    """Everything that serves; `redis` may be stopped and started again."""

    def __init__(self, folder: Path, database_url: str, **settings: str) -> None:
        folder.chmod(0o755)
        for name in ("redis", "nginx"):
            (folder / name).mkdir(mode=0o755)
        with ExitStack() as stack:
            self._start(stack, folder, database_url, settings)
            self._started = stack.pop_all()

    def _start(self, stack: ExitStack, folder: Path, database_url: str, settings: dict[str, str]) -> None:
        self.mail = MailServer()
        stack.callback(self.mail.stop)
        self.redis = servers.Redis(shutil.which("redis-server") or "redis-server", folder / "redis")
        stack.callback(self.redis.stop)
        self.pgbouncer = PgBouncer(database_url)
        stack.callback(self.pgbouncer.stop)
        self.settings = {
            "SECRET_KEY": secrets.token_urlsafe(40),
            "ENCRYPTION_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
            "DATABASE_URL": self.pgbouncer.url,
            "REDIS_URL": self.redis.url,
            "WEB_CONCURRENCY": str(WORKERS),
            "TRUSTED_PROXIES": "1",
            **self.mail.settings,
            **settings,
        }
        self.instances: list[servers.Server] = []
        stack.callback(self._stop_instances)
        with ThreadPoolExecutor(INSTANCES) as threads:
            folders = [folder / f"instance{number}" for number in range(INSTANCES)]
            starting = [threads.submit(servers.Server, one, self.settings) for one in folders]
            for one in as_completed(starting):
                if not one.exception():
                    self.instances.append(one.result())
        for one in starting:
            one.result()  # raises
        self.nginx = Proxy("nginx", folder / "nginx", *(instance.port for instance in self.instances))
        stack.callback(self.nginx.stop)

    def _stop_instances(self) -> None:
        with ThreadPoolExecutor(INSTANCES) as threads:
            list(threads.map(servers.Server.stop, self.instances))

    def stop(self) -> None:
        """End all."""
        self._started.close()

    def post(self, path: str, body: dict[str, Any], *, client: str = "127.0.0.1") -> int:
        """Status of a request of this client, on a connection of its own."""
        return post(self.nginx.port, path, body, client)

    def statuses(self, path: str, bodies: list[dict[str, Any]], client: str) -> Counter[int]:
        """Statuses of requests that one client sends at once."""
        with ThreadPoolExecutor(12) as threads:
            return Counter(threads.map(lambda body: self.post(path, body, client=client), bodies))

    def sum_of_metric(self, line: str) -> float:
        """The sum over all instances."""
        texts = [instance.get("/metrics").text for instance in self.instances]
        return sum(float(row.rpartition(" ")[2]) for text in texts for row in text.splitlines() if row.startswith(line))


def post(port: int, path: str, body: dict[str, Any], client: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=servers.TIMEOUT, source_address=(client, 0))
    try:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


class Load:
    """Visitors who send submissions one after another until told to stop."""

    VISITORS = 3
    PAUSE = 0.2
    PER_CLIENT = 40
    """Requests on one connection, by one address: fewer than the limit."""

    def __init__(self, port: int, path: str) -> None:
        self._port, self._path = port, path
        self._stopping = threading.Event()
        self.statuses: Counter[int | str] = Counter()
        self._threads = [threading.Thread(target=self._visit, args=(number,)) for number in range(self.VISITORS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, more: int) -> None:
        """Return after so many further requests."""
        until = time.monotonic() + servers.TIMEOUT
        goal = self.statuses.total() + more
        while self.statuses.total() < goal and time.monotonic() < until:
            time.sleep(0.02)
        assert self.statuses.total() >= goal

    def _visit(self, visitor: int) -> None:
        counter = itertools.count()
        while not self._stopping.is_set():
            source = (new_client(), 0)
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60, source_address=source)
            for _ in range(self.PER_CLIENT):
                if self._stopping.is_set():
                    break
                self.statuses[self._send(connection, f"Visitor {visitor} asks for the {next(counter)}th time")] += 1
                time.sleep(self.PAUSE)
            connection.close()

    def _send(self, connection: http.client.HTTPConnection, text: str) -> int | str:
        try:
            connection.request("POST", self._path, json.dumps({"message": text}), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return repr(error)
        return answer.status

"""PostgreSQL, Redis, a mail server and a name server of the harness's own."""

import os
import pwd
import shutil
import socket
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import dns.message
import dns.rrset
import psutil
import psycopg

from tests.faults.injections import family
from tests.support import servers

START_TIMEOUT = 60
NAME_SERVER = "127.0.5.3"
"""On loopback; `resolv.conf` knows no other port than 53."""

NAMES = ("database.test", "redis.test", "mail.test")

OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "60",
    "shared_buffers": "16MB",
    "min_wal_size": "4MB",
    "max_wal_size": "8MB",
    "log_min_messages": "fatal",
    "restart_after_crash": "on",
}


class Postgres:
    """A cluster that may be stopped, frozen and filled."""

    def __init__(self, folder: Path) -> None:
        self.port = servers.free_port()
        self.log = folder / "postgres.log"
        self._data = folder / "data"
        self._bin = _postgres_programs()
        self._user = "postgres" if os.getuid() == 0 else None  # it refuses to run as root
        if self._user:
            shutil.chown(folder, self._user)
        self._run("initdb", "--no-sync", "--auth=trust", "--username=postgres", "--wal-segsize=1", "--encoding=UTF8")
        self.start()
        self.execute("CREATE ROLE forms LOGIN")
        self.execute("CREATE DATABASE forms OWNER forms")

    def url(self, host: str = "127.0.0.1") -> str:
        return f"postgresql://forms@{host}:{self.port}/forms"

    def connect(self, user: str = "postgres") -> psycopg.Connection[Any]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=user, dbname="forms" if user == "forms" else "postgres",
            autocommit=True, connect_timeout=5,
        )  # fmt: skip

    def execute(self, statement: str) -> None:
        with self.connect() as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    @property
    def processes(self) -> list[psutil.Process]:
        return family(self._process.pid)

    def start(self) -> None:
        options = [word for name, value in OPTIONS.items() for word in ("-c", f"{name}={value}")]
        command = [self._bin / "postgres", "-D", self._data, "-p", str(self.port), "-k", "", *options]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, **self._as_user())
        self.wait_until_up()

    def wait_until_up(self) -> None:
        until = time.monotonic() + START_TIMEOUT
        while True:
            try:
                self.connect().close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)

    def stop(self) -> None:
        """At once, without waiting for its clients."""
        if self._process.poll() is None:
            self._run("pg_ctl", "stop", "--mode=immediate")
            self._process.wait()

    def _run(self, program: str, *words: str) -> None:
        command = [self._bin / program, "-D", self._data, *words]
        subprocess.run(command, check=True, capture_output=True, **self._as_user())

    def _as_user(self) -> dict[str, Any]:
        if not self._user:
            return {}
        account = pwd.getpwnam(self._user)
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": [], "cwd": "/"}


def _postgres_programs() -> Path:
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [Path(shutil.which("initdb") or "")]
    return installed[-1].parent


class HangingPort:
    """Takes connections on a port, and never says a word."""

    def __init__(self, port: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", port))
        self._accepted: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                self._accepted.append(self._listener.accept()[0])

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for one in [self._listener, *self._accepted]:
            one.close()


class NameServer:
    """Says that NAMES are on loopback, until it is silent."""

    def __init__(self, folder: Path) -> None:
        self.silent = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((NAME_SERVER, 53))
        configuration = folder / "resolv.conf"
        configuration.write_text(f"nameserver {NAME_SERVER}\n")
        # its own mount namespace: nobody else on the machine sees this file
        self.launcher = (
            "unshare",
            "--mount",
            "sh",
            "-c",
            f'mount --bind {configuration} /etc/resolv.conf; exec "$@"',
            "sh",
        )
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                data, client = self._socket.recvfrom(4096)
                if not self.silent:
                    self._socket.sendto(self._answer(data), client)

    def _answer(self, data: bytes) -> bytes:
        query = dns.message.from_wire(data)
        response = dns.message.make_response(query)
        name, kind = query.question[0].name, query.question[0].rdtype
        if name.to_text(omit_final_dot=True) in NAMES and kind == dns.rdatatype.A:
            response.answer.append(dns.rrset.from_text(name, 1, "IN", "A", "127.0.0.1"))
        return response.to_wire()

    def close(self) -> None:
        self._socket.close()

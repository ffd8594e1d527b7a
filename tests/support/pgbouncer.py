"""Starts pgbouncer with the file of `deploy/`; changes only names, ports and passwords."""

import os
import pwd
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from sqlalchemy import make_url

from tests.support.reverse_proxies import DEPLOY, program
from tests.support.servers import TIMEOUT, free_port


class PgBouncer:
    """A pool of connections to a database, in transaction mode."""

    def __init__(self, database_url: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="forms-pgbouncer-")  # pytest's are for root alone
        folder = Path(self._folder.name)
        folder.chmod(0o755)
        server, self.port = make_url(database_url), free_port()
        self.url = server.set(host="127.0.0.1", port=self.port, database="forms").render_as_string(hide_password=False)
        config = (DEPLOY / "pgbouncer.ini").read_text()
        config = config.replace("host=127.0.0.1 port=5432", f"host={server.host} port={server.port or 5432}")
        config = config.replace("dbname=forms", f"dbname={server.database}").replace("= 6432", f"= {self.port}")
        config = config.replace("scram-sha-256", "trust").replace("/etc/pgbouncer", str(folder))
        config = config.replace("/var/log/postgresql", str(folder)).replace("/run/postgresql", str(folder))
        (folder / "userlist.txt").write_text(f'"{server.username}" "{server.password or ""}"\n')
        (folder / "pgbouncer.ini").write_text(config)
        words = [program("pgbouncer") or "pgbouncer", "-q", str(folder / "pgbouncer.ini")]
        if os.getuid() == 0:  # which pgbouncer refuses to run as
            words[1:1] = ["-u", "postgres"]
            for path in (folder, *folder.iterdir()):
                os.chown(path, pwd.getpwnam("postgres").pw_uid, -1)
        self._process = subprocess.Popen(words)
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + TIMEOUT
        while time.monotonic() < until and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise AssertionError("pgbouncer did not start")

    def stop(self) -> None:
        """End it at once, with all connections."""
        self._process.terminate()
        self._process.wait(TIMEOUT)
        self._folder.cleanup()

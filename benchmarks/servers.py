"""Starts the baseline and the service as in production, and measures their processes."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parent.parent
GUNICORN = Path(sys.executable).with_name("gunicorn")


@dataclass(frozen=True)
class Running:
    """A started server: its port, its workers, and the seconds from start to the first answer."""

    port: int
    workers: tuple[psutil.Process, ...]
    start_seconds: float

    @property
    def worker(self) -> psutil.Process:
        """The only one."""
        (worker,) = self.workers
        return worker

    def processor_seconds(self) -> float:
        """Seconds of processor time that the workers have taken."""
        return sum(sum(worker.cpu_times()[:2]) for worker in self.workers)


@contextmanager
def running(
    target: str, probe: str, *, log: Path | None = None, workers: int = 1, **settings: str
) -> Iterator[Running]:
    """A gunicorn with the project's own configuration, serving `target`, logging to `log`."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        environment = {"PATH": os.environ["PATH"], "INSTANCE_PATH": folder, "LOG_LEVEL": "WARNING", **settings}
        command = [str(GUNICORN), "--bind", f"127.0.0.1:{port}", "--log-level", "warning"]
        command += ["--workers", str(workers), target]
        started = time.perf_counter()
        errors = log.open("ab") if log else None
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=errors)
        try:
            _wait(f"http://127.0.0.1:{port}{probe}", process)
            seconds = time.perf_counter() - started
            yield Running(port, tuple(psutil.Process(process.pid).children()), seconds)
        finally:
            process.terminate()
            process.wait()


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    while process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.01)
    raise SystemExit("the server did not start")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

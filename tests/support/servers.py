"""Starts the service as in production: server, commands, and a Redis that can be frozen."""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from click.testing import CliRunner
from flask import Flask
from flask.cli import FlaskGroup

from forms_service.app import create_app
from forms_service.config import load_settings
from forms_service.database.transactions import dispose_engine
from forms_service.errors import StartError
from tests.support import processes

ROOT = Path(__file__).parents[2]


def _make_home() -> Path:
    home = Path(tempfile.mkdtemp(prefix="forms-tests-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    for name in ("wsgi.py", "gunicorn.conf.py"):
        shutil.copy(ROOT / name, home)
    return home


HOME = _make_home()
"""Working directory of the service: this clone without its `.env`, which may name a database that people use."""

BIN = Path(sys.executable).parent
TIMEOUT = 60
"""Seconds that anything may take on a machine that is busy with other things; nobody waits longer than needed."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(folder: Path, more: dict[str, str]) -> dict[str, str]:
    """Environment of a process of the service: nothing of the machine but its path, and the code of this clone."""
    return {"PYTHONPATH": str(ROOT), "PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(folder), **more}


def build_app(folder: Path, settings: dict[str, str]) -> Flask:
    """The app that a server with this instance and these settings has."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in {**settings, "INSTANCE_PATH": str(folder)}.items():
            patched.setenv(name, value)
        return create_app(load_settings(folder))


@contextmanager
def filled(folder: Path, settings: dict[str, str]) -> Iterator[Flask]:
    """Fills the database of a server that is started afterwards."""
    app = build_app(folder, settings)
    yield app
    with app.app_context(), dispose_engine():
        pass  # the server opens the database next


def flask(
    folder: Path, *words: str, stdin: str = "", at: Path | None = None, **settings: str
) -> subprocess.CompletedProcess[str]:
    """A command of the service, as an operator types it: in this clone with `folder` as instance, or in one `at`."""
    if at is None:
        settings = {"INSTANCE_PATH": str(folder), **settings}
    return processes.run([BIN / "flask", *words], at or HOME, environment(folder, settings), stdin)


def in_process(
    folder: Path, *words: str, stdin: str = "", at: Path | None = None, **settings: str
) -> subprocess.CompletedProcess[str]:
    """The same command without a process of its own, which takes a tenth of the time."""
    made: list[Flask] = []

    def make() -> Flask:
        try:
            made.append(create_app(load_settings(at or HOME)))
        except StartError as error:  # as wsgi.py does
            sys.exit(str(error))
        return made[-1]

    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(at or HOME)
        for name in ("ENVIRONMENT", "BCRYPT_ROUNDS", "LOG_LEVEL"):
            patched.delenv(name, raising=False)
        for name, value in ({} if at else {"INSTANCE_PATH": str(folder), **settings}).items():
            patched.setenv(name, value)
        done = CliRunner().invoke(FlaskGroup(create_app=make, load_dotenv=False), words, input=stdin, prog_name="flask")
    for app in made:
        with app.app_context(), dispose_engine():
            pass
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)


def python(folder: Path, script: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """A few lines of Python in a process of their own."""
    return processes.run([sys.executable, "-c", script], HOME, environment(folder, settings))


def start_flask(folder: Path, *words: str, **settings: str) -> processes.Process:
    """A command that goes on until it is told to end; it writes into `folder/log`."""
    folder.mkdir(exist_ok=True)
    variables = environment(folder, {"INSTANCE_PATH": str(folder), **settings})
    return processes.start([BIN / "flask", *words], HOME, variables, folder / "log", new_session=True)


class Server:
    """gunicorn with the project's own configuration."""

    def __init__(self, folder: Path, settings: dict[str, str], *words: str) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "log"
        self.log.write_text("")
        self._command = [BIN / "gunicorn", "--bind", f"127.0.0.1:{self.port}", *words, "wsgi:app"]
        self._environment = environment(folder, {"INSTANCE_PATH": str(folder), **settings})
        self.start()

    def start(self) -> None:
        """Serve, on the same port as before."""
        self.process = processes.start(self._command, HOME, self._environment, self.log)
        if not self._answers():
            self.stop()
            raise AssertionError(self.log.read_text())

    def _answers(self) -> bool:
        """True once it answers; it takes connections before there is a worker that could answer them."""
        until = time.monotonic() + TIMEOUT
        while time.monotonic() < until and self.process.poll() is None:
            try:
                requests.get(f"{self.url}/health/live", timeout=2)
                return True
            except requests.RequestException:
                time.sleep(0.05)
        return False

    def post(self, path: str, **kwargs: Any) -> requests.Response:
        """A POST to the service."""
        return requests.post(self.url + path, timeout=TIMEOUT, **kwargs)

    def get(self, path: str, **kwargs: Any) -> requests.Response:
        """A GET to the service."""
        return requests.get(self.url + path, timeout=TIMEOUT, **kwargs)

    def stop(self) -> None:
        """End it as a service manager does."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(TIMEOUT)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def kill(self) -> None:
        """End it and all its processes at once, wherever they are, as a power cut does."""
        family = [*psutil.Process(self.process.pid).children(recursive=True), self.process]
        for process in family:
            process.kill()
        self.process.wait()


class Redis:
    """A Redis of its own, which can go away, freeze and come back."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        """Begin to answer."""
        words = ["--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--dir", str(self._folder)]
        self._process = subprocess.Popen([self._program, *words], stdout=subprocess.DEVNULL)
        until = time.monotonic() + TIMEOUT
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise AssertionError("redis-server did not start")

    def freeze(self) -> None:
        """Take connections and never answer."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Answer again."""
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Be gone."""
        self._process.send_signal(signal.SIGCONT)
        self._process.kill()
        self._process.wait()

"""Starts processes of the service by forking a server that has imported it already: ten times faster than anew."""

import atexit
import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

_fork_server = multiprocessing.get_context("forkserver")
_fork_server.set_forkserver_preload(
    ["forms_service.app", "forms_service.cli", "gunicorn.app.wsgiapp", "psycopg_binary", "redis", __name__]
)

NEEDS_OWN_INTERPRETER = {"--debug", "-w", "--workers"}
"""Words of commands that cannot be forked: the reloader runs its own command line again, and prometheus_client has
chosen at its import how values are kept, for one process."""


def can_fork(command: list[str], environment: dict[str, str]) -> bool:
    """True if the command behaves in a fork as in an interpreter of its own."""
    words = {*command, *environment.get("GUNICORN_CMD_ARGS", "").split()}
    is_python = Path(command[0]).parent == Path(sys.executable).parent and "LD_PRELOAD" not in environment
    return is_python and not NEEDS_OWN_INTERPRETER & words and int(environment.get("WEB_CONCURRENCY", "1")) < 2


class ForkedProcess:
    """A fork that runs a Python command, with the methods of `subprocess.Popen` that tests need."""

    def __init__(
        self,
        command: list[str],
        folder: Path,
        environment: dict[str, str],
        streams: tuple[str, str, str],
        *,
        new_session: bool = False,
    ) -> None:
        arguments = (command, str(folder), environment, streams, new_session)
        self._process: BaseProcess = _fork_server.Process(target=_run, args=arguments, daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("a forked command", timeout or 0)
        return self._process.exitcode

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()


Process = ForkedProcess | subprocess.Popen[bytes]


def start(
    command: list[Any], folder: Path, environment: dict[str, str], log: Path, *, new_session: bool = False
) -> Process:
    """Starts a Python command in `folder`, with its output appended to `log`."""
    words = [str(word) for word in command]
    if can_fork(words, environment):
        streams = (os.devnull, str(log), str(log))
        return ForkedProcess(words, folder, environment, streams, new_session=new_session)
    with log.open("a") as output:
        return subprocess.Popen(
            words, cwd=folder, env=environment, stdout=output, stderr=output, start_new_session=new_session
        )


def run(
    command: list[Any], folder: Path, environment: dict[str, str], stdin: str = "", timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Runs a Python command in `folder` to its end, in a fork: it serves nobody, so it keeps no metrics."""
    words = [str(word) for word in command]
    with tempfile.TemporaryDirectory() as streams:
        files = [Path(streams, name) for name in ("in", "out", "err")]
        files[0].write_text(stdin)
        process = ForkedProcess(words, folder, environment, (str(files[0]), str(files[1]), str(files[2])))
        try:
            process.wait(timeout)
        finally:
            process.kill()
        return subprocess.CompletedProcess(words, process.wait(), files[1].read_text(), files[2].read_text())


def _run(
    command: list[str], folder: str, environment: dict[str, str], streams: tuple[str, str, str], new_session: bool
) -> None:
    """Turns this fork into the process that the command would have started."""
    if new_session:
        os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    _open_streams(streams)
    sys.path[:] = [place for place in sys.path if place not in ("", str(Path(__file__).parents[2]))]
    sys.path[:0] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    try:
        _run_command(command)
    finally:
        atexit._run_exitfuncs()  # multiprocessing leaves them out


def _open_streams(paths: tuple[str, str, str]) -> None:
    for number, path in enumerate(paths):
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND if number else os.O_RDONLY
        opened = os.open(path, flags)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)


def _run_command(command: list[str]) -> None:
    """`PYTHON -c CODE`, `PYTHON -m MODULE WORDS`, `PYTHON FILE WORDS` or an installed command, as `__main__`."""
    words = command[1:] if command[0] == sys.executable else command
    if words[0] == "-c":
        sys.argv = ["-c", *words[2:]]
        sys.path.insert(0, "")
        exec(compile(words[1], "<string>", "exec"), {"__name__": "__main__"})
    elif words[0] == "-m":
        sys.argv = words[1:]
        sys.path.insert(0, os.getcwd())
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        sys.path.insert(0, str(Path(words[0]).parent))
        runpy.run_path(words[0], run_name="__main__")

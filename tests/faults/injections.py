"""Ways to break what a process depends on: system calls that fail or are slow, stopped processes, full disks."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

ATTACH_TIMEOUT = 20.0
FLUSHES = "fsync,fdatasync,sync_file_range"
DISK_WRITES = "pwrite64,pwritev,ftruncate,fallocate"
"""SQLite's; PostgreSQL and log files use others."""


def family(pid: int) -> list[psutil.Process]:
    """A process and its descendants that are still there."""
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    return []


@contextmanager
def system_calls(processes: Iterable[psutil.Process], calls: str, effect: str) -> Iterator[None]:
    """Let `calls` of these processes fail (`error=EIO`) or be slow (`delay_exit=100000`, in microseconds)."""
    pids = [process.pid for process in processes]
    targets = [word for pid in pids for word in ("-p", str(pid))]
    rules = ["-e", f"trace={calls}", "-e", f"inject={calls}:{effect}"]
    tracer = subprocess.Popen(["strace", "-f", "-qq", "-o", "/dev/null", *rules, *targets])
    try:
        _wait_until_traced(pids)
        yield
    finally:
        tracer.terminate()
        tracer.wait()


def _wait_until_traced(pids: list[int]) -> None:
    until = time.monotonic() + ATTACH_TIMEOUT
    for pid in pids:
        while time.monotonic() < until and not _is_traced(pid):
            time.sleep(0.01)


def _is_traced(pid: int) -> bool:
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        return all("TracerPid:\t0\n" not in (thread / "status").read_text() for thread in threads)
    except FileNotFoundError:  # it has ended
        return True


@contextmanager
def frozen(processes: Iterable[psutil.Process]) -> Iterator[None]:
    """Stop them with SIGSTOP: their sockets take connections and bytes, and never answer."""
    stopped = list(processes)
    for process in stopped:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in stopped:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)


class SmallDisk:
    """A file system of its own that can be filled."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        folder.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=True)
        self.folder = folder

    @contextmanager
    def full(self) -> Iterator[None]:
        """Not a byte is free."""
        filler = self.folder / "filler"
        descriptor = os.open(filler, os.O_CREAT | os.O_WRONLY, 0o600)
        try:
            for size in (2**20, 4096):
                with suppress(OSError):
                    while True:
                        os.write(descriptor, b"\0" * size)
            yield
        finally:
            os.close(descriptor)
            filler.unlink()

    def remove(self) -> None:
        subprocess.run(["umount", "--lazy", self.folder], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

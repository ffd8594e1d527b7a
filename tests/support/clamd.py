"""A real clamd, with one signature of its own: no database has to be downloaded."""

import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.servers import TIMEOUT

THREAT = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""EICAR's test file, which every scanner takes for a virus."""

NAME = "Test.EICAR.UNOFFICIAL"
MAX_STREAM = 2**20

CONFIGURATION = """
LocalSocket {folder}/clamd.sock
DatabaseDirectory {folder}/database
TemporaryDirectory {folder}
StreamMaxLength {limit}
Foreground yes
LogTime no
OfficialDatabaseOnly no
ConcurrentDatabaseReload no
MaxThreads 2
"""


class Clamd:
    """It can go away, freeze and come back."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("clamd", path="/usr/sbin:/usr/bin:/usr/local/sbin")
        if program is None:
            pytest.skip("clamd is not installed (Debian: clamav-daemon)")
        self._program = program
        self._folder = folder
        self.socket = folder / "clamd.sock"
        (folder / "database").mkdir(parents=True)
        (folder / "database" / "test.ndb").write_text(f"Test.EICAR:0:*:{THREAT.hex()}\n")
        (folder / "clamd.conf").write_text(CONFIGURATION.format(folder=folder, limit=MAX_STREAM))
        self.start()

    def start(self) -> None:
        """Begin to answer."""
        self.socket.unlink(missing_ok=True)
        words = [self._program, "--config-file", str(self._folder / "clamd.conf")]
        with (self._folder / "log").open("wb") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log)
        until = time.monotonic() + TIMEOUT
        while time.monotonic() < until and self.process.poll() is None:
            try:
                with socket.socket(socket.AF_UNIX) as probe:
                    probe.connect(str(self.socket))
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError((self._folder / "log").read_text())

    def freeze(self) -> None:
        """Take connections and never answer."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Answer again."""
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Be gone."""
        self.thaw()
        self.process.kill()
        self.process.wait()

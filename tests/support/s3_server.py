"""A real S3 server: `rclone serve s3` from PyPI, which checks signatures, on a folder."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.support.servers import BIN, TIMEOUT, free_port

BUCKET = "forms"


class S3Server:
    """It can go away, freeze and come back."""

    def __init__(self, folder: Path) -> None:
        self.files = folder / BUCKET
        self.files.mkdir(parents=True)
        self._folder = folder
        self.port = free_port()
        self.start()

    def settings(self, **changes: str) -> dict[str, str]:
        """Settings of a service that stores its files here."""
        url = f"http://127.0.0.1:{self.port}"
        keys = {"S3_ACCESS_KEY": "KEYID", "S3_SECRET_KEY": "SECRETKEY"}
        return {"S3_ENDPOINT": url, "S3_BUCKET": BUCKET, "S3_PREFIX": "a/b", **keys, **changes}

    def stored(self) -> dict[str, bytes]:
        """What the bucket holds under the prefix, by name."""
        return {path.name: path.read_bytes() for path in (self.files / "a" / "b").glob("*-*")}

    def start(self) -> None:
        """Begin to answer."""
        words = ["serve", "s3", str(self._folder), "--addr", f"127.0.0.1:{self.port}", "--auth-key", "KEYID,SECRETKEY"]
        environment = {**os.environ, "RCLONE_CONFIG": os.devnull, "GOMAXPROCS": "1"}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(
            [shutil.which("rclone", path=str(BIN)) or "rclone", *words], env=environment, **quiet
        )
        until = time.monotonic() + TIMEOUT
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise AssertionError("rclone did not start")

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

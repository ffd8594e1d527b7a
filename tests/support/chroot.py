"""Builds the image without a container engine's service, and tries it as its user, with a read-only root.

Run as root, with buildah and debootstrap: `python -m tests.support.chroot FOLDER`. FOLDER keeps Debian's base system,
with Python, for the next run. buildah runs each step of the Containerfile in a chroot.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.support import containerfile
from tests.support.servers import ROOT, TIMEOUT, free_port

BASE, IMAGE = "localhost/forms_service-base", "localhost/forms_service"
PASSWORD = "Correct-horse-7"
AUTHORITIES = "etc/ssl/certs/ca-certificates.crt"
MOUNTS = """
mount --make-rprivate / && mount --bind {root} {root} && mount -o remount,bind,ro {root}
mount --bind /dev {root}/dev && mount -t proc proc {root}/proc && mount -t tmpfs tmpfs {root}/tmp
mount -t tmpfs tmpfs {root}/dev/shm
mount --bind {volume} {root}/data && exec chroot --userspec={user} {root} sh -c 'cd {workdir} && exec "$@"' sh "$@"
"""


def run(*words: str | Path) -> str:
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def make_base(folder: Path) -> None:
    """Debian with its Python, and with this machine's authorities for pip."""
    if not (folder / "usr/bin/python3").exists():
        packages = "--include=python3,python3-venv,ca-certificates"
        run("debootstrap", "--variant=minbase", packages, "trixie", folder)
    shutil.copy(f"/{AUTHORITIES}", folder / AUTHORITIES)
    (folder / "etc/pip.conf").write_text(f"[global]\ncert = /{AUTHORITIES}\n")
    container = run("buildah", "from", "scratch")
    run("buildah", "copy", "--quiet", container, folder, "/")
    run("buildah", "commit", "--quiet", "--rm", container, BASE)


class Container:
    """The image, run with the environment, user and folder that it names."""

    def __init__(self, root: str, volume: Path) -> None:
        os.chown(volume, *map(int, containerfile.last("USER").split(":")))
        self.port = str(free_port())
        self.url = f"http://127.0.0.1:{self.port}"
        values = {"root": root, "volume": volume, "user": containerfile.last("USER")}
        script = MOUNTS.format(**values, workdir=containerfile.last("WORKDIR"))
        self._prefix = ["unshare", "--mount", "sh", "-ec", script, "sh"]
        self._environment = {**containerfile.environment(), "PORT": self.port}
        self._environment["PATH"] = self._environment["PATH"].replace("$PATH", os.environ["PATH"])

    def start(self, *words: str, **options: int) -> "subprocess.Popen[str]":
        return subprocess.Popen([*self._prefix, *words], env=self._environment, text=True, **options)  # type: ignore[call-overload,no-any-return]

    def run(self, *words: str, stdin: str = "") -> tuple[int, str]:
        process = self.start(*words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output, _ = process.communicate(stdin)
        return process.returncode, output

    @contextmanager
    def serving(self) -> Iterator[None]:
        """The image's own command, until it is told to stop as `docker stop` does."""
        process = self.start(*containerfile.command())
        try:
            until = time.monotonic() + TIMEOUT
            while self.run(*containerfile.healthcheck())[0]:
                assert process.poll() is None
                assert time.monotonic() < until
                time.sleep(0.5)
            yield
        finally:
            process.send_signal(signal.Signals[containerfile.last("STOPSIGNAL")])
            code = process.wait(TIMEOUT)
        assert code == 0


def try_out(container: Container) -> None:
    """From the first start to the second."""
    code, output = container.run(*containerfile.command())
    assert code != 0
    assert "PUBLIC_URL" in output, output
    code, output = container.run("flask", "setup", "forms.example.com", "you@example.com", stdin=f"{PASSWORD}\n" * 2)
    assert code == 0, output
    code, output = container.run("sh", "-c", "touch /opt/x /etc/x; id -u; touch /data/x /tmp/x && echo writable")
    assert output.count("Read-only file system") == 2, output
    assert output.endswith(f"{containerfile.last('USER').split(':')[0]}\nwritable\n"), output
    with container.serving():
        form = container.run("flask", "forms", "create", "Contact", "--owner", "you@example.com")[1][:16]
        answer = requests.post(f"{container.url}/f/{form}", json={"message": "Hello"}, timeout=TIMEOUT)
        assert answer.status_code == 200, answer.text
    assert container.run(*containerfile.healthcheck())[0] == 1
    with container.serving():
        code, output = container.run("flask", "submissions", "list", form)
        assert "Hello" in output, output
        findings = container.run("flask", "doctor")[1]
        assert re.findall(r"^BAD +(\w+)", findings, re.MULTILINE) == ["smtp"], findings  # there is no mail server


def main(folder: Path) -> None:
    make_base(folder / "base")
    options = ["--isolation=chroot", "--layers", "--format=docker", f"--build-arg=PYTHON={BASE}", f"--tag={IMAGE}"]
    run("buildah", "build", *options, "-f", containerfile.PATH, ROOT)
    assert "/health/live" in run("buildah", "inspect", "--type=image", "--format={{.Docker.Config.Healthcheck}}", IMAGE)
    working = run("buildah", "from", IMAGE)
    with tempfile.TemporaryDirectory() as volume:
        try:
            try_out(Container(run("buildah", "mount", working), Path(volume)))
        finally:
            run("buildah", "rm", working)
    sys.stdout.write("The image was built, started twice, and lost nothing.\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

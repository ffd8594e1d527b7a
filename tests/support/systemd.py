"""A systemd of its own over this machine's files: no other service starts, and nothing that is written stays."""

import os
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import psutil

from tests.support.servers import BIN, ROOT, TIMEOUT

PROGRAM = Path("/lib/systemd/systemd")
CLONE = "/srv/forms_service"
NAMESPACES = ["--mount", "--pid", "--cgroup", "--uts", "--ipc", "--net"]
BOOT = """
mount --make-rprivate /
mount -t overlay overlay -o lowerdir=/,upperdir={upper},workdir={work} {root}
cd {root}
for part in packages:{packages} forms_service/forms_service:{code} forms_service/migrations:{migrations}; do
  mkdir -p srv/${{part%%:*}} && mount --bind ${{part#*:}} srv/${{part%%:*}}
done
mount -t proc proc proc && mount -t sysfs -o ro sysfs sys && mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs tmpfs run && mount -t tmpfs tmpfs tmp && mount -t tmpfs tmpfs etc/systemd/system
mkdir devices && mount -t tmpfs tmpfs devices && mkdir devices/shm devices/pts
for name in null zero full random urandom tty; do touch devices/$name && mount --bind /dev/$name devices/$name; done
mount -t devpts -o newinstance,ptmxmode=0666 devpts devices/pts && ln -s pts/ptmx devices/ptmx
mount --move devices dev && : > etc/fstab && ip link set lo up
chroot . useradd --system --user-group --no-create-home forms
chroot . chown -R forms: {clone}/instance {clone}/.env
folder={python}; while [ "$folder" != / ]; do chmod o+x .$folder; folder=$(dirname $folder); done
cp {clone}/deploy/* etc/systemd/system/
mkdir -p old && pivot_root . old && umount -l old
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
  {program} --system --unit=basic.target --show-status=false
"""


def can_boot() -> bool:
    """True for root, where namespaces and mounts are allowed."""
    words = ["unshare", *NAMESPACES, "--fork", "mount", "-t", "cgroup2", "cgroup2", "/mnt"]
    return (
        os.getuid() == 0 and PROGRAM.exists() and not subprocess.run(words, capture_output=True, check=False).returncode
    )


class Machine:
    """The units of `deploy/`, with a clone in /srv/forms_service. Overlays need `folder` on a disk or in memory."""

    def __init__(self, folder: Path, clone: Path) -> None:
        """Boot; the clone has `.env` and `instance/`."""
        self.files = folder / "upper"
        names = {"upper": self.files, "work": folder / "work", "root": folder / "root"}
        for made in names.values():
            made.mkdir()
        inside = self.files / CLONE[1:]
        shutil.copytree(clone, inside)
        env = inside / ".env"
        env.write_text(env.read_text().replace(str(clone), CLONE))
        shutil.copytree(
            ROOT / "deploy", inside / "deploy", ignore=lambda _, names: [n for n in names if "service" not in n]
        )
        self._make_environment(inside / ".venv")
        script = BOOT.format(
            **names,
            packages=sysconfig.get_path("purelib"),
            code=ROOT / "forms_service",
            migrations=ROOT / "migrations",
            clone=CLONE[1:],
            python=Path(sys.executable).resolve().parent,
            program=PROGRAM,
        )
        with (folder / "output").open("w") as output:
            words = ["unshare", *NAMESPACES, "--fork", "--kill-child", "sh", "-ec", script]
            self._process = subprocess.Popen(words, stdout=output, stderr=output)
        until = time.monotonic() + TIMEOUT
        while not self._booted():
            assert self._process.poll() is None, (folder / "output").read_text()
            assert time.monotonic() < until
            time.sleep(0.1)

    def _make_environment(self, folder: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        (site,) = folder.glob("lib/python*/site-packages")
        (site / "dependencies.pth").write_text(f"{CLONE}\n/srv/packages\n")
        for name in ("flask", "gunicorn"):
            file = folder / "bin" / name
            file.write_text(f"#!{CLONE}/.venv/bin/python\n" + (BIN / name).read_text())
            file.chmod(0o755)

    def _booted(self) -> bool:
        children = psutil.Process(self._process.pid).children()
        if not children or children[0].name() != "systemd":
            return False
        self._prefix = ["nsenter", f"--target={children[0].pid}", *NAMESPACES]
        return self.run("systemctl", "is-active", "basic.target").returncode == 0

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([*self._prefix, *words], capture_output=True, text=True, check=False)

    def systemctl(self, *words: str) -> str:
        done = self.run("systemctl", *words)
        assert done.returncode == 0, done.stderr + self.run("journalctl", "--no-pager", "-n", "40").stdout
        return done.stdout.strip()

    def curl(self, *words: str) -> str:
        """Ask the service; wait for it."""
        options = ["-sS", "--retry", "30", "--retry-delay", "1", "--retry-connrefused", "-o", "/dev/null"]
        done = self.run("curl", *options, "-w", "%{http_code}", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

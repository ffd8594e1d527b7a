"""The systemd units of `deploy/`, started by a systemd: their hardening leaves the service what it needs."""

import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support import systemd
from tests.support.servers import ROOT, in_process
from tests.support.systemd import CLONE, Machine

pytestmark = [
    pytest.mark.long,  # its short form: test_systemd_takes_the_units_and_rates_them_well
    pytest.mark.skipif(not systemd.can_boot(), reason="needs root, systemd, and namespaces"),
]

URL = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        folder = Path(name)
        folder.chmod(0o755)
        clone = folder / "clone"
        clone.mkdir()
        shutil.copy(ROOT / "wsgi.py", clone)
        setup = in_process(clone, "setup", "forms.example.com", "you@example.com", stdin="Correct-horse-7", at=clone)
        assert setup.returncode == 0, setup.stderr
        started = Machine(folder, clone)
        yield started
        started.stop()


def test_the_service_stores_reloads_and_stops(machine: Machine) -> None:
    machine.systemctl("start", "forms_service")
    assert machine.curl(f"{URL}/health/ready") == "200"
    flask = ["runuser", "-u", "forms", "--", f"{CLONE}/.venv/bin/flask", "--app", "forms_service.wsgi"]
    words = [*flask, "forms", "create", "Contact", "--owner", "you@example.com"]
    form = machine.run("env", f"--chdir={CLONE}", *words).stdout[:16]

    def post(number: int) -> str:
        return machine.curl("-F", f"message={number}", "-F", f"file=@{CLONE}/wsgi.py", f"{URL}/f/{form}")

    with ThreadPoolExecutor(2) as threads:
        statuses = threads.map(post, range(10))
        machine.systemctl("reload", "forms_service")
        assert set(statuses) == {"200"}
    assert len(list((machine.files / f"{CLONE[1:]}/instance/files").iterdir())) == 10
    assert machine.systemctl("show", "-P", "NRestarts", "forms_service") == "0"
    machine.systemctl("stop", "forms_service")
    assert machine.systemctl("show", "-P", "Result", "forms_service") == "success"


def test_the_timer_triggers_the_unit_that_makes_a_backup(machine: Machine) -> None:
    assert "03:30" in machine.systemctl("show", "-P", "TimersCalendar", "forms_service-backup.timer")
    assert machine.systemctl("show", "-P", "Triggers", "forms_service-backup.timer") == "forms_service-backup.service"
    machine.systemctl("start", "forms_service-backup.timer")
    machine.systemctl("start", "forms_service-backup")
    (archive,) = (machine.files / "var/lib/forms_service-backup").iterdir()
    assert archive.stat().st_mode & 0o777 == 0o600


def test_the_worker_starts_and_stops(machine: Machine) -> None:
    machine.systemctl("start", "forms_service-worker")
    assert machine.systemctl("is-active", "forms_service-worker") == "active"
    machine.systemctl("stop", "forms_service-worker")
    assert machine.systemctl("show", "-P", "Result", "forms_service-worker") == "success"

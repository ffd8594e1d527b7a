"""The service from a wheel, which was built from a source distribution: nothing of the clone is needed."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.servers import ROOT, TIMEOUT, free_port

pytestmark = pytest.mark.slow

SOURCES = ("forms_service", "migrations", "setup.py", "setup.cfg", "pyproject.toml", "MANIFEST.in", "README.md")
MORE_SOURCES = ("LICENSE", "CHANGELOG.md", "requirements.lock", "wsgi.py", "gunicorn.conf.py")


def run(folder: Path, *words: str | Path, **environment: str) -> str:
    """The output of a command that succeeds; it knows nothing of this clone."""
    variables = {"PATH": os.environ["PATH"], "HOME": str(folder), **environment}
    done = subprocess.run(words, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def copy_sources(folder: Path) -> Path:
    """What is checked in, of all that a source distribution may take from."""
    folder.mkdir()
    for name in (*SOURCES, *MORE_SOURCES):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with `flask` and `gunicorn` of a new environment, where the wheel is installed."""
    folder = tmp_path_factory.mktemp("wheel")
    backend = "from setuptools import build_meta; print(build_meta.{}('..'))"
    output = run(copy_sources(folder / "clone"), sys.executable, "-c", backend.format("build_sdist"))
    run(folder, "tar", "xzf", next(folder.glob("*.tar.gz")))
    (sources,) = (path for path in folder.iterdir() if path.is_dir() and path.name != "clone")
    output += run(sources, sys.executable, "-c", backend.format("build_wheel"))
    assert "absent from the `packages` configuration" not in output
    run(folder, sys.executable, "-m", "venv", "--without-pip", "venv")
    (site,) = folder.glob("venv/lib/python*/site-packages")
    # the packages of this environment, without its editable installation of the clone
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    python = folder / "venv/bin/python"
    wheel = next(folder.glob("*.whl"))
    run(folder, sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel)
    for name in ("flask", "gunicorn"):
        (python.parent / name).write_text(f"#!{python}\n" + (Path(sys.executable).parent / name).read_text())
        (python.parent / name).chmod(0o755)
    place = run(folder, python, "-c", "import forms_service; print(forms_service.__file__)")
    assert Path(place.strip()).is_relative_to(site)
    return python.parent


class Service:
    """gunicorn in an empty folder."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.folder = folder
        self.programs = programs
        command = [programs / "gunicorn", "-c", "python:forms_service.gunicorn_conf", "forms_service.wsgi:app"]
        self.move(free_port())
        with (folder / "log").open("w") as log:
            variables = {"PATH": os.environ["PATH"], "HOME": str(folder)}
            self.process = subprocess.Popen(command, cwd=folder, env=variables, stdout=log, stderr=log)

    def move(self, port: int) -> None:
        """Name the port that it listens on when it reads its settings next."""
        (self.folder / ".env").touch(0o600)
        (self.folder / ".env").write_text(f"PORT={port}\n")
        self.url = f"http://127.0.0.1:{port}"

    def answers(self) -> bool:
        until = time.monotonic() + TIMEOUT
        while time.monotonic() < until and self.process.poll() is None:
            try:
                return requests.get(f"{self.url}/health/ready", timeout=TIMEOUT).status_code == 200
            except requests.ConnectionError:
                time.sleep(0.1)
        raise AssertionError((self.folder / "log").read_text())

    def flask(self, *words: str) -> str:
        return run(self.folder, self.programs / "flask", *words, FLASK_APP="forms_service.wsgi")


@pytest.fixture(scope="module")
def service(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    started = Service(programs, tmp_path_factory.mktemp("empty"))
    assert started.answers()
    yield started
    started.process.terminate()
    started.process.wait(TIMEOUT)


def test_a_form_is_made_shown_in_german_and_its_submission_stored(service: Service) -> None:
    run(
        service.folder,
        "sh",
        "-c",
        f"echo Correct-horse-7 | {service.programs}/flask accounts create olga@example.com --role owner",
        FLASK_APP="forms_service.wsgi",
    )
    form = service.flask("forms", "create", "Contact", "--owner", "olga@example.com")[:16]
    posted = requests.post(
        f"{service.url}/f/{form}", {"message": "Hello"}, headers={"Accept-Language": "de"}, timeout=TIMEOUT
    )
    assert posted.status_code == 200, posted.text
    with sqlite3.connect(service.folder / "instance/forms.db") as database:
        assert database.execute("SELECT count(*) FROM submissions").fetchone() == (1,)
    database.close()
    page = requests.get(f"{service.url}/f/{form}", headers={"Accept-Language": "de"}, timeout=TIMEOUT)
    assert 'lang="de"' in page.text


@pytest.mark.parametrize("path", ["/signup", "/console/", "/static/pages.css", "/api/docs", "/api/openapi.json"])
def test_pages_and_static_files_are_served(service: Service, path: str) -> None:
    assert requests.get(service.url + path, timeout=TIMEOUT).status_code == 200


def test_commands_need_only_the_name_of_the_app(service: Service) -> None:
    assert "database is up to date" in service.flask("doctor")
    service.flask("db", "upgrade")


def test_a_reload_reads_the_settings_again(service: Service) -> None:
    service.move(free_port())
    service.process.send_signal(signal.SIGHUP)
    assert service.answers()

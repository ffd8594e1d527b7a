"""The files of `deploy/` that need no program of their own to be checked."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from forms_service import setup_command
from forms_service.config import load_settings, setting_names
from forms_service.database.engine import STATEMENT_TIMEOUT
from forms_service.database.transactions import LOCK_TIMEOUT
from tests.support import containerfile
from tests.support.servers import ROOT, Server, free_port

DEPLOY = ROOT / "deploy"
UNITS = ("forms_service.service", "forms_service-worker.service")
VALUES = {"directory": Path("/srv/forms_service"), "instance": Path("/srv/forms_service/instance"), "user": "forms"}
EXPOSURE = 2.5
"""Out of 10, by `systemd-analyze security`; below 4 it calls a service OK."""


def compose(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((DEPLOY / name).read_text()))


def environments() -> list[dict[str, str]]:
    image = containerfile.environment()
    files = [compose(file.name)["services"] for file in sorted(DEPLOY.glob("compose*.yaml"))]
    ours = [service.get("environment", {}) for services in files for name, service in services.items() if name in OURS]
    return [image, *[{**image, **service} for service in ours]]


OURS = ("forms", "worker")


def test_the_image_is_made_of_files_that_are_there() -> None:
    copied = [
        word
        for name, rest in containerfile.instructions()
        if name == "COPY" and "--from" not in rest
        for word in rest.split()[:-1]
    ]
    assert len(copied) > 6
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert containerfile.last("USER").split(":")[0] not in ("0", "root")
    assert containerfile.last("VOLUME") == containerfile.last("WORKDIR") == containerfile.environment()["INSTANCE_PATH"]


@pytest.mark.parametrize("environment", environments())
def test_settings_of_image_and_compose_files_are_valid(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {name: value for name, value in environment.items() if name in setting_names()}
    for name, value in {**values, "INSTANCE_PATH": str(tmp_path)}.items():
        monkeypatch.setenv(name, value.replace("${POSTGRES_PASSWORD:?}", "secret"))
    monkeypatch.setenv("PUBLIC_URL", "https://forms.example.com")
    monkeypatch.setenv("SECRET_KEY", setup_command.generate_key())
    monkeypatch.setenv("ENCRYPTION_KEYS", setup_command.generate_key())
    monkeypatch.setenv("SIGNUP_CONFIRMATION", "false")
    if "DATABASE_URL" not in values:
        monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/forms.db")
    assert load_settings(tmp_path).port == 8000


def test_every_service_of_ours_runs_without_privileges() -> None:
    worker = compose("compose.postgresql.yaml")["services"]["worker"]
    for service in (compose("compose.yaml")["services"]["forms"], worker):
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["tmpfs"] == ["/tmp"]


@pytest.mark.slow
def test_the_healthcheck_tells_a_service_from_none(tmp_path: Path) -> None:
    words = containerfile.healthcheck()
    server = Server(tmp_path, {"ENVIRONMENT": "testing"})
    codes = [
        subprocess.run(
            [sys.executable, *words[1:]], env={"PORT": str(port)}, capture_output=True, check=False
        ).returncode
        for port in (server.port, free_port())
    ]
    server.stop()
    assert codes == [0, 1]


@pytest.mark.parametrize("name", UNITS)
def test_units_are_those_that_setup_prints(name: str) -> None:
    template = setup_command.TEMPLATES.get_template(name)
    assert (DEPLOY / name).read_text() == template.render(**VALUES, bin="/srv/forms_service/.venv/bin")


def test_the_caddyfile_is_the_one_that_setup_prints() -> None:
    values = setup_command.proxy_values("https://forms.example.com")
    assert (DEPLOY / "Caddyfile").read_text() == setup_command.TEMPLATES.get_template("Caddyfile").render(values)


def test_pgbouncer_sets_the_timeouts_of_the_service() -> None:
    query = (DEPLOY / "pgbouncer.ini").read_text()
    assert f"SET statement_timeout = {STATEMENT_TIMEOUT * 1000:.0f};" in query
    assert f"SET lock_timeout = {LOCK_TIMEOUT * 1000:.0f}'" in query


def test_apache_is_restarted_where_its_mpm_changes() -> None:
    """On a reload it ends: "AH00534: The MPM cannot be changed during restart."."""
    steps = [text for file in DEPLOY.glob("*.conf") if "a2enmod mpm_" in (text := file.read_text())]
    assert len(steps) == 2
    for text in steps:
        assert "systemctl restart apache2" in text
        assert "systemctl reload" not in text


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_takes_the_units_and_rates_them_well(tmp_path: Path) -> None:
    files = []
    for unit in sorted([*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")]):
        text = unit.read_text().replace("/srv/forms_service/.venv/bin", str(Path(sys.executable).parent))
        files.append(tmp_path / unit.name)
        files[-1].write_text(text.replace("User=forms\n", f"User={os.environ.get('USER', 'root')}\n"))
    done = subprocess.run(["systemd-analyze", "verify", *files], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    for file in (file for file in files if file.suffix == ".service"):
        command = ["systemd-analyze", "security", "--offline=true", DEPLOY / file.name]
        rated = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        exposure = re.search(r"exposure level for \S+: ([\d.]+)", rated)
        assert exposure, rated
        assert float(exposure[1]) <= EXPOSURE, rated

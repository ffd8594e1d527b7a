"""`flask setup`: from a clone to production, and from anywhere that it was interrupted."""

import base64
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from forms_service import setup_command
from forms_service.errors import StartError
from tests.support import processes, servers

PASSWORD = "Correct-horse-7"

pytestmark = pytest.mark.slow


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    shutil.copy(servers.ROOT / "wsgi.py", tmp_path)
    return tmp_path


def flask(clone: Path, *words: str, stdin: str = PASSWORD) -> "subprocess.CompletedProcess[str]":
    return servers.in_process(clone, *words, stdin=stdin, at=clone)


def setup_in(clone: Path, *more: str, address: str = "forms.example.com", email: str = "ann@example.com") -> str:
    done = flask(clone, "setup", address, email, *more)
    return done.stdout + done.stderr


def listed(clone: Path) -> str:
    done = flask(clone, "accounts", "list")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_makes_everything_and_says_what_to_copy(clone: Path) -> None:
    output = setup_in(clone)
    assert (servers.ROOT / "deploy/Caddyfile").read_text() in output
    assert "SMTP_SERVER" in output
    assert output.index("BACKGROUND_WORK=outside") < output.index("forms_service-worker.service")
    env = clone / ".env"
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    for secret in re.findall("(?:SECRET_KEY|ENCRYPTION_KEYS|METRICS_TOKEN)=(.*)", env.read_text()):
        assert len(secret) >= 43
        assert secret not in output
    assert "ann@example.com\tSite Operator\toperator\tactive" in listed(clone)
    assert not list(clone.glob("*.draft"))


def test_an_account_of_the_trial_before_becomes_the_operator(clone: Path) -> None:
    assert flask(clone, "accounts", "create", "ann@example.com", "--role", "owner").returncode == 0
    made = flask(clone, "forms", "create", "Contact", "--owner", "ann@example.com").stdout
    output = setup_in(clone)
    assert "Ready" in output
    assert "\toperator\tactive" in listed(clone)
    assert made[:16] in flask(clone, "forms", "list").stdout


def test_whoever_signed_up_with_the_operators_address_does_not_become_it_by_their_password(clone: Path) -> None:
    flask(clone, "accounts", "create", "bob@example.com")
    script = (
        "from wsgi import app\n"
        "from forms_service.accounts import service\n"
        "with app.app_context():\n"
        "    person = service.NewAccount('ann@example.com', 'An', 'Impostor', 'Impostors-horse-7')\n"
        "    service.create(person, role='user', status='pending')\n"
    )
    assert processes.run([sys.executable, "-c", script], clone, dict(os.environ)).returncode == 0
    setup_in(clone)
    assert "\toperator\tactive" in listed(clone)
    check = (
        "from wsgi import app\n"
        "from forms_service.accounts import password_hashing as hashing, service\n"
        "with app.app_context():\n"
        "    kept = service.lock_by_email('ann@example.com').password_hash\n"
        "    check = hashing.check_password\n"
        "    print(check('Impostors-horse-7', kept), check('Correct-horse-7', kept))\n"
    )
    done = processes.run([sys.executable, "-c", check], clone, {"PATH": os.environ["PATH"]})
    assert done.stdout == "False True\n", done.stderr


def test_run_again_it_changes_nothing_and_says_the_same(clone: Path) -> None:
    first = setup_in(clone)
    env = (clone / ".env").read_text()
    assert setup_in(clone).splitlines()[0] == first.splitlines()[0]
    assert (clone / ".env").read_text() == env
    assert listed(clone).count("\n") == 1


def test_an_env_of_something_else_stays_as_it_is(clone: Path) -> None:
    (clone / ".env").write_text("APP_NAME=mine\n")
    assert "already exists" in setup_in(clone)
    assert (clone / ".env").read_text() == "APP_NAME=mine\n"


def test_keys_that_are_lost_stop_it_before_anything_is_written(clone: Path) -> None:
    setup_in(clone)
    (clone / ".env").rename(clone / "away")
    output = setup_in(clone)
    assert "None of ENCRYPTION_KEYS unwraps" in output
    assert not (clone / ".env").exists()


def test_a_disabled_account_stops_it_before_anything_is_written(clone: Path) -> None:
    flask(clone, "accounts", "create", "ann@example.com")
    flask(clone, "accounts", "disable", "ann@example.com")
    assert "flask accounts enable" in setup_in(clone)
    assert not (clone / ".env").exists()


def test_a_database_that_is_away_stops_it_before_anything_is_written(clone: Path) -> None:
    output = setup_in(clone, "--database", f"postgresql://nobody@127.0.0.1:{servers.free_port()}/nothing")
    assert "Traceback" not in output
    assert not (clone / ".env").exists()
    assert "--database" in setup_in(clone, "--database", "mysql://db/forms")


def test_asks_for_a_password_only_when_all_else_is_good(clone: Path) -> None:
    for address, email in (("forms.example.com {", "ann@example.com"), ("forms.example.com", "ann@localhost")):
        done = flask(clone, "setup", address, email, stdin="")
        assert done.returncode == 1
        assert "password" not in done.stdout + done.stderr
    assert "password: " in flask(clone, "setup", "forms.example.com", "ann@example.com", stdin="short").stderr
    assert not (clone / ".env").exists()


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("Forms.Example.com", "https://forms.example.com"),
        ("forms.example.com:8443", "https://forms.example.com:8443"),
        ("https://forms.example.com/", "https://forms.example.com"),
        ("example.com/forms", "https://example.com/forms"),
        ("fórms.example", "https://xn--frms-qqa.example"),
        ("192.0.2.7", "https://192.0.2.7"),
        ("2001:db8::7", "https://[2001:db8::7]"),
        ("[2001:db8::7]:8443", "https://[2001:db8::7]:8443"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("localhost", "https://localhost"),
    ],
)
def test_takes_any_address_that_a_service_can_have(address: str, url: str) -> None:
    assert setup_command.service_url(address) == url


@pytest.mark.parametrize(
    "address",
    [
        *("", "forms.example.com {", "forms..example.com", "ftp://a.example", "a.example/api", "me@a.example"),
        *("a.example?x=1", "a.example:port", "a.example:99999", "https://", "-a.example", "a.example\nb", "[::1"),
        "a.example/%20",
    ],
)
def test_refuses_what_is_none(address: str) -> None:
    with pytest.raises(StartError, match="such as"):
        setup_command.service_url(address)


def test_under_a_path_the_proxy_hands_on_that_path_alone(clone: Path) -> None:
    output = setup_in(clone, address="example.com/forms")
    assert "PUBLIC_URL=https://example.com/forms\n" in (clone / ".env").read_text()
    assert "@forms path /forms /forms/*\n" in output
    assert "reverse_proxy @forms 127.0.0.1:8000\n" in output
    assert "not path /forms/api/* /forms/metrics\n" in output


@pytest.mark.skipif(not shutil.which("caddy"), reason="needs caddy")
@pytest.mark.parametrize(
    ("url", "redirects"),
    [
        ("https://forms.example.com", ["https://forms.example.com{http.request.uri}"]),
        ("https://[2001:db8::7]:8443", ["https://[2001:db8::7]:8443{http.request.uri}"]),
        ("https://example.com/forms", ["https://example.com{http.request.uri}"]),
        ("http://192.0.2.7", []),
    ],
)
def test_caddy_reads_its_file_and_redirects_only_to_https(url: str, redirects: list[str], tmp_path: Path) -> None:
    file = tmp_path / "Caddyfile"
    file.write_text(setup_command.TEMPLATES.get_template("Caddyfile").render(setup_command.proxy_values(url)))
    words = ["caddy", "adapt", "--adapter", "caddyfile", "--config", str(file)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "not formatted" not in done.stderr
    assert re.findall(r'"Location":\["(.*?)"\]', done.stdout) == redirects


def test_the_units_start_as_they_are_printed(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    units = re.findall(r"^\[Unit\].*?WantedBy=\S+$", setup_in(clone), re.MULTILINE | re.DOTALL)
    assert ["wsgi:app" in unit for unit in units] == [True, False]
    folder = tmp_path_factory.mktemp("units")
    for name, unit in zip(("web", "worker"), units, strict=True):
        program = re.findall("^ExecStart=(.*?) ", unit, re.MULTILINE)[0]
        assert os.access(program, os.X_OK)
        assert f"WorkingDirectory={clone}\n" in unit
        assert f"ReadWritePaths={clone}/instance\n" in unit
        assert f"InaccessiblePaths=-{clone}/.git\n" in unit
        assert re.search("^After=.*postgresql.service.*redis", unit, re.MULTILINE)
        (folder / f"{name}.service").write_text(unit)
    if shutil.which("systemd-analyze"):
        done = subprocess.run(
            ["systemd-analyze", "verify", *map(str, folder.iterdir())], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, who makes the user that the service runs as")
def test_root_is_told_to_make_the_user_that_the_units_name(clone: Path) -> None:
    output = setup_in(clone)
    user = re.findall("^User=(.*)$", output, re.MULTILINE)
    assert user == ["forms", "forms"]
    assert re.search("^useradd --system .* forms$", output, re.MULTILINE)
    assert f"chown -R forms: {clone}/instance {clone}/.env" in output


def test_the_keys_of_the_environment_go_along(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = base64.b64encode(bytes(range(32))).decode()
    monkeypatch.setenv("ENCRYPTION_KEYS", key)
    flask(clone, "accounts", "create", "bob@example.com")
    setup_in(clone)
    keys = re.findall("ENCRYPTION_KEYS=(.*)", (clone / ".env").read_text())[0].split(",")
    assert keys[1:] == [key]
    assert "bob@example.com" in listed(clone)

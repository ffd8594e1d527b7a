"""The commands, as an operator types them."""

import base64
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from forms_service import cli
from forms_service.accounts import administration, service
from forms_service.health import mail_records
from forms_service.web.client import UNCOUNTED_PROXY
from tests.conftest import QUICK, MakeApp
from tests.support import servers
from tests.support.mail_server import MailServer

PASSWORD = "Correct-horse-7"

pytestmark = pytest.mark.slow


def run(folder: Path, *words: str, stdin: str = "", **settings: str) -> str:
    """Return the output of a command, which must succeed."""
    done = servers.in_process(folder, *words, stdin=stdin, **{**QUICK, "LOG_LEVEL": "WARNING", **settings})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def fails(folder: Path, *words: str, stdin: str = "", **settings: str) -> str:
    """Return the output of a command, which must fail."""
    done = servers.in_process(folder, *words, stdin=stdin, **{**QUICK, "LOG_LEVEL": "WARNING", **settings})
    assert done.returncode != 0
    return done.stdout + done.stderr


class TestAccounts:
    """Making, listing and closing accounts."""

    def test_the_first_start_makes_what_is_missing(self, tmp_path: Path) -> None:
        done = servers.flask(tmp_path, "accounts", "list", **QUICK)
        assert (done.returncode, done.stdout) == (0, "")
        assert {"forms.db", "secret_key", "encryption_keys"} <= {file.name for file in tmp_path.iterdir()}

    def test_one_is_made_listed_and_disabled(self, tmp_path: Path) -> None:
        made = run(tmp_path, "accounts", "create", "Ann@Example.com", "--role", "operator", stdin=PASSWORD + "\n")
        identity = made.strip()
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", identity)
        listed = run(tmp_path, "accounts", "list").rstrip("\n").split("\t")
        assert listed[:5] == [identity, "Ann@Example.com", "Account Operator", "operator", "active"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", listed[5])
        assert identity in run(tmp_path, "accounts", "disable", "ann@example.com", "--yes")
        assert "\tdisabled\t" in run(tmp_path, "accounts", "list")

    def test_what_is_wrong_is_said(self, tmp_path: Path) -> None:
        assert "password: " in fails(tmp_path, "accounts", "create", "ann@example.com", stdin="short\n")
        assert "email: " in fails(tmp_path, "accounts", "create", "ann@localhost", stdin=PASSWORD)
        assert "no account" in fails(tmp_path, "accounts", "disable", "nobody@example.com")
        assert "Enter an e-mail address" in fails(tmp_path, "accounts", "disable", "no address")
        run(tmp_path, "accounts", "create", "ann@example.com", stdin=PASSWORD)
        assert "already" in fails(tmp_path, "accounts", "create", "ANN@example.com", stdin=PASSWORD)

    def test_a_password_is_never_an_argument(self, tmp_path: Path) -> None:
        assert "No such option" in fails(tmp_path, "accounts", "create", "a@example.com", "--password", PASSWORD)


class TestKeys:
    """Making and changing keys."""

    def test_a_new_one_needs_no_working_settings(self, tmp_path: Path) -> None:
        key = servers.flask(tmp_path, "keys", "generate", ENVIRONMENT="nonsense").stdout
        assert len(base64.b64decode(key)) == 32
        assert key != servers.flask(tmp_path, "keys", "generate").stdout

    def test_rotation_wraps_and_reencrypts(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        run(tmp_path, "accounts", "create", "ann@example.com", stdin=PASSWORD)
        old = (tmp_path / "encryption_keys").read_text().strip()
        new = run(tmp_path, "keys", "generate").strip()
        assert "3 keys" in run(tmp_path, "keys", "rotate", ENCRYPTION_KEYS=f"{new},{old}")
        assert "ann@example.com" in run(tmp_path, "accounts", "list", ENCRYPTION_KEYS=new)
        assert "None of ENCRYPTION_KEYS" in fails(tmp_path, "accounts", "list", ENCRYPTION_KEYS=old)
        assert "None of ENCRYPTION_KEYS" in fails(tmp_path, "keys", "rotate", ENCRYPTION_KEYS=old)


class TestDoctor:
    """A line for each thing that can be wrong."""

    def test_a_fresh_start_is_well(self, tmp_path: Path) -> None:
        lines = run(tmp_path, "doctor").splitlines()
        assert [line.split()[1] for line in lines] == [
            "settings",
            "files",
            "database",
            "migrations",
            "keys",
            "data",
            "redis",
            "smtp",
            "mail",
            "proxy",
            "transport",
            "disk",
            "file",
        ]
        assert all(line.startswith("ok ") for line in lines)

    def test_what_is_bad_is_named_with_what_to_do(self, tmp_path: Path) -> None:
        run(tmp_path, "accounts", "list")
        (tmp_path / UNCOUNTED_PROXY).touch()
        old = (tmp_path / "encryption_keys").read_text().strip()
        new = run(tmp_path, "keys", "generate").strip()
        shut = str(servers.free_port())
        output = fails(
            tmp_path,
            "doctor",
            REDIS_URL=f"redis://127.0.0.1:{shut}",
            SMTP_SERVER="127.0.0.1",
            SMTP_PORT=shut,
            ENCRYPTION_KEYS=f"{new},{old}",
        )
        bad = {line.split()[1]: line for line in output.splitlines() if line.startswith("BAD")}
        assert set(bad) == {"redis", "smtp", "proxy", "keys"}
        assert "TRUSTED_PROXIES" in bad["proxy"]
        assert "flask keys rotate" in bad["keys"]
        assert shut in bad["smtp"]

    def test_what_is_dangerous_in_production_is_bad_and_http_is_a_question(self, tmp_path: Path) -> None:
        run(tmp_path, "accounts", "list")
        settings = {
            "ENVIRONMENT": "production",
            "DATABASE_URL": f"sqlite:///{tmp_path}/forms.db",
            "BCRYPT_ROUNDS": "10",
        }
        settings |= {"PUBLIC_URL": "http://forms.example.com", "SIGNUP_CONFIRMATION": "false"}
        lines = fails(tmp_path, "doctor", **settings, SIGNUP_ROLE="operator")
        assert re.search("^BAD +settings +SIGNUP_ROLE", lines, re.MULTILINE)
        assert re.search("^BAD +smtp +SMTP_SERVER is not set: no mail is sent", lines, re.MULTILINE)
        assert re.search(r"^\? +settings +PUBLIC_URL.*https", fails(tmp_path, "doctor", **settings), re.MULTILINE)

    def test_files_that_others_can_read_are_bad(self, tmp_path: Path) -> None:
        run(tmp_path, "accounts", "list")
        (tmp_path / "encryption_keys").chmod(0o644)
        assert re.search("^BAD +files +Other users can read .*chmod 600", fails(tmp_path, "doctor"), re.MULTILINE)

    def test_a_secret_in_a_file_of_its_own_is_for_few_as_well(self, tmp_path: Path) -> None:
        secret = tmp_path / "token"
        secret.write_text("a-token-of-many-characters-for-metrics")
        secret.chmod(0o644)
        output = fails(tmp_path, "doctor", METRICS_TOKEN_FILE=str(secret))
        assert re.search("^BAD +files +Everybody can read .*chmod o-rwx", output, re.MULTILINE)
        secret.chmod(0o640)
        assert re.search("^ok +files", run(tmp_path, "doctor", METRICS_TOKEN_FILE=str(secret)), re.MULTILINE)

    @pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a file to somebody else")
    def test_files_of_different_owners_are_bad(self, tmp_path: Path) -> None:
        run(tmp_path, "accounts", "list")
        os.chown(tmp_path / "forms.db", 65534, 65534)
        assert re.search("^BAD +files .*different owners", fails(tmp_path, "doctor"), re.MULTILINE)

    @pytest.mark.parametrize(
        ("answer", "verdict", "sentence"),
        [("v=SPF1 a:mx ~all", "ok", '"v=SPF1 a:mx ~all"'), ("", r"\?", "Missing."), (None, r"\?", "did not respond")],
    )
    def test_dns_is_asked_and_what_it_does_not_say_is_said(
        self,
        tmp_path: Path,
        mail_server: MailServer,
        monkeypatch: pytest.MonkeyPatch,
        answer: str | None,
        verdict: str,
        sentence: str,
    ) -> None:
        monkeypatch.setattr(mail_records, "find_text", lambda *_: answer)
        output = run(tmp_path, "doctor", **mail_server.settings, MAIL_FROM="post@firma.example")
        assert re.search(f"^{verdict} +spf .*{re.escape(sentence)}", output, re.MULTILINE)
        assert re.search(r"^\? +dkim +Not checked", output, re.MULTILINE)

    def test_a_mail_server_is_logged_into_and_the_dns_records_are_listed(
        self, tmp_path: Path, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(mail_records, "find_text", lambda *_: None)
        settings = {**mail_server.settings, "MAIL_FROM": "post@firma.example"}
        lines = {line.split()[1]: line for line in run(tmp_path, "doctor", **settings).splitlines()}
        assert f"Port {mail_server.port} answers" in lines["smtp"]
        assert '"v=spf1 ip4:127.0.0.1 ~all"' in lines["spf"]
        assert "_domainkey.firma.example" in lines["dkim"]
        assert '_dmarc.firma.example: "v=DMARC1; ' in lines["dmarc"]
        login = {"SMTP_USERNAME": "forms", "SMTP_PASSWORD": "wrong-one"}
        output = fails(tmp_path, "doctor", **mail_server.settings, **login)
        assert re.search(r"^BAD  smtp .*(5\d\d|AUTH)", output, re.MULTILINE)
        assert "wrong-one" not in output

    def test_bad_settings_are_lines_too(self, tmp_path: Path) -> None:
        output = fails(tmp_path, "doctor", RATE_LIMIT_WINDOW="soon", LOG_FORMAT="xml")
        assert [line.split()[:2] for line in output.splitlines()] == [
            ["BAD", "RATE_LIMIT_WINDOW"],
            ["BAD", "LOG_FORMAT"],
        ]

    def test_a_database_that_is_away_is_one_as_well(self, tmp_path: Path) -> None:
        url = f"postgresql://nobody:hidden@127.0.0.1:{servers.free_port()}/nothing"
        output = fails(tmp_path, "doctor", DATABASE_URL=url)
        assert "BAD  database" in output
        assert "hidden" not in output


def test_disabling_is_for_any_spelling(make_app: MakeApp) -> None:
    with make_app().app_context():
        person = service.NewAccount("Ann@Example.com", "Ann", "Example", PASSWORD)
        account = service.create(person, role="user", status="active")
        assert administration.disable("ann@EXAMPLE.com") == account.id


class TestForms:
    """Making the first form."""

    def test_one_is_made_and_its_html_printed(self, tmp_path: Path) -> None:
        run(tmp_path, "accounts", "create", "olga@example.com", "--role", "owner", stdin=PASSWORD)
        words = ("forms", "create", "Contact", "--owner", "Olga@example.com", "--origin", "https://www.example.com")
        printed = run(tmp_path, *words, PUBLIC_URL="https://site.example/forms").splitlines()
        form_id, blank, *html = printed
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{15}", form_id)
        assert (blank, len(html)) == ("", 6)
        assert f'action="https://site.example/forms/f/{form_id}"' in html[0]

    def test_the_printed_address_is_the_one_that_answers(self, tmp_path: Path) -> None:
        run(tmp_path, "accounts", "create", "olga@example.com", "--role", "owner", stdin=PASSWORD)
        create = ("forms", "create", "Contact", "--owner", "olga@example.com")
        assert "http://127.0.0.1:5123/f/" in run(tmp_path, *create, FLASK_RUN_PORT="5123")
        port = servers.free_port()
        server = servers.start_flask(tmp_path, "run", "--port", str(port), **QUICK)
        try:
            until = time.monotonic() + servers.TIMEOUT
            while time.monotonic() < until and not (tmp_path / "served_at").exists():
                time.sleep(0.05)
            assert f"http://127.0.0.1:{port}/f/" in run(tmp_path, *create)
        finally:
            server.terminate()
            server.wait(servers.TIMEOUT)

    def test_what_is_wrong_is_said(self, app: Flask, key_of: Callable[..., dict[str, str]]) -> None:
        key_of(app, "user@example.com", role="user")

        def refused(*words: str) -> str:
            done = app.test_cli_runner().invoke(cli.forms, ["create", *words])
            assert done.exit_code == 1
            return done.output

        assert "no account" in refused("x", "--owner", "nobody@example.com")
        assert "Enter an e-mail address" in refused("x", "--owner", "nobody")
        assert "cannot have forms" in refused("x", "--owner", "user@example.com")
        output = refused("", "--owner", "user@example.com", "--origin", "example.com")
        assert "name: " in output
        assert "settings.allowed_origins.0: " in output

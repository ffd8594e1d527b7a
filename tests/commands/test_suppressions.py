"""Commands of an operator on the list of addresses that get no mail."""

import re
from pathlib import Path

from click.testing import Result
from flask import Flask

from forms_service import cli
from forms_service.delivery import suppressions
from tests.conftest import MakeApp
from tests.support import servers
from tests.support.mail_server import MailServer

BOB = "bob@example.com"


def run(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(cli.mail, words)


def test_addresses_are_added_listed_and_removed(app_on_each_db: Flask) -> None:
    app = app_on_each_db
    assert run(app, "suppressions", "list").output == ""
    assert run(app, "suppressions", "add", BOB).output == f"Suppressed: {BOB}\n"
    with app.app_context():
        suppressions.suppress("ann@example.com", "bounce", "550 no\x9b2J")
    listed = run(app, "suppressions", "list").output
    first, second = listed.splitlines()
    assert re.fullmatch(rf"{BOB}\toperator\t[\d-]{{10}}T[\d:]{{8}}Z\t", first)
    assert second.split("\t")[1::2] == ["bounce", r"550 no\u009b2J"]
    assert run(app, "suppressions").output == listed
    assert run(app, "suppressions", "remove", "Bob@Example.COM").exit_code == 0
    assert BOB not in run(app, "suppressions", "list").output


def test_doctor_counts_them(tmp_path: Path) -> None:
    assert re.search("^ok +mail +No address is suppressed", servers.in_process(tmp_path, "doctor").stdout, re.M)
    servers.in_process(tmp_path, "mail", "suppressions", "add", BOB)
    output = servers.in_process(tmp_path, "doctor").stdout
    assert re.search(r"^ok +mail +1 address is suppressed \(operator: 1\)", output, re.M)


def test_what_is_wrong_is_said(app_on_each_db: Flask) -> None:
    unknown = run(app_on_each_db, "suppressions", "remove", BOB)
    assert (unknown.exit_code, unknown.output) == (1, "Error: This address is not on the suppression list.\n")
    for command in ("add", "remove"):
        wrong = run(app_on_each_db, "suppressions", command, "bob")
        assert (wrong.exit_code, "Enter an e-mail address" in wrong.output) == (1, True)


def test_a_test_mail_says_that_its_address_is_on_the_list(make_app: MakeApp, mail_server: MailServer) -> None:
    app = make_app(**mail_server.settings)
    run(app, "suppressions", "add", BOB)
    refused = run(app, "test", BOB)
    assert (refused.exit_code, "flask mail suppressions remove" in refused.output) == (1, True)
    assert "will retry" not in refused.output
    run(app, "suppressions", "remove", BOB)
    assert run(app, "test", BOB).exit_code == 0

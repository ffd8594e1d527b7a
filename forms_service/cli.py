"""The `flask` commands: entry points, since some work without an app."""

import sys
from pathlib import Path

import click
import flask_migrate  # noqa: F401 (then each app has `flask db`)
from flask import current_app
from flask.cli import with_appcontext

from forms_service import setup_command
from forms_service.accounts.signup.schemas import Signup
from forms_service.app import create_app
from forms_service.background import runner
from forms_service.caching import clear_pattern
from forms_service.commands.accounts import accounts
from forms_service.commands.backup import backup, restore
from forms_service.commands.file_store import files
from forms_service.commands.files import decrypt, encrypt
from forms_service.commands.forms import forms, submissions
from forms_service.commands.imports import import_file
from forms_service.commands.keys import keys
from forms_service.commands.suppressions import suppressions
from forms_service.commands.terminal import load_or_exit, new_person, user_errors
from forms_service.config import SettingsError, load_settings
from forms_service.database.transactions import dispose_engine
from forms_service.delivery.service import send_test
from forms_service.errors import StartError
from forms_service.health.doctor import Finding, run_checks

COMMANDS = (accounts, backup, decrypt, encrypt, files, forms, import_file, keys, restore, submissions)
"""Registered by `setup.cfg`."""


@click.group()
def mail() -> None:
    """Outgoing mail."""


@mail.command("test")
@click.argument("address")
@with_appcontext
@user_errors
def test_mail(address: str) -> None:
    """Send a test mail to ADDRESS through the normal delivery path, and print the mail server's reply."""
    attempt = send_test(address)
    click.echo(attempt.answer)
    if not attempt.sent:
        raise click.ClickException(
            f"Not sent.{' A worker will retry.' if attempt.retried else ''} See also: flask doctor"
        )


mail.add_command(suppressions)


@click.command()
@with_appcontext
def worker() -> None:
    """Send queued messages and run periodic tasks until SIGTERM."""
    runner.run_worker(current_app)


@click.group()
def cache() -> None:
    """The cache."""


@cache.command("clear")
@click.argument("pattern", default="*")
@with_appcontext
@user_errors
def clear_cache(pattern: str) -> None:
    """Delete cached values whose keys match PATTERN (with * and ? wildcards), and print how many."""
    if current_app.extensions["redis"] is None:
        click.echo("Without REDIS_URL each process has its own cache: restart it to clear it.", err=True)
    click.echo(clear_pattern(pattern))


@click.command()
def doctor() -> None:
    """Check settings, database, keys, Redis, mail, proxies and disk; exit 1 if anything is bad."""
    findings = _findings(Path.cwd())
    for finding in findings:
        click.echo(f"{finding.verdict:3}  {finding.subject:10}  {finding.text}")
    sys.exit(1 if any(finding.bad for finding in findings) else 0)


@click.command()
@click.argument("address")
@click.argument("email")
@click.option("--database", help="postgresql://user@host/name  [default: SQLite in the instance folder]")
@click.option("--redis", help="redis://host:6379/0, needed for more than one process")
@user_errors
def setup(address: str, email: str, database: str | None, redis: str | None) -> None:
    """Set up a production service at ADDRESS, with EMAIL as its first operator.

    ADDRESS is a host name, optionally with a port or path. An interrupted setup continues when run again.
    """
    load_or_exit(Signup(only=("email",)), {"email": email})
    checked = setup_command.check(setup_command.SetupOptions(Path.cwd(), address, email, database, redis))
    person = new_person(email, "Site", "Operator") if checked.needs_person else None
    click.echo(setup_command.run_setup(checked, person))


def _findings(directory: Path) -> list[Finding]:
    try:
        app = create_app(load_settings(directory))
    except SettingsError as error:
        return [Finding(name, "BAD", " ".join(texts)) for name, texts in error.problems.items()]
    except StartError as error:
        return [Finding("start", "BAD", str(error))]
    with app.app_context(), dispose_engine():
        return run_checks(directory)

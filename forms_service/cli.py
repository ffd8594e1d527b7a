"""The commands, each one service call. They are entry points, so those that need no app work without one."""

import sys
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
import marshmallow as ma
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import DBAPIError

from forms_service import keyring, rotation, setting_up
from forms_service.accounts import audit, service
from forms_service.accounts.models import ROLES
from forms_service.accounts.signup.schemas import Signup
from forms_service.app import create_app
from forms_service.config import SettingsError, load_settings
from forms_service.database import first_line, nothing_left_open
from forms_service.delivery import background
from forms_service.delivery.service import send_test
from forms_service.errors import ApiError, StartError
from forms_service.forms import service as form_service
from forms_service.forms.schemas import NewForm
from forms_service.health.doctor import Finding, examine
from forms_service.security import generate_key
from forms_service.validation.schema import faults_by_path

P = ParamSpec("P")
R = TypeVar("R")

FIRST_FORM = """<form method="post" action="{url}">
  <label>Your e-mail address <input type="email" name="email" required></label>
  <label>Your message <textarea name="message" required></textarea></label>
  <button>Send</button>
</form>"""


def plainly(command: Callable[P, R]) -> Callable[P, R]:
    """End a command that cannot be carried out with a sentence instead of a traceback."""

    @wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (ApiError, StartError, ValueError) as error:
            raise click.ClickException(str(error)) from error
        except DBAPIError as error:
            raise click.ClickException(f"The database does not answer, or refuses: {first_line(error)}") from error

    return wrapper


@click.group()
def accounts() -> None:
    """The people who have an account here."""


@accounts.command("create")
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), default="user", show_default=True)
@click.option("--first-name", default="Account")
@click.option("--last-name", help="[default: the role]")
@with_appcontext
@plainly
def create_account(email: str, role: str, first_name: str, last_name: str | None) -> None:
    """Make an account that needs no confirming. The password is asked for, or read from standard input."""
    person = _person(email, first_name, last_name or role.title())
    account = service.create(person, role=role, status="active")
    click.echo(account.id)


@accounts.command("list")
@with_appcontext
@plainly
def list_accounts() -> None:
    """Print id, e-mail, name, role, status and creation of every account, separated by tabs."""
    for account in service.everybody():
        name = f"{account.first_name} {account.last_name}"
        created = account.created_at.isoformat(timespec="seconds").replace("+00:00", "Z")
        click.echo("\t".join([str(account.id), account.email, name, account.role, account.status, created]))


@accounts.command("disable")
@click.argument("email")
@with_appcontext
@plainly
def disable_account(email: str) -> None:
    """Close an account, with its sessions, its keys and its forms."""
    click.echo(f"Disabled: {service.disable(email)}")


@click.group()
def keys() -> None:
    """The keys that what is stored is encrypted with."""


@keys.command("generate")
def generate() -> None:
    """Print a new key, fit for SECRET_KEY and ENCRYPTION_KEYS."""
    click.echo(generate_key())
    click.echo("To change the key: put it in front of ENCRYPTION_KEYS, restart, run flask keys rotate.", err=True)


@keys.command("rotate")
@click.option("--data", is_flag=True, help="Also re-encrypt everything under a new data key, while serving.")
@click.option("--resume", is_flag=True, help="With --data: go on with a rotation that was interrupted.")
@with_appcontext
@plainly
def rotate(data: bool, resume: bool) -> None:
    """Wrap the data keys under the first of ENCRYPTION_KEYS."""
    click.echo(f"{keyring.rewrap()} keys are wrapped under the first of ENCRYPTION_KEYS.")
    audit.note("keys_rotated")
    if data:
        number = keyring.holder().load().current if resume else keyring.start_data_key()
        _show_reencryption(number)


@click.group()
def mail() -> None:
    """The mails that leave from here."""


@mail.command("test")
@click.argument("address")
@with_appcontext
@plainly
def test_mail(address: str) -> None:
    """Send a mail to ADDRESS down the road that all mails take, and print the server's own answer."""
    tried = send_test(address)
    click.echo(tried.answer)
    if not tried.sent:
        raise click.ClickException("It was not sent; a worker tries again. See also: flask doctor")


@click.command()
@with_appcontext
def worker() -> None:
    """Send what waits in the outbox and do what is done from time to time, until SIGTERM."""
    background.work_until_told(current_app)


@click.group()
def forms() -> None:
    """The forms that are served here."""


@forms.command("create")
@click.argument("name")
@click.option("--owner", required=True, help="The e-mail address of the account that it is for.")
@click.option(
    "--origin", multiple=True, help="A site that may send it, such as https://www.example.com.  [default: any]"
)
@with_appcontext
@plainly
def create_form(name: str, owner: str, origin: tuple[str, ...]) -> None:
    """Make a form that takes anything, and print its id and the HTML to put into a page."""
    said = _checked(NewForm(), {"name": name, "settings": {"allowed_origins": list(origin)}})
    form = form_service.create_for(owner, said)
    click.echo(f"{form['id']}\n\n{FIRST_FORM.format(url=form['url'])}")


@click.command()
def doctor() -> None:
    """Look at settings, database, keys, Redis, mail, proxies and disk; exit 1 if something is bad."""
    findings = _findings(Path.cwd())
    for finding in findings:
        click.echo(f"{'ok ' if finding.well else 'BAD'}  {finding.subject:10}  {finding.says}")
    sys.exit(0 if all(finding.well for finding in findings) else 1)


@click.command()
@click.argument("domain")
@click.argument("email")
@click.option("--database", help="postgresql://user@host/name  [default: SQLite in the instance folder]")
@click.option("--redis", help="redis://host:6379/0, for more than one process")
@plainly
def setup(domain: str, email: str, database: str | None, redis: str | None) -> None:
    """Make the service ready for production at DOMAIN, with EMAIL as its first operator."""
    person = _person(email, "Site", "Operator")
    plan = setting_up.Plan(Path.cwd(), domain, database, redis)
    click.echo(setting_up.carry_out(plan, person))


def _person(email: str, first_name: str, last_name: str) -> service.Person:
    """The person, checked as at sign-up; exits with what is wrong."""
    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    said = {"email": email, "first_name": first_name, "last_name": last_name, "password": password}
    return service.Person(**_checked(Signup(), said))


def _checked(schema: ma.Schema, said: dict[str, Any]) -> Any:
    """What was said, as the schema keeps it; exits with what is wrong."""
    try:
        return schema.load(said)
    except ma.ValidationError as error:
        faults = faults_by_path(error.messages)
        raise click.ClickException("\n".join(f"{path}: {' '.join(said)}" for path, said in faults.items())) from error


def _show_reencryption(number: int) -> None:
    click.echo(f"Data key {number} encrypts from now on. Interrupted? Go on with: flask keys rotate --data --resume")
    _show("Re-encrypting")
    click.echo(f"Waiting {keyring.RELOAD_SECONDS} s until every process has noticed the new key …")
    time.sleep(keyring.RELOAD_SECONDS + 1)
    _show("Looking once more")
    click.echo("Everything is under the new data key.")


def _show(label: str) -> None:
    with click.progressbar(length=rotation.rows(), label=label) as bar:
        for looked_at in rotation.reencrypt():
            bar.update(looked_at)


def _findings(directory: Path) -> list[Finding]:
    try:
        app = create_app(load_settings(directory))
    except SettingsError as error:
        return [Finding(name, False, " ".join(said)) for name, said in error.problems.items()]
    except StartError as error:
        return [Finding("start", False, str(error))]
    with app.app_context(), nothing_left_open():
        return examine()

"""`flask accounts`: manage accounts."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask.cli import with_appcontext

from forms_service.accounts import administration, service
from forms_service.accounts.models import ROLES
from forms_service.accounts.signup.schemas import Signup
from forms_service.commands.terminal import format_line, load_or_exit, new_person, read_password, user_errors
from forms_service.errors import ConflictError

YES_OPTION = click.option("--yes", "sure", is_flag=True, help="Allow it even for the last operator.")


@contextmanager
def hint_at_yes() -> Iterator[None]:
    """Say how to disable or demote the last operator."""
    try:
        yield
    except ConflictError as error:
        raise ConflictError(f"{error} To do it anyway, add --yes.") from error


@click.group()
def accounts() -> None:
    """Manage accounts."""


@accounts.command("create")
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), default="user", show_default=True)
@click.option("--first-name", default="Account")
@click.option("--last-name", help="[default: the role]")
@with_appcontext
@user_errors
def create_account(email: str, role: str, first_name: str, last_name: str | None) -> None:
    """Create an account without confirmation. The password is prompted for, or read from standard input."""
    person = new_person(email, first_name, last_name or role.title())
    account = service.create(person, role=role, status="active")
    click.echo(account.id)


@accounts.command("list")
@with_appcontext
@user_errors
def list_accounts() -> None:
    """List all accounts: id, e-mail, name, role, status and creation time, separated by tabs."""
    for account in service.list_accounts():
        name = f"{account.first_name} {account.last_name}"
        created = account.created_at.isoformat(timespec="seconds").replace("+00:00", "Z")
        click.echo(format_line(account.id, account.email, name, account.role, account.status, created))


@accounts.command("disable")
@click.argument("email")
@YES_OPTION
@with_appcontext
@user_errors
def disable_account(email: str, sure: bool) -> None:
    """Disable an account: end its sessions, revoke its keys and close its forms."""
    with hint_at_yes():
        click.echo(f"Disabled: {administration.disable(email, force=sure)}")


@accounts.command("enable")
@click.argument("email")
@with_appcontext
@user_errors
def enable_account(email: str) -> None:
    """Enable a disabled account and its forms; its keys and sessions stay revoked."""
    click.echo(f"Enabled: {administration.enable(email)}")


@accounts.command("role")
@click.argument("email")
@click.argument("role", type=click.Choice(ROLES))
@YES_OPTION
@with_appcontext
@user_errors
def change_role(email: str, role: str, sure: bool) -> None:
    """Change the role of an account: an owner can have forms, an operator sees all forms."""
    with hint_at_yes():
        click.echo(f"Now {role}: {administration.set_role(email, role, force=sure)}")


@accounts.command("password")
@click.argument("email")
@with_appcontext
@user_errors
def change_password(email: str) -> None:
    """Set the password of an account, from a prompt or standard input; ends its sessions and keys."""
    administration.require_account(email)
    values = load_or_exit(Signup(only=("email", "password")), {"email": email, "password": read_password()})
    click.echo(f"Changed: {administration.set_password(email, values['password'])}")

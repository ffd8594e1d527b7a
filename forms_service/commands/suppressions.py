"""`flask mail suppressions`: addresses that get no mail."""

import click
from flask.cli import with_appcontext

from forms_service.commands.terminal import format_line, user_errors
from forms_service.delivery import suppressions as suppression_list

ERASED = "(erased)"


@click.group(invoke_without_command=True)
@click.pass_context
def suppressions(context: click.Context) -> None:
    """Addresses that get no mail. Without a command, list them."""
    if context.invoked_subcommand is None:
        context.invoke(list_suppressions)


@suppressions.command("list")
@with_appcontext
@user_errors
def list_suppressions() -> None:
    """List the addresses: address, reason, since when and the server's words, separated by tabs."""
    for row in suppression_list.list_all():
        since = row.created_at.isoformat(timespec="seconds").replace("+00:00", "Z")
        address = ERASED if row.address is None else row.address
        click.echo(format_line(address, row.reason, since, row.detail or ""))


@suppressions.command("add")
@click.argument("address")
@with_appcontext
@user_errors
def add_suppression(address: str) -> None:
    """Send no mail to ADDRESS any more."""
    suppression_list.suppress(address, "operator")
    click.echo(f"Suppressed: {address}")


@suppressions.command("remove")
@click.argument("address")
@with_appcontext
@user_errors
def remove_suppression(address: str) -> None:
    """Send mail to ADDRESS again."""
    suppression_list.remove(address)
    click.echo(f"Removed: {address}")

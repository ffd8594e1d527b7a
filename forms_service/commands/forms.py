"""`flask forms` and `flask submissions`, without an account."""

import itertools
import json
import os
import sys
from pathlib import Path

import click
from flask.cli import with_appcontext

from forms_service.commands.terminal import format_line, load_or_exit, user_errors
from forms_service.errors import ApiError
from forms_service.forms import administration, portable, service
from forms_service.forms.schemas import NewForm
from forms_service.forms.snippets import FIRST_FIELDS, FormFacts, html_form
from forms_service.inbox import terminal_list
from forms_service.submissions import address_index
from forms_service.submissions.models import STATUSES
from forms_service.web.json_reader import read_json

STANDARD = Path("-")
PATH = click.Path(dir_okay=False, allow_dash=True, path_type=Path)


@click.group()
def forms() -> None:
    """Manage forms."""


@forms.command("create")
@click.argument("name")
@click.option("--owner", required=True, help="E-mail address of the owner's account.")
@click.option(
    "--origin", multiple=True, help="Site that may submit it, such as https://www.example.com.  [default: any]"
)
@with_appcontext
@user_errors
def create_form(name: str, owner: str, origin: tuple[str, ...]) -> None:
    """Create a form that accepts any fields, and print its id and the HTML to paste into a page."""
    values = load_or_exit(NewForm(), {"name": name, "settings": {"allowed_origins": list(origin)}})
    form = service.create_for_email(owner, values)
    click.echo(f"{form['id']}\n\n{html_form(FormFacts(form['url'], FIRST_FIELDS))}")


@forms.command("list")
@with_appcontext
@user_errors
def list_forms() -> None:
    """List all forms: id, name, owner, open or closed, and creation time, separated by tabs."""
    for form in administration.list_all_forms():
        click.echo(format_line(form.id, form.name, form.owner, "closed" if form.closed else "open", form.created))


@forms.command("close")
@click.argument("form_id")
@with_appcontext
@user_errors
def close_form(form_id: str) -> None:
    """Close a form: it accepts no more submissions and keeps those it has."""
    administration.close(form_id)
    click.echo(f"Closed: {form_id}")


@forms.command("delete")
@click.argument("form_id")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@with_appcontext
@user_errors
def delete_form(form_id: str, yes: bool) -> None:
    """Erase a form with all its submissions."""
    if not yes:
        click.confirm(f"Erase form {form_id} with all its submissions and files?", abort=True)
    is_done = administration.delete(form_id)
    click.echo(f"Deleted: {form_id}" if is_done else f"Hidden, and being erased in the background: {form_id}")


@forms.command("export")
@click.argument("form_id")
@click.argument("file", type=PATH)
@with_appcontext
@user_errors
def export_form(form_id: str, file: Path) -> None:
    """Write name, fields and settings of a form to FILE (or -) as JSON, without secrets, recipients or submissions."""
    document = portable.export_form(form_id)
    content = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    if file == STANDARD:
        click.echo(content, nl=False)
        return
    if file.exists():
        raise click.ClickException(f"{file} already exists. Name another file.")
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(content)
    click.echo(file)


@forms.command("import")
@click.argument("file", type=PATH)
@click.option("--owner", required=True, help="E-mail address of the owner's account.")
@with_appcontext
@user_errors
def import_form(file: Path, owner: str) -> None:
    """Create a form from FILE (or -), as written by `flask forms export`, and print its id and URL."""
    raw = sys.stdin.buffer.read() if file == STANDARD else file.read_bytes()
    try:
        document = read_json(raw)
    except ApiError as error:
        raise click.ClickException("This is not a form exported by flask forms export: it is not JSON.") from error
    values = load_or_exit(NewForm(), portable.read_document(document))
    form = service.create_for_email(owner, values)
    click.echo(format_line(form["id"], form["url"]))


@click.group()
def submissions() -> None:
    """Manage submissions."""


@submissions.command("list")
@click.argument("form_id")
@click.option("--status", type=click.Choice(STATUSES), multiple=True, help="[default: all but spam]")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@with_appcontext
@user_errors
def list_submissions(form_id: str, status: tuple[str, ...], limit: int) -> None:
    """List submissions, newest first: id, time, status, read or unread, and JSON values, separated by tabs."""
    listed = terminal_list.list_all(form_id, status)
    for submission in itertools.islice(listed, limit):
        click.echo(format_line(*submission))
    if next(listed, None):
        click.echo(f"Not listed: submissions older than these {limit}. To see more: --limit {limit * 10}", err=True)
    for left_out, count in terminal_list.count_unlisted(form_id, status).items():
        click.echo(f"Not listed: {count} with the status {left_out}. To see them: --status {left_out}", err=True)


@submissions.command("index")
@with_appcontext
@user_errors
def index_submissions() -> None:
    """Index older submissions by e-mail addresses that only this version recognizes, as in `Ann <ann@example.com>`.

    Run it once after an update. It can be interrupted, and the service can keep running.
    """
    added = sum(address_index.index_all())
    click.echo(f"Addresses added to the index: {added}")

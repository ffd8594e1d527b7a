"""`flask import`: answers and form definitions of other services."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext

from forms_service.commands.terminal import format_line, load_or_exit, user_errors
from forms_service.forms.cache import PublishedForm, get_published_form
from forms_service.imports import service
from forms_service.imports.columns import MAX_SHOWN_COLUMNS, Columns
from forms_service.imports.left_out import LeftOut
from forms_service.imports.options import Options
from forms_service.imports.sources import BY_NAME, CSVSource, Source
from forms_service.imports.sources.definitions import Definition
from forms_service.validation.base import Schema
from forms_service.validation.timezones import Timezone

MAX_SHOWN_REASONS = 30
LEFT_OUT_SUFFIX = ".left-out.csv"


class ZoneArgument(Schema):
    """The option `--timezone`."""

    timezone = Timezone(load_default=UTC)


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--form", "form_id", help="Import the answers into this form.")
@click.option("--owner", help="Make a form from the file, for the account with this e-mail address.")
@click.option("--name", help="Name of the new form.  [default: its title, or the file's name]")
@click.option("--format", "source", type=click.Choice(list(BY_NAME)), help="[default: recognized by the file's shape]")
@click.option("--map", "columns", multiple=True, metavar="COLUMN=FIELD", help="COLUMN= leaves the column out.")
@click.option("--definition", type=click.Path(exists=True, dir_okay=False), help="File with the questions' texts.")
@click.option("--timezone", default="UTC", show_default=True, help="Of times that name none.")
@click.option("--day-first/--month-first", "day_first", default=None, help="Order in times such as 3/4/2026.")
@click.option("--time-column", help="Column with the time of each answer.")
@click.option("--encoding", help="[default: UTF-8, UTF-16 or windows-1252, by the bytes]")
@click.option("--status", type=click.Choice(("inbox", "spam", "archived")), help="Folder of all answers.")
@click.option("--read/--unread", default=None, help="[default: as the file says, else read]")
@click.option("--left-out", type=click.Path(dir_okay=False), help=f"[default: FILE{LEFT_OUT_SUFFIX}]")
@click.option("--dry-run", is_flag=True, help="Only print what would happen.")
@with_appcontext
@user_errors
def import_file(file: str, form_id: str | None, owner: str | None, dry_run: bool, **choices: Any) -> None:
    """Import FILE, exported by another form service or by this one, as CSV or JSON.

    Either into an existing form (--form), or into a new one made from the file (--owner). No mail is sent. Running the
    same command again imports nothing twice, so that an interrupted import continues.
    """
    if (form_id is None) == (owner is None):
        raise click.UsageError("Add either --form ID or --owner EMAIL.")
    name, left_out_path = choices.pop("name"), choices.pop("left_out") or f"{file}{LEFT_OUT_SUFFIX}"
    choices["timezone"] = _timezone(choices["timezone"])
    choices["columns"] = dict(map(_split_column, choices["columns"]))
    options = Options(**choices)
    source = service.open_source(file, options)
    with _progress("Reading", file) as progress:
        scanned = service.scan(source, options, progress)
    click.echo(f"{source.label} with {scanned.answers:,} answers.")
    form = get_published_form(form_id) if form_id else _make_form(source, str(owner), name, dry_run=dry_run)
    if not scanned.answers:
        if form_id:
            raise click.ClickException(service.NO_ANSWERS)
        return
    left_out = LeftOut(None if dry_run else left_out_path)
    importer = service.Import(form, source, options, left_out)
    with left_out.closing(), _progress("Checking" if dry_run else "Importing", file) as progress:
        importer.run(scanned, progress, write=not dry_run)
    _report(importer, dry_run=dry_run)


def _make_form(source: Source, owner: str, name: str | None, *, dry_run: bool) -> PublishedForm:
    body, definition = service.new_form(source, name)
    source.names = definition.names
    click.echo(f"{'Form' if dry_run else 'New form'} {format_line(body['name'])}, with these fields:")
    for field in body["fields"]:
        click.echo("  " + format_line(field["name"], field["type"], field.get("label", "")))
    _print_lines("Left out of the form", definition)
    if dry_run:
        return service.preview_form(body)
    form_id = service.create_form(body, owner)
    click.echo(f"Its id: {form_id}. If this is interrupted, continue with --form {form_id} instead of --owner.")
    return get_published_form(form_id)


def _print_lines(heading: str, definition: Definition) -> None:
    if definition.left_out:
        click.echo(f"{heading}:")
    for text in definition.left_out:
        click.echo(f"  {format_line(text)}")


def _report(importer: service.Import, *, dry_run: bool) -> None:
    result, left_out = importer.result, importer.left_out
    _print_columns(importer.columns, importer.source)
    if left_out.counts:
        click.echo("Left out, or stored although it does not fit:")
    for (column, reason), count in list(left_out.counts.items())[:MAX_SHOWN_REASONS]:
        what = f"{column}: {reason}" if column else reason
        stored = " (stored as it is)" if count.stored else ""
        click.echo(f"  {format_line(f'{count.number:,}: {what}{stored} First in line {count.first_line}.')}")
    limit = importer.form.settings.max_submissions
    if limit is not None:
        click.echo(f"The form takes {limit:,} submissions. Imported ones count, and may close it.")
    verb = "would be imported" if dry_run else "imported"
    parts = [f"{result.stored:,} answers {verb}", f"{result.existing:,} were there already"]
    parts += [f"{result.left_out:,} left out"] * bool(result.left_out)
    parts += [f"{result.empty:,} empty"] * bool(result.empty)
    click.echo(", ".join(parts) + ".")
    if left_out.is_written:
        click.echo(f"The whole list, with personal data: {left_out.path}")


def _print_columns(columns: Columns, source: Source) -> None:
    click.echo("Columns:")
    for name, column in list(columns.seen.items())[:MAX_SHOWN_COLUMNS]:
        if column.field is None:
            target = f"not imported ({column.reason})"
        else:
            target = column.field + ("" if column.is_defined else " (not a field of the form, kept)")
        click.echo(f"  {format_line(f'{name} → {target}')}")
    if len(columns.seen) > MAX_SHOWN_COLUMNS:
        click.echo(f"  and {len(columns.seen) - MAX_SHOWN_COLUMNS} more")
    for name in source.meta_columns() if isinstance(source, CSVSource) else ():
        if name not in columns.seen:
            click.echo(f"  {format_line(f'{name} → not imported (to import it: --map {name}=FIELD)')}")


@contextmanager
def _progress(label: str, file: str) -> Iterator[Callable[[int], None]]:
    """Show a bar of the bytes of a file."""
    size, seen = Path(file).stat().st_size, 0
    step = max(size // 200, 1)
    with click.progressbar(length=size, label=label, show_pos=False) as bar:

        def update(position: int) -> None:
            nonlocal seen
            if position - seen >= step:
                bar.update(position - seen)
                seen = position

        yield update
        bar.update(size - seen)


def _split_column(text: str) -> tuple[str, str]:
    column, sign, field = text.rpartition("=")
    if not sign or not column:
        raise click.UsageError(f"--map {text}: write COLUMN=FIELD, or COLUMN= to leave a column out.")
    return column, field


def _timezone(name: str) -> tzinfo:
    zone: tzinfo = load_or_exit(ZoneArgument(), {"timezone": name})["timezone"]
    return zone

"""`flask files`: the places where files are stored."""

import sys

import click
from flask.cli import with_appcontext

from forms_service.commands.terminal import user_errors
from forms_service.file_store.interface import FileStoreError
from forms_service.uploads import relocation

REPORT_EVERY = 1000
"""Files, outside a terminal."""


@click.group()
def files() -> None:
    """Manage where files of submissions are stored."""


@files.command("move")
@click.option("--back", is_flag=True, help="From S3_BUCKET to the instance folder, before you stop using the bucket.")
@with_appcontext
@user_errors
def move(back: bool) -> None:
    """Move files from the instance folder of this host to S3_BUCKET.

    They stay readable. If interrupted, run the same command again.
    """
    total, done = relocation.count_files(back=back), 0
    try:
        with click.progressbar(length=total, label="Moving files", show_pos=True, show_eta=True) as bar:
            for count in relocation.move_files(back=back):
                done += count
                bar.update(count)
                if not sys.stdout.isatty() and done % REPORT_EVERY == 0:
                    click.echo(f"{done:,} of {total:,} files done")
    except FileStoreError as error:
        message = f"Stopped after {done:,} of {total:,} files: {error.reason} Run the same command again."
        raise click.ClickException(message) from error
    click.echo(f"{done:,} files are in {'the instance folder' if back else 'S3_BUCKET'}.")

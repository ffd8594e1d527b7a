"""`flask backup` and `flask restore`."""

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Self

import click
from flask.cli import with_appcontext

from forms_service.backup import restoration, snapshot, target
from forms_service.backup.restoration import Report
from forms_service.backup.unsent import Held
from forms_service.commands.terminal import user_errors

STANDARD = Path("-")

SOURCE = click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))

KEYS = (
    "The encryption keys are not in it. Keep a copy of .env (or of instance/encryption_keys) elsewhere: "
    "without it nobody can read this backup."
)


@click.command()
@click.argument("file", type=click.Path(allow_dash=True, path_type=Path))
@click.option("--keep", type=click.IntRange(1), help="FILE is a directory: keep only so many backups in it.")
@click.option("--no-files", is_flag=True, help="Leave out the uploaded files, if you copy them in another way.")
@with_appcontext
@user_errors
def backup(file: Path, keep: int | None, no_files: bool) -> None:
    """Back up the database and the uploaded files to FILE, a directory or - (standard output).

    The service can keep running. Keys are not in the backup: store .env (or instance/encryption_keys) separately.
    """
    if keep and not file.is_dir():
        raise click.ClickException(f"--keep needs a directory, and {file} is none.")
    path = file / target.new_name() if file.is_dir() else file
    started = time.monotonic()
    out: AbstractContextManager[BinaryIO] = target.standard_output() if file == STANDARD else target.open_new(path)
    with out as stream, ProgressBar("Backing up") as progress:
        summary = snapshot.write(stream, with_files=not no_files, progress=progress)
    seconds = time.monotonic() - started
    counts = f"{_count(summary.rows, 'row')} and {_count(summary.files, 'file')}"
    _say(f"{path}: {counts}, {_megabytes(summary.bytes_written)} in {seconds:.1f} s")
    if summary.missing_files:
        _say(f"Not in it: {_count(summary.missing_files, 'file')} that had been erased before it was read.")
    _say(KEYS)
    for old in target.delete_older(file, keep) if keep else ():
        _say(f"Deleted: {old}")


@click.command()
@SOURCE
@click.option("--moving", is_flag=True, help="The old service was stopped before the backup: send what waited.")
@click.option("--check", is_flag=True, help="Only read and verify FILE; write nothing.")
@with_appcontext
@user_errors
def restore(file: Path, moving: bool, check: bool) -> None:
    """Restore FILE, or - (standard input), into an empty database, under the ENCRYPTION_KEYS it was made with.

    Stop the service first. Mails and webhooks that waited are not sent, since they may have been sent after the backup,
    and sessions end; with --moving, they are sent, and sessions go on.
    """
    started = time.monotonic()
    with _open(file) as source, ProgressBar("Checking" if check else "Restoring") as progress:
        if check:
            report = restoration.check(source, progress)
        else:
            report = restoration.restore(source, moving=moving, progress=progress)
    description = report.manifest
    seconds = time.monotonic() - started
    click.echo(f"Backup of {description.made_at}, made by version {description.version}")
    counts = f"{_count(report.rows, 'row')} and {_count(report.files, 'file')}"
    click.echo(f"{'Read' if check else 'Restored'}: {counts}, {_megabytes(report.bytes_read)} in {seconds:.1f} s")
    if not description.has_files:
        click.echo("Uploaded files are not in this backup. Copy them to files/ in INSTANCE_PATH.")
    if report.missing_files:
        click.echo(f"Missing: {_count(report.missing_files, 'file')} that had been erased while the backup was made")
    _report_check(report) if check else _report_restored(report)


def _report_check(report: Report) -> None:
    if report.unreadable:
        places = "\n".join(report.unreadable)
        raise click.ClickException(
            f"Whole and unchanged, but {len(report.unreadable)} of {report.sampled} sampled values were unreadable "
            f"already when it was made:\n{places}"
        )
    click.echo(f"Whole and unchanged; {_count(report.sampled, 'sampled value')} decrypted. Nothing was written.")


def _report_restored(report: Report) -> None:
    if report.held:
        _report_held(report.held)
    click.echo("Next: flask doctor, then start the service.")


def _report_held(held: Held) -> None:
    if held.retryable:
        click.echo(
            f"Not sent, since they may have been sent after the backup: {_count(held.retryable, 'message')} about "
            "submissions. Owners see them as failed under Deliveries, and can send them again. If the old service was "
            "stopped before the backup, empty the database again and restore with --moving instead."
        )
    if held.final:
        click.echo(
            f"Dropped: {_count(held.final, 'mail')} about accounts, invitations and tests. People ask for another."
        )
    if held.digest_entries:
        click.echo(f"Dropped from digests that were due: {_count(held.digest_entries, 'submission')}")
    click.echo(f"Ended: {_count(held.sessions, 'session')}. API keys stay valid, also those revoked after the backup.")


class ProgressBar:
    """A bar on standard error, begun with the first step."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._stack = ExitStack()
        self._bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __call__(self, done: int, total: int) -> None:
        if self._bar is None:
            bar = click.progressbar(length=total, label=self._label, show_pos=True, show_eta=True, file=sys.stderr)
            self._bar = self._stack.enter_context(bar)
        self._bar.update(done - self._bar.pos)


@contextmanager
def _open(file: Path) -> Iterator[BinaryIO]:
    if file == STANDARD:
        yield sys.stdin.buffer
        return
    with file.open("rb") as source:
        yield source


def _say(line: str) -> None:
    click.echo(line, err=True)  # standard output may be the backup


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"

"""`flask keys`: generate and rotate encryption keys."""

import sys
import time

import click
from flask.cli import with_appcontext

from forms_service.accounts import audit
from forms_service.commands.terminal import user_errors
from forms_service.encryption import keyring, rotation, wrapped_keys
from forms_service.security import generate_key

REPORT_INTERVAL = 2.0
"""Seconds, outside a terminal."""


@click.group()
def keys() -> None:
    """Manage the encryption keys."""


@keys.command("generate")
def generate() -> None:
    """Print a new random key for SECRET_KEY or ENCRYPTION_KEYS."""
    click.echo(generate_key())
    click.echo("To change the key: put it first in ENCRYPTION_KEYS, restart, then run: flask keys rotate", err=True)


@keys.command("rotate")
@click.option("--data", is_flag=True, help="Also re-encrypt everything under a new data key, without downtime.")
@click.option("--resume", is_flag=True, hidden=True, help="Automatic.")
@with_appcontext
@user_errors
def rotate(data: bool, resume: bool) -> None:
    """Wrap the data keys under the first of ENCRYPTION_KEYS.

    With --data, an interrupted run continues; the service itself also continues it, more slowly.
    """
    click.echo(f"{wrapped_keys.rewrap()} keys are wrapped under the first of ENCRYPTION_KEYS.")
    audit.note("keys_rotated")
    if data:
        number, resumed = rotation.begin()
        words = "Continuing the unfinished rotation: data" if resumed else "Data"
        click.echo(f"{words} key {number} now encrypts new values. If interrupted, run the same command again.")
        _reencrypt_all()


def _reencrypt_all() -> None:
    last = _reencrypt("Re-encrypting")
    while True:
        click.echo(f"Waiting {keyring.RELOAD_INTERVAL} s until every process has loaded the new key …")
        time.sleep(max(keyring.RELOAD_INTERVAL + 1, 0))
        # every process has loaded the new key
        last = _reencrypt("Checking again")
        if rotation.mark_done_if_clean(last):
            break
    if last and last.unreadable:
        raise click.ClickException(f"{last.unreadable} rows cannot be decrypted and are unchanged. See: flask doctor")
    click.echo("Everything is under the new data key.")


def _reencrypt(label: str) -> rotation.Progress | None:
    total, started, reported = rotation.count_stale(), time.monotonic(), 0.0
    last: rotation.Progress | None = None
    with click.progressbar(length=total, label=label, show_pos=True, show_eta=True) as bar:
        for progress in rotation.reencrypt():
            seen, before = _count_seen(progress), _count_seen(last)
            bar.update(seen - before)
            seconds, last = time.monotonic() - started, progress
            if not sys.stdout.isatty() and seconds >= reported + REPORT_INTERVAL:
                _report(seen, max(total - seen, 0), seconds)
                reported = seconds
    _report(_count_seen(last), max(total - _count_seen(last), 0), time.monotonic() - started)
    return last


def _count_seen(progress: rotation.Progress | None) -> int:
    return progress.done + progress.unreadable if progress else 0


def _report(done: int, left: int, seconds: float) -> None:
    click.echo(f"{done:,} rows done, {left:,} left, about {left * seconds / max(done, 1):.0f} s")

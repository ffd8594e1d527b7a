"""`flask keys`: new keys, and what is stored brought under them."""

import time

import click
from flask.cli import with_appcontext

from forms_service import keyring, rotation
from forms_service.accounts import audit
from forms_service.commands.terminal import plainly
from forms_service.security import generate_key


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

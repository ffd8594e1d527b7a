"""`flask encrypt` and `flask decrypt`, for exported files."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import click

from forms_service.commands.terminal import read_password, user_errors
from forms_service.security.sealed_files import decrypt_file, encrypt_file

SUFFIX = ".encrypted"
MIN_PASSWORD_LENGTH = 8

SOURCE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
OUTPUT = click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="[default: beside FILE]")


@click.command()
@SOURCE
@OUTPUT
@user_errors
def encrypt(file: Path, output: Path | None) -> None:
    """Encrypt FILE, such as an export, with a password from a prompt or standard input."""
    target = output or file.with_name(file.name + SUFFIX)
    _require_absent(target)
    password = read_password()
    if len(password) < MIN_PASSWORD_LENGTH:
        raise click.ClickException(f"The password must have at least {MIN_PASSWORD_LENGTH} characters.")
    _convert(file, target, lambda source: encrypt_file(source, password))


@click.command()
@SOURCE
@OUTPUT
@user_errors
def decrypt(file: Path, output: Path | None) -> None:
    """Decrypt FILE, made by `flask encrypt`."""
    if output is None and file.suffix != SUFFIX:
        raise click.ClickException(f"FILE does not end in {SUFFIX}. Name the output: --output NAME")
    target = output or file.with_suffix("")
    _require_absent(target)
    password = read_password(confirm=False)
    _convert(file, target, lambda source: decrypt_file(source, password))


def _require_absent(target: Path) -> None:
    if target.exists():
        raise click.ClickException(f"{target} already exists. Name another output: --output NAME")


def _convert(file: Path, target: Path, convert: Callable[[BinaryIO], Iterator[bytes]]) -> None:
    # written atomically, readable only by its owner
    draft = target.with_name(f"{target.name}.{os.getpid()}.draft")
    try:
        with file.open("rb") as source, open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            for piece in convert(source):
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)
    click.echo(target)

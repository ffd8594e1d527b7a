"""Where `flask run` serves: noted in the instance folder, so that commands print the address that answers."""

import os
from contextlib import suppress
from pathlib import Path

import click
from marshmallow import ValidationError

from forms_service.config import values as of

DEFAULT = "http://127.0.0.1:5000"
NOTE = "served_at"
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 (compared with, not bound to)


def of_this_process() -> str | None:
    """The address that this `flask run` will answer at; None in any other process."""
    command = click.get_current_context(silent=True)
    if command is None or command.info_name != "run":
        return None
    host = command.params.get("host") or "127.0.0.1"
    host = "127.0.0.1" if host in EVERYWHERE else host
    scheme = "https" if command.params.get("cert") else "http"
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}:{command.params.get('port') or 5000}"


def usual(instance_path: Path, port: int | None) -> str:
    """The address of a service that is tried out: of this process, by FLASK_RUN_PORT, as noted, or Flask's own."""
    here = of_this_process()
    if here or port:
        return here or f"http://127.0.0.1:{port}"
    with suppress(OSError, UnicodeDecodeError, ValidationError):
        return of.public_url((instance_path / NOTE).read_text())
    return DEFAULT


def note(instance_path: Path, public_url: str) -> None:
    """Note it for commands, where this process serves and nobody has set another address."""
    if public_url == of_this_process():
        with suppress(OSError):  # a folder that takes nothing is somebody else's to report
            file = os.open(instance_path / NOTE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.write(file, public_url.encode())
            os.close(file)

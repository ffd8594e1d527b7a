"""Records where the server runs, so that commands print working URLs."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import click
from marshmallow import ValidationError

from forms_service.config import parsers as of

DEFAULT = "http://127.0.0.1:5000"
FILE_NAME = "served_at"
WILDCARDS = ("0.0.0.0", "::")  # noqa: S104 (compared with, not bound to)


def url_of_this_process() -> str | None:
    """Return None outside `flask run`."""
    command = click.get_current_context(silent=True)
    if command is None or command.info_name != "run":
        return None
    host, port = command.params.get("host") or "127.0.0.1", command.params.get("port") or 5000
    return _url(host, port, tls=bool(command.params.get("cert")))


def default_url(instance_path: Path, port: int | None) -> str:
    here = url_of_this_process()
    if here or port:
        return here or f"http://127.0.0.1:{port}"
    with suppress(OSError, UnicodeDecodeError, ValidationError):
        return of.public_url((instance_path / FILE_NAME).read_text(encoding="utf-8"))
    return DEFAULT


def record(instance_path: Path, public_url: str) -> None:
    if public_url == url_of_this_process():
        _write(instance_path, public_url)


def record_bound(instance_path: Path, addresses: Iterable[object], *, tls: bool) -> None:
    """Record gunicorn's first, before workers load the settings."""
    for address in addresses:
        if isinstance(address, tuple):
            _write(instance_path, _url(str(address[0]), int(address[1]), tls=tls))
            return


def _url(host: str, port: int, *, tls: bool) -> str:
    host = "127.0.0.1" if host in WILDCARDS else host
    return f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def _write(instance_path: Path, url: str) -> None:
    with suppress(OSError):  # an unwritable folder is reported elsewhere
        file = os.open(instance_path / FILE_NAME, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.write(file, url.encode())
        os.close(file)

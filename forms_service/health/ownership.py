"""Owner and mode of secret files."""

import os
from collections.abc import Iterator
from pathlib import Path

from forms_service.config import DOTENV, settings
from forms_service.database import migrations

OPEN_TO_OTHERS = 0o077
OPEN_TO_ALL = 0o007
MOUNTED_SECRETS = "/run"
"""Mounted by container engines, readable by all."""


def find_faults(directory: Path) -> Iterator[str]:
    """Yield a sentence per fault, with the fixing command."""
    paths = [path for path in _files(directory) if path.exists()]
    owners = {path: path.stat().st_uid for path in paths}
    service = owners.get(settings.instance_path, os.geteuid())
    for path in paths:
        if path.is_file() and path.stat().st_mode & OPEN_TO_OTHERS:
            yield f"Other users can read {path}. Run: chmod 600 {path}"
        if owners[path] != service:
            yield f"{path} and {settings.instance_path} have different owners: chown both to the service's user."
    for path in settings.secret_files:
        open_to_all = path.is_file() and path.stat().st_mode & OPEN_TO_ALL
        if open_to_all and not path.is_relative_to(MOUNTED_SECRETS):
            yield f"Everybody can read {path}. Run: chmod o-rwx {path}"
    if os.geteuid() not in (0, service):
        yield f"This user does not own {settings.instance_path}. Run the service and its commands as its owner."


def _files(directory: Path) -> list[Path]:
    instance = settings.instance_path
    database = migrations.sqlite_file()
    secrets = [directory / DOTENV, instance / "secret_key", instance / "encryption_keys"]
    return [instance, *secrets, *([database] if database else [])]

"""`flask setup`: a production `.env` with fresh secrets, the first operator, and what to copy for the server."""

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from jinja2 import Environment, PackageLoader, StrictUndefined

from forms_service import keyring
from forms_service.accounts import service
from forms_service.app import create_app
from forms_service.config import load_settings
from forms_service.database import nothing_left_open
from forms_service.errors import StartError
from forms_service.extensions import migrate
from forms_service.security import generate_key, generate_secure_token

TEMPLATES = Environment(
    loader=PackageLoader("forms_service", "templates/setup"),
    autoescape=False,  # noqa: S701 (plain files for the operator, no HTML)
    undefined=StrictUndefined,
    keep_trailing_newline=True,
)

DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])", re.IGNORECASE)
"""A host of its own, without scheme, port or path: it is written into PUBLIC_URL and the proxy's configuration."""


@dataclass(frozen=True)
class Plan:
    """Where the service lives and what it leans on."""

    directory: Path
    domain: str
    database: str | None
    redis: str | None


def carry_out(plan: Plan, operator: service.Person) -> str:
    """Write `.env`, migrate the database, make the operator; the text to show.

    :raises StartError: when DOMAIN is none, there is a `.env` already, or the service cannot start with the new one
    :raises ConflictError: when the operator's address has an account
    """
    env = plan.directory / ".env"
    if not DOMAIN.fullmatch(plan.domain):
        raise StartError("Write the domain alone, such as forms.example.com, without https:// and without a path.")
    if env.exists():
        raise StartError(f"There is a {env} already. Move it away first: its secrets cannot be made again.")
    values = _values(plan)
    _write(env, TEMPLATES.get_template("env").render(values))
    try:
        _make_operator(plan, operator)
    except BaseException:
        env.unlink()
        raise
    return TEMPLATES.get_template("next.txt").render(values)


def _values(plan: Plan) -> dict[str, object]:
    old_keys = plan.directory / "instance" / "encryption_keys"
    keys = [generate_key(), *([old_keys.read_text().strip()] if old_keys.exists() else [])]
    return {
        "directory": plan.directory,
        "domain": plan.domain,
        "database": plan.database or f"sqlite:///{plan.directory / 'instance' / 'forms.db'}",
        "redis": plan.redis,
        "secret_key": generate_key(),
        "encryption_keys": ",".join(keys),
        "metrics_token": generate_secure_token(),
        "gunicorn": Path(sys.executable).with_name("gunicorn"),
        "user": os.environ.get("USER", "forms"),
    }


def _make_operator(plan: Plan, operator: service.Person) -> None:
    app = create_app(load_settings(plan.directory))
    with app.app_context(), nothing_left_open():
        command.upgrade(migrate.get_config(), "head")
        keyring.holder().load()
        keyring.rewrap()
        service.create(operator, role="operator", status="active")


def _write(path: Path, content: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)

"""`flask setup`: writes a production `.env` with new secrets and creates the first operator.

Checks everything before writing. Every step leaves a startable state, so a failed setup can be rerun.
"""

import ipaddress
import os
import pwd
import re
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from marshmallow import ValidationError as BadSettingError
from sqlalchemy.exc import DBAPIError

from forms_service.accounts import administration
from forms_service.accounts.service import NewAccount
from forms_service.app import create_app
from forms_service.config import DOTENV, Settings, SettingsError, load_settings
from forms_service.config import parsers as of
from forms_service.database import migrations
from forms_service.database.engine import first_line
from forms_service.database.transactions import dispose_engine
from forms_service.encryption import keyring, wrapped_keys
from forms_service.errors import StartError
from forms_service.security import generate_key, generate_secure_token
from forms_service.validation.urls import to_ascii_host

ADDRESS = (
    "Give the public address of the service, such as forms.example.com, forms.example.com:8443, "
    "example.com/forms, or http://127.0.0.1:8000 for a trial."
)
PLAIN = re.compile(r"[\w@:/.,+=%?&\[\]-]*", re.ASCII)
SERVICE_USER = "forms"
"""User of a service that root sets up."""


@dataclass(frozen=True)
class SetupOptions:
    directory: Path
    address: str
    email: str
    database: str | None = None
    redis: str | None = None


@dataclass(frozen=True)
class CheckedSetup:
    options: SetupOptions
    url: str
    draft: str | None
    """The `.env` to write; None if it exists."""

    needs_person: bool
    """The operator is not yet created or confirmed."""


def service_url(address: str) -> str:
    """Accept optional port, path and scheme (default https).

    :raises StartError: if invalid
    """
    text = address.strip()
    if "://" not in text:
        with suppress(ValueError):
            text = f"[{ipaddress.IPv6Address(text)}]"
        text = f"https://{text}"
    try:
        host, parts = to_ascii_host(text), urlsplit(text)
        if not text.isprintable():
            raise ValueError("more than one line")
        if ":" not in host and not all(of.HOST_LABEL.fullmatch(label) for label in host.split(".")):
            raise ValueError("no host")
        shown = f"[{host}]" if ":" in host else host
        port = f":{parts.port}" if parts.port not in (None, {"http": 80, "https": 443}.get(parts.scheme)) else ""
        rebuilt = SplitResult(parts.scheme, shown + port, parts.path, parts.query, parts.fragment)
        if "@" in parts.netloc or not host:
            raise ValueError("no host, or a name before it")
        return of.public_url(rebuilt.geturl())
    except BadSettingError as error:
        raise StartError(" ".join([*error.messages, ADDRESS])) from error
    except ValueError as error:
        raise StartError(ADDRESS) from error


def check(options: SetupOptions) -> CheckedSetup:
    """Check without changing anything.

    :raises StartError: where something needs attention
    """
    url = service_url(options.address)
    env = options.directory / DOTENV
    draft = None if env.exists() else TEMPLATES.get_template("env").render(_env_values(options, url))
    settings = _settings(options, draft)
    if draft is None:
        _require_same_service(settings, options, url)
    app = create_app(settings, start=False)
    with app.app_context(), dispose_engine():
        return CheckedSetup(options, url, draft, needs_person=_needs_person(options.email))


def run_setup(checked: CheckedSetup, operator: NewAccount | None) -> str:
    """Write `.env`, migrate, create the operator, rewrap keys; return the text to show.

    :raises StartError: if a step fails; `.env` stays
    """
    directory = checked.options.directory
    if checked.draft is not None:
        _write_env(directory / DOTENV, checked.draft)
    app = create_app(load_settings(directory), start=False)
    with app.app_context(), dispose_engine():
        try:
            migrations.create_file()
            migrations.upgrade()
            keyring.key_ring_store().load()
            administration.ensure_operator(checked.options.email, operator)
            wrapped_keys.rewrap()  # last: until here the previous keys still work
        except DBAPIError as error:
            raise StartError(
                f"The database failed ({first_line(error)}). {DOTENV} is valid: fix the database and run this again."
            ) from error
    return TEMPLATES.get_template("next.txt").render(_server_values(checked.options, checked.url))


def _settings(options: SetupOptions, draft: str | None) -> Settings:
    if draft is not None:  # drop variables that would override the new .env
        for line in draft.splitlines():
            name, equals, _ = line.partition("=")
            if equals and not name.startswith("#"):
                os.environ.pop(name, None)
                os.environ.pop(f"{name}_FILE", None)
    try:
        return load_settings(options.directory, draft=draft)
    except SettingsError as error:
        flags = {"DATABASE_URL": "--database", "REDIS_URL": "--redis"}
        lines = [f"{flags.get(name, name)}: {' '.join(texts)}" for name, texts in error.problems.items()]
        raise StartError("\n".join(lines)) from error


def _require_same_service(settings: Settings, options: SetupOptions, url: str) -> None:
    env = options.directory / DOTENV
    if not settings.production or settings.public_url != url:
        raise StartError(
            f"{env} already exists, for {settings.public_url} ({settings.environment}). Edit it by hand: "
            "its secrets cannot be recreated, so never delete it."
        )
    database_url = (
        of.database_url(options.database, settings.instance_path) if options.database else settings.database_url
    )
    if database_url != settings.database_url:
        raise StartError(f"{env} already exists, with another DATABASE_URL. Change it there, not with --database.")


def _needs_person(email: str) -> bool:
    path = migrations.sqlite_file()
    if path and not (path.exists() and path.stat().st_size):
        return True
    revision = migrations.revision()
    if revision is migrations.Revision.NEWER:
        raise migrations.newer_schema_error()
    if not wrapped_keys.verify() or revision is not migrations.Revision.CURRENT:
        return True
    status = administration.status_of(email)
    if status == "disabled":
        raise StartError(f"The account {email} is disabled. Run first: flask accounts enable {email}")
    return status != "active"


def _env_values(options: SetupOptions, url: str) -> dict[str, object]:
    environment = os.environ
    instance = options.directory / (environment.get("INSTANCE_PATH") or "instance")
    return {
        "url": url,
        "host": urlsplit(url).hostname,
        "instance": instance if environment.get("INSTANCE_PATH") else None,
        "database": options.database or environment.get("DATABASE_URL") or f"sqlite:///{instance / 'forms.db'}",
        "redis": options.redis or environment.get("REDIS_URL"),
        "secret_key": generate_key(),
        "encryption_keys": ",".join([generate_key(), *_keys_in_use(instance)]),  # old ones until rewrapped
        "metrics_token": generate_secure_token(),
    }


def _keys_in_use(instance: Path) -> list[str]:
    files = [instance / "encryption_keys", *map(Path, filter(None, [os.environ.get("ENCRYPTION_KEYS_FILE")]))]
    try:
        texts = [file.read_text(encoding="utf-8") for file in files if file.exists()]
    except OSError as error:
        raise StartError(f"Cannot read the keys in use: {error.strerror}, {error.filename}.") from error
    keys = ",".join([*texts, os.environ.get("ENCRYPTION_KEYS", "")]).split(",")
    return list(dict.fromkeys(key.strip() for key in keys if key.strip()))


def _server_values(options: SetupOptions, url: str) -> dict[str, object]:
    # for the reverse proxy and systemd
    root = os.geteuid() == 0
    return {
        **proxy_values(url),
        "directory": options.directory,
        "instance": load_settings(options.directory).instance_path.absolute(),
        "bin": Path(sys.executable).parent,
        "user": SERVICE_USER if root else pwd.getpwuid(os.geteuid()).pw_name,
        "root": root,
        "hidden": root and not _open_to_all(options.directory),
    }


def proxy_values(url: str) -> dict[str, object]:
    """Return the values of the Caddyfile."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    return {
        "url": url,
        "secure": secure,
        "site": parts.netloc if secure else f"http://{parts.netloc}",
        "origin": f"{parts.scheme}://{parts.netloc}",
        "host": parts.netloc.removesuffix(f":{parts.port}"),
        "path": parts.path,
        "matcher": "@forms " if parts.path else "",
    }


def _open_to_all(directory: Path) -> bool:
    folders = {directory, *directory.parents, *Path(sys.executable).resolve().parents}
    return all(folder.stat().st_mode & 0o001 for folder in folders)


def _write_env(env: Path, content: str) -> None:
    # atomic: os.link() never overwrites, and the secrets are readable only by their owner
    for left in env.parent.glob(f"{DOTENV}.*.draft"):
        left.unlink(missing_ok=True)
    draft = env.with_name(f"{DOTENV}.{os.getpid()}.draft")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, env)
    except FileExistsError:
        raise StartError(f"{env} was just created by another setup. Run this again to continue.") from None
    finally:
        draft.unlink()
    folder = os.open(env.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _quote(value: object) -> str:
    text = str(value)
    if PLAIN.fullmatch(text):
        return text
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _unit_path(value: object) -> str:
    text = str(value).replace("%", "%%")
    return f'"{text}"' if " " in text else text


TEMPLATES = Environment(
    loader=PackageLoader("forms_service", "templates/setup"),
    autoescape=False,  # noqa: S701 (plain files for the operator, no HTML)
    undefined=StrictUndefined,
    keep_trailing_newline=True,
    trim_blocks=True,
)
TEMPLATES.filters.update(quoted=_quote, unit_path=_unit_path)

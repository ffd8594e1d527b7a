"""Settings from the environment; all faults are reported together."""

import os
import ssl
import tempfile
from dataclasses import dataclass, fields
from functools import cached_property, partial
from pathlib import Path
from typing import Any, cast

from flask import current_app
from werkzeug.local import LocalProxy

from forms_service.captchas import HCAPTCHA, RECAPTCHA, TURNSTILE
from forms_service.config import mail_sender, secret_files, secret_values, served_address
from forms_service.config import parsers as of
from forms_service.config.declaration import From, is_setting, read, setting
from forms_service.config.environment import Reader
from forms_service.config.parsers import Rate
from forms_service.cpu_affinity import cores
from forms_service.errors import StartError
from forms_service.security.outbound_addresses import AllowList
from forms_service.security.tls import create_client_context

THREADS = 96
"""Per process; see `gunicorn_conf.py`."""

METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Set it before importing `forms_service.metrics`: prometheus_client reads it on import."""

SHARED_MEMORY = "/dev/shm"  # noqa: S108  # mkdtemp gives the folder in it a random name

DEFAULT_FOLDER = "instance"

DOTENV = ".env"


class SettingsError(StartError):
    """The text for the operator contains no value."""

    def __init__(self, problems: dict[str, list[str]]) -> None:
        self.problems = problems
        count = f"{len(problems)} settings are" if len(problems) > 1 else "1 setting is"
        lines = [f"  {name}: {' '.join(messages)}" for name, messages in sorted(problems.items())]
        super().__init__("\n".join([f"forms_service cannot start, {count} wrong:", *lines]))


def _default_url(values: dict[str, Any]) -> str | None:
    if values["environment"] == "production":
        return None
    return served_address.default_url(values["instance_path"], values["flask_run_port"])


def _default_workers(values: dict[str, Any]) -> str:
    # without Redis each process counts rate limits by itself
    return str(cores()) if values["redis_url"] else "1"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Explained in docs/settings.md; each may use those above it."""

    environment: str = setting("development", of.one_of(*of.ENVIRONMENTS))
    app_name: str = setting("forms-service")
    instance_path: Path = setting(DEFAULT_FOLDER, From(lambda values: of.path_in(values["directory"])))
    background_work: str = setting("inside", of.one_of("inside", "outside"))
    public_url: str = setting(From(_default_url), of.public_url)
    hsts: str = setting(
        From(lambda values: of.default_hsts(values["public_url"])), of.one_of("off", "host", "subdomains")
    )
    port: int | None = setting(None, of.integer(1, 65_535))
    secret_key: str = setting(None, secret_values.secret_key, secret=True)
    encryption_keys: tuple[bytes, ...] = setting(None, secret_values.encryption_keys, secret=True)
    database_url: str = setting(
        None, From(lambda values: partial(of.database_url, instance_path=values["instance_path"])), secret=True
    )
    embedded: bool
    """DATABASE_URL is unset."""

    database_pool_size: int = setting("10", of.integer(1, 1000))
    database_max_overflow: int = setting("20", of.integer(0, 1000))
    redis_url: str | None = setting(None, of.redis_url, secret=True)
    redis_ttl: int = setting("3600", of.integer(1, 31_536_000))
    access_token_expire_minutes: int = setting("30", of.integer(1, 1440))
    algorithm: str = setting("HS256", of.one_of(*of.ALGORITHMS))
    rate_limit_enabled: bool = setting("true", of.boolean)
    rate_limit_requests: int = setting("100", of.integer(1, 1_000_000))
    rate_limit_window: int = setting("3600", of.integer(1, 86_400))
    rate_limit_authenticated: Rate = setting("600/60", of.rate)
    signup_rate_limit: Rate = setting("10/900", of.rate)
    login_rate_limit: Rate = setting("10/900", of.rate)
    submission_rate_limit: Rate = setting("60/60", of.rate)
    form_rate_limit: Rate = setting("600/60", of.rate)
    reply_rate_limits: tuple[Rate, Rate, Rate] = setting("60/3600,3/86400,1000/86400", of.reply_rates)
    cors_origins: tuple[str, ...] = setting("", of.origins)
    cors_allow_credentials: bool = setting("false", of.boolean)
    trusted_proxies: int = setting("0", of.integer(0, 10))
    smtp_server: str | None = setting(None, of.host)
    smtp_port: int = setting("587", of.integer(1, 65_535))
    smtp_username: str | None = setting()
    smtp_password: str | None = setting(secret=True)
    smtp_tls: str = setting("starttls", of.one_of("starttls", "tls", "none"))
    smtp_ca_file: str | None = setting(None, From(lambda values: of.authorities_in(values["directory"])))
    """The file's text."""

    mail_from: str = setting(
        From(lambda values: mail_sender.default_mail_from(values["public_url"])), mail_sender.mailbox
    )
    signup_enabled: bool = setting("true", of.boolean)
    signup_confirmation: bool = setting("true", of.boolean)
    signup_role: str = setting("user", of.one_of("user", "owner", "operator"))
    session_max_days: int = setting("90", of.integer(1, 3650))
    metrics_token: str | None = setting(None, secret_values.bearer_token, secret=True)
    bounce_token: str | None = setting(None, secret_values.bearer_token, secret=True)
    health_check_urls: dict[str, str] = setting("", of.named_urls, secret=True)
    outbound_allow: AllowList = setting("", of.allow_list)
    webhook_concurrency: int = setting("4", of.integer(1, 100))
    outbound_ca_file: str | None = setting(None, From(lambda values: of.authorities_in(values["directory"])))
    """The file's text."""

    max_content_length: int = setting("1048576", of.integer(1024, 2**30))
    audit_retention_days: int = setting("400", of.integer(1, 36_500))
    max_file_size: int = setting(str(10 * 2**20), of.integer(1, 2**40))
    max_files: int = setting("10", of.integer(0, 1000))
    max_upload_size: int = setting(str(25 * 2**20), of.integer(1, 2**40))
    s3_bucket: str | None = setting(None, of.bucket)
    s3_endpoint: str | None = setting(None, of.endpoint)
    s3_region: str = setting("us-east-1")
    s3_access_key: str | None = setting(secret=True)
    s3_secret_key: str | None = setting(secret=True)
    s3_prefix: str | None = setting(None, of.object_prefix)
    clamd: tuple[str, int] | Path | None = setting(None, of.clamd)
    forms_per_account: int = setting("500", of.integer(0, 10**6))
    form_storage: int = setting(str(2**30), of.integer(0, 2**60))
    account_storage: int = setting(str(10 * 2**30), of.integer(0, 2**60))
    spam_retention_days: int = setting("30", of.integer(1, 36_500))
    turnstile_verify_url: str = setting(TURNSTILE.verify_url, of.service_url)
    hcaptcha_verify_url: str = setting(HCAPTCHA.verify_url, of.service_url)
    recaptcha_verify_url: str = setting(RECAPTCHA.verify_url, of.service_url)
    bcrypt_rounds: int = setting(
        "12", From(lambda values: of.integer(4 if values["environment"] == "testing" else 10, 16))
    )
    web_concurrency: int = setting(From(_default_workers), of.integer(1, 1000))
    log_level: str = setting("INFO", of.one_of(*of.LOG_LEVELS))
    log_format: str = setting(
        From(lambda values: "json" if values["environment"] == "production" else "text"), of.one_of("text", "json")
    )
    log_client: str = setting("truncated", of.one_of("truncated", "full", "none"))
    unknown_names: tuple[str, ...]
    """Misspelled in `.env`, with suggestions."""

    secret_files: tuple[Path, ...]
    """Named by NAME_FILE."""

    @property
    def production(self) -> bool:
        """Whether personal data is at stake: no generated secrets, nothing open by default."""
        return self.environment == "production"

    @property
    def rate_limit(self) -> Rate:
        return Rate(self.rate_limit_requests, self.rate_limit_window)

    @property
    def public_path(self) -> str:
        """Without a trailing slash."""
        return of.url_path(self.public_url)

    @cached_property
    def smtp_tls_context(self) -> ssl.SSLContext:
        return create_client_context(self.smtp_ca_file)

    @cached_property
    def outbound_tls_context(self) -> ssl.SSLContext:
        return create_client_context(self.outbound_ca_file)  # 50 ms: the system's authorities are parsed


settings = cast("Settings", LocalProxy(lambda: current_app.config["SETTINGS"]))
"""Needs an application context."""


def load_settings(directory: Path, *, draft: str | None = None) -> Settings:
    """Load settings from the environment, then `directory/.env` or the text `draft`.

    Relative paths start at `directory`.

    :raises SettingsError: names every invalid setting and the fix
    """
    env = Reader()
    if draft is None:
        env.read_dotenv(directory / DOTENV)
    else:
        env.parse_dotenv(draft, directory / DOTENV)
    values = _read(env, directory)
    values["unknown_names"] = env.unknown_names()
    values["secret_files"] = env.secret_files(directory)
    problems = env.problems()
    problems.update(_find_conflicts(values, problems))
    secret_files.create_folder(values["instance_path"], problems)
    secret_files.load_secrets(values, problems)
    if problems:
        raise SettingsError(problems)
    served_address.record(values["instance_path"], values["public_url"])
    return Settings(**values)


def _read(env: Reader, directory: Path) -> dict[str, Any]:
    values: dict[str, Any] = {"directory": directory, "instance_path": directory / DEFAULT_FOLDER}
    values["flask_run_port"] = env.setting("FLASK_RUN_PORT", None, parse=of.integer(1, 65_535))
    for declared in filter(is_setting, fields(Settings)):
        value = read(declared, env, values)
        # an invalid INSTANCE_PATH leaves the default to the others
        if value is not None or declared.name not in values:
            values[declared.name] = value
    values["embedded"] = values["database_url"] is None
    if values["embedded"] and values["environment"] != "production":
        values["database_url"] = f"sqlite:///{values['instance_path'] / secret_files.EMBEDDED_DATABASE}"
    del values["directory"], values["flask_run_port"]
    return values


def _find_conflicts(values: dict[str, Any], problems: dict[str, list[str]]) -> dict[str, list[str]]:
    conflicts = {}
    if "*" in (values["cors_origins"] or ()) and values["cors_allow_credentials"]:
        conflicts["CORS_ALLOW_CREDENTIALS"] = (
            "Any site could act for the signed-in user. List the sites in CORS_ORIGINS."
        )
    if values["s3_bucket"]:
        for name in ("S3_ACCESS_KEY", "S3_SECRET_KEY"):
            if not values[name.lower()]:
                conflicts[name] = "Set it to the credentials for S3_BUCKET."
    if values["environment"] == "production":
        if not values["database_url"]:
            conflicts["DATABASE_URL"] = "Must be postgresql://user@host/name, or sqlite:////absolute/path/forms.db."
        if not values["public_url"]:
            conflicts["PUBLIC_URL"] = "Set it to the public URL of the service, such as https://forms.example.com."
        if values["signup_confirmation"] and not values["smtp_server"]:
            conflicts["SMTP_SERVER"] = "Set it to your mail server, or set SIGNUP_CONFIRMATION=false."
    return {name: [message] for name, message in conflicts.items() if name not in problems}


def setting_names() -> tuple[str, ...]:
    return tuple(declared.name.upper() for declared in fields(Settings) if is_setting(declared))


def share_metrics() -> None:
    """Create the folder in which several processes count together."""
    # prometheus_client maps sparse files: on a full disk the kernel would end each process that counts (SIGBUS)
    in_memory = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else None
    parent = os.environ.get(METRICS_FOLDER) or in_memory
    os.environ[METRICS_FOLDER] = tempfile.mkdtemp(prefix="forms-metrics-", dir=parent)


def metrics_folder() -> str | None:
    """Return the folder shared by processes; None for one process."""
    return os.environ.get(METRICS_FOLDER)

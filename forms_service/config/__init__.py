"""The settings: read from the environment here and nowhere else, and all that is wrong said at once."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from flask import current_app
from werkzeug.local import LocalProxy

from forms_service.config import parsers as of
from forms_service.config import secret_files, secret_values, served_address
from forms_service.config.environment import Reader
from forms_service.config.parsers import Rate
from forms_service.cpu_affinity import cores
from forms_service.errors import StartError

THREADS = 96
"""Requests that one process answers at a time under gunicorn; see `gunicorn.conf.py`."""

METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Read by prometheus_client when it is imported, so it must be set before `forms_service.metrics` is."""

DOTENV = ".env"
"""The file of settings, beside `wsgi.py`."""

TURNSTILE = "https://challenges.cloudflare.com/turnstile/v0/siteverify"
HCAPTCHA = "https://api.hcaptcha.com/siteverify"
RECAPTCHA = "https://www.google.com/recaptcha/api/siteverify"
"""Where the providers of CAPTCHAs say whether a token is good."""


class SettingsError(StartError):
    """Settings that the service cannot start with; its text is for the operator and holds no value."""

    def __init__(self, problems: dict[str, list[str]]) -> None:
        self.problems = problems
        count = f"{len(problems)} settings are" if len(problems) > 1 else "1 setting is"
        lines = [f"  {name}: {' '.join(said)}" for name, said in sorted(problems.items())]
        super().__init__("\n".join([f"forms_service cannot start, {count} wrong:", *lines]))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything the service can be told, checked and typed; docs/settings.md says what each means."""

    environment: str
    app_name: str
    instance_path: Path
    background_work: str
    public_url: str
    hsts: str
    port: int | None
    secret_key: str = field(repr=False)
    encryption_keys: tuple[bytes, ...] = field(repr=False)
    database_url: str = field(repr=False)
    embedded: bool
    database_pool_size: int
    database_max_overflow: int
    redis_url: str | None = field(repr=False)
    redis_ttl: int
    access_token_expire_minutes: int
    algorithm: str
    rate_limit_enabled: bool
    rate_limit: Rate
    rate_limit_authenticated: Rate
    signup_rate_limit: Rate
    login_rate_limit: Rate
    submission_rate_limit: Rate
    form_rate_limit: Rate
    cors_origins: tuple[str, ...]
    cors_allow_credentials: bool
    trusted_proxies: int
    smtp_server: str | None
    smtp_port: int
    smtp_username: str | None
    smtp_password: str | None = field(repr=False)
    smtp_tls: str
    mail_from: str
    signup_enabled: bool
    signup_confirmation: bool
    signup_role: str
    session_max_days: int
    metrics_token: str | None = field(repr=False)
    health_check_urls: dict[str, str] = field(repr=False)
    max_content_length: int
    audit_retention_days: int
    max_file_size: int
    max_files: int
    max_upload_size: int
    forms_per_account: int
    form_storage: int
    account_storage: int
    spam_retention_days: int
    turnstile_verify_url: str
    hcaptcha_verify_url: str
    recaptcha_verify_url: str
    bcrypt_rounds: int
    web_concurrency: int
    log_level: str
    log_format: str
    log_client: str
    unknown_names: tuple[str, ...]
    """Names in `.env` that mean nothing here, with what may have been meant."""

    secret_files: tuple[Path, ...]
    """Files that secrets are read from by NAME_FILE."""

    @property
    def production(self) -> bool:
        """Whether people's data is at stake: nothing is then made up or open by default."""
        return self.environment == "production"

    @property
    def public_path(self) -> str:
        """The path of PUBLIC_URL without a trailing slash, "" at the root of a host."""
        return of.url_path(self.public_url)


settings = cast("Settings", LocalProxy(lambda: current_app.config["SETTINGS"]))
"""The settings of the app that is asking; needs an application context."""


def load_settings(directory: Path, *, draft: str | None = None) -> Settings:
    """Settings from the environment, then from `directory/.env`; relative paths start at `directory`.

    With a `draft` of that file, the settings that it would give.

    :raises SettingsError: naming every setting that is wrong and what to write instead
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
    problems.update(_contradictions(values, problems))
    secret_files.create_folder(values["instance_path"], problems)
    secret_files.load_secrets(values, problems)
    if problems:
        raise SettingsError(problems)
    served_address.record(values["instance_path"], values["public_url"])
    return Settings(**values)


def _read(env: Reader, directory: Path) -> dict[str, Any]:
    read = env.setting
    environment = read("ENVIRONMENT", "development", parse=of.one_of(*of.ENVIRONMENTS))
    production = environment == "production"
    instance_path = directory / (read("INSTANCE_PATH", "instance") or "instance")
    usual_url = served_address.default_url(instance_path, read("FLASK_RUN_PORT", None, parse=of.integer(1, 65_535)))
    public_url = read("PUBLIC_URL", None if production else usual_url, parse=of.public_url)
    redis_url = read("REDIS_URL", None, parse=of.redis_url)
    default_database = None if production else f"sqlite:///{instance_path / secret_files.EMBEDDED_DATABASE}"
    database_url = read("DATABASE_URL", None, parse=lambda text: of.database_url(text, instance_path))
    smallest_cost = 4 if environment == "testing" else 10
    return {
        "environment": environment,
        "app_name": read("APP_NAME", "forms-service"),
        "instance_path": instance_path,
        "background_work": read("BACKGROUND_WORK", "inside", parse=of.one_of("inside", "outside")),
        "public_url": public_url,
        "hsts": read("HSTS", of.default_hsts(public_url), parse=of.one_of("off", "host", "subdomains")),
        "port": read("PORT", None, parse=of.integer(1, 65_535)),
        "secret_key": read("SECRET_KEY", None, parse=secret_values.secret_key),
        "encryption_keys": read("ENCRYPTION_KEYS", None, parse=secret_values.encryption_keys),
        "database_url": database_url or default_database,
        "embedded": database_url is None,
        "database_pool_size": read("DATABASE_POOL_SIZE", "10", parse=of.integer(1, 1000)),
        "database_max_overflow": read("DATABASE_MAX_OVERFLOW", "20", parse=of.integer(0, 1000)),
        "redis_url": redis_url,
        "redis_ttl": read("REDIS_TTL", "3600", parse=of.integer(1, 31_536_000)),
        "access_token_expire_minutes": read("ACCESS_TOKEN_EXPIRE_MINUTES", "30", parse=of.integer(1, 1440)),
        "algorithm": read("ALGORITHM", "HS256", parse=of.one_of(*of.ALGORITHMS)),
        **_rates(read),
        "cors_origins": read("CORS_ORIGINS", "", parse=of.origins),
        "cors_allow_credentials": read("CORS_ALLOW_CREDENTIALS", "false", parse=of.boolean),
        "trusted_proxies": read("TRUSTED_PROXIES", "0", parse=of.integer(0, 10)),
        **_mail(read, public_url),
        "signup_enabled": read("SIGNUP_ENABLED", "true", parse=of.boolean),
        "signup_confirmation": read("SIGNUP_CONFIRMATION", "true", parse=of.boolean),
        "session_max_days": read("SESSION_MAX_DAYS", "90", parse=of.integer(1, 3650)),
        "signup_role": read("SIGNUP_ROLE", "user", parse=of.one_of("user", "owner", "operator")),
        "metrics_token": read("METRICS_TOKEN", None, parse=secret_values.bearer_token),
        "health_check_urls": read("HEALTH_CHECK_URLS", "", parse=of.named_urls),
        "max_content_length": read("MAX_CONTENT_LENGTH", "1048576", parse=of.integer(1024, 2**30)),
        "audit_retention_days": read("AUDIT_RETENTION_DAYS", "400", parse=of.integer(1, 36_500)),
        **_uploads_and_captchas(read),
        "bcrypt_rounds": read("BCRYPT_ROUNDS", "12", parse=of.integer(smallest_cost, 16)),
        "web_concurrency": read("WEB_CONCURRENCY", _workers(redis_url), parse=of.integer(1, 1000)),
        "log_level": read("LOG_LEVEL", "INFO", parse=of.one_of(*of.LOG_LEVELS)),
        "log_format": read("LOG_FORMAT", "json" if production else "text", parse=of.one_of("text", "json")),
        "log_client": read("LOG_CLIENT", "truncated", parse=of.one_of("truncated", "full", "none")),
    }


def _uploads_and_captchas(read: Any) -> dict[str, Any]:
    return {
        "max_file_size": read("MAX_FILE_SIZE", str(10 * 2**20), parse=of.integer(1, 2**40)),
        "max_files": read("MAX_FILES", "10", parse=of.integer(0, 1000)),
        "max_upload_size": read("MAX_UPLOAD_SIZE", str(25 * 2**20), parse=of.integer(1, 2**40)),
        "forms_per_account": read("FORMS_PER_ACCOUNT", "500", parse=of.integer(0, 10**6)),
        "form_storage": read("FORM_STORAGE", str(2**30), parse=of.integer(0, 2**60)),
        "account_storage": read("ACCOUNT_STORAGE", str(10 * 2**30), parse=of.integer(0, 2**60)),
        "spam_retention_days": read("SPAM_RETENTION_DAYS", "30", parse=of.integer(1, 36_500)),
        "turnstile_verify_url": read("TURNSTILE_VERIFY_URL", TURNSTILE, parse=of.service_url),
        "hcaptcha_verify_url": read("HCAPTCHA_VERIFY_URL", HCAPTCHA, parse=of.service_url),
        "recaptcha_verify_url": read("RECAPTCHA_VERIFY_URL", RECAPTCHA, parse=of.service_url),
    }


def _mail(read: Any, public_url: str | None) -> dict[str, Any]:
    return {
        "smtp_server": read("SMTP_SERVER", None, parse=of.host),
        "smtp_port": read("SMTP_PORT", "587", parse=of.integer(1, 65_535)),
        "smtp_username": read("SMTP_USERNAME", None),
        "smtp_password": read("SMTP_PASSWORD", None),
        "smtp_tls": read("SMTP_TLS", "starttls", parse=of.one_of("starttls", "tls", "none")),
        "mail_from": read("MAIL_FROM", of.default_mail_from(public_url), parse=of.mailbox),
    }


def _rates(read: Any) -> dict[str, Any]:
    return {
        "rate_limit_enabled": read("RATE_LIMIT_ENABLED", "true", parse=of.boolean),
        "rate_limit": Rate(
            read("RATE_LIMIT_REQUESTS", "100", parse=of.integer(1, 1_000_000)),
            read("RATE_LIMIT_WINDOW", "3600", parse=of.integer(1, 86_400)),
        ),
        "rate_limit_authenticated": read("RATE_LIMIT_AUTHENTICATED", "600/60", parse=of.rate),
        "signup_rate_limit": read("SIGNUP_RATE_LIMIT", "10/900", parse=of.rate),
        "login_rate_limit": read("LOGIN_RATE_LIMIT", "10/900", parse=of.rate),
        "submission_rate_limit": read("SUBMISSION_RATE_LIMIT", "60/60", parse=of.rate),
        "form_rate_limit": read("FORM_RATE_LIMIT", "600/60", parse=of.rate),
    }


def _workers(redis_url: str | None) -> str:
    """Without Redis the limits are counted in the process, so there is one."""
    return str(cores()) if redis_url else "1"


def _contradictions(values: dict[str, Any], problems: dict[str, list[str]]) -> dict[str, list[str]]:
    """What no single setting shows; one that is wrong by itself is not reported twice."""
    wrong = {}
    if "*" in (values["cors_origins"] or ()) and values["cors_allow_credentials"]:
        wrong["CORS_ALLOW_CREDENTIALS"] = "Any site could act for the signed-in user. List the sites in CORS_ORIGINS."
    if values["environment"] == "production":
        if not values["database_url"]:
            wrong["DATABASE_URL"] = "Must be postgresql://user@host/name, or sqlite:////absolute/path/forms.db."
        if not values["public_url"]:
            wrong["PUBLIC_URL"] = "Set it to the public URL of the service, such as https://forms.example.com."
        if values["signup_confirmation"] and not values["smtp_server"]:
            wrong["SMTP_SERVER"] = "Set it to your mail server, or set SIGNUP_CONFIRMATION=false."
    return {name: [said] for name, said in wrong.items() if name not in problems}


def metrics_folder() -> str | None:
    """Where the processes of one server keep their metrics; None when it is a single one (`gunicorn.conf.py`)."""
    return os.environ.get(METRICS_FOLDER)

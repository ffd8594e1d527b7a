"""Connections to other hosts that are not encrypted, or to a host whose certificate nobody checks."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from sqlalchemy.engine import make_url

from forms_service.config import settings
from forms_service.health.mail_records import is_loopback


def find_faults() -> Iterator[str]:
    """Yield a sentence per setting, with the fix."""
    database = make_url(settings.database_url)
    host = database.host or database.query.get("host")
    if _is_elsewhere(host if isinstance(host, str) else None) and database.query.get("sslmode") != "verify-full":
        yield "DATABASE_URL does not verify the server: append ?sslmode=verify-full, and &sslrootcert= for your own CA."
    redis = urlsplit(settings.redis_url or "")
    is_verified = redis.scheme == "rediss" and parse_qs(redis.query).get("ssl_cert_reqs", ["required"]) == ["required"]
    if _is_elsewhere(redis.hostname) and not is_verified:
        yield "REDIS_URL does not verify the server: use rediss://."
    if _is_elsewhere(settings.smtp_server) and settings.smtp_tls == "none":
        yield "SMTP_TLS is none: set it to starttls or tls."


def _is_elsewhere(host: str | None) -> bool:
    return bool(host) and not str(host).startswith("/") and not is_loopback(str(host))

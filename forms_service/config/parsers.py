"""Parsers of settings; errors say what to write."""

import importlib.util
import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

import ada_url
from marshmallow import ValidationError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from forms_service.security.outbound_addresses import AllowList
from forms_service.security.tls import has_certificates

ENVIRONMENTS = ("development", "testing", "production")
ALGORITHMS = ("HS256", "HS384", "HS512")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
OWN_PATHS = frozenset(
    {
        "api",
        "console",
        "f",
        "forgot",
        "health",
        "login",
        "metrics",
        "new-address",
        "recipients",
        "reset",
        "signup",
        "static",
    }
)
BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]")
HOST_LABEL = re.compile(r"\w([\w-]{0,61}\w)?")
PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?")
"""No characters to encode: servers decode paths, links encode them."""


class Rate(NamedTuple):
    requests: int
    seconds: int


def text(raw: str) -> str:
    if not raw.isprintable():
        raise ValidationError("Must be one line, without control characters.")
    return raw.strip()


def path_in(directory: Path) -> Callable[[str], Path]:
    """Parse a path, relative to `directory` unless absolute."""
    return lambda raw: directory / text(raw)


def boolean(raw: str) -> bool:
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    if raw.strip().lower() not in words:
        raise ValidationError("Must be true or false.")
    return words[raw.strip().lower()]


def one_of(*choices: str) -> Callable[[str], str]:
    """Parse one of the choices, in any case."""
    by_key = {choice.lower(): choice for choice in choices}

    def parse(raw: str) -> str:
        if raw.strip().lower() not in by_key:
            raise ValidationError(f"Must be one of: {', '.join(choices)}.")
        return by_key[raw.strip().lower()]

    return parse


def integer(minimum: int, maximum: int) -> Callable[[str], int]:
    """Bounds are inclusive."""

    def parse(raw: str) -> int:
        digits = raw.strip()
        if not (digits.isascii() and digits.isdigit() and len(digits) < 20 and minimum <= int(digits) <= maximum):
            raise ValidationError(f"Must be a whole number from {minimum} to {maximum}.")
        return int(digits)

    return parse


def rate(raw: str) -> Rate:
    """Parse requests per seconds, such as 10/900."""
    requests, _, seconds = raw.partition("/")
    try:
        return Rate(integer(1, 1_000_000)(requests), integer(1, 86_400)(seconds))
    except ValidationError:
        raise ValidationError("Must be requests/seconds, such as 10/900 for ten requests in 15 minutes.") from None


def reply_rates(raw: str) -> tuple[Rate, Rate, Rate]:
    """Parse three rates, such as 60/3600,3/86400,1000/86400."""
    try:
        per_form, per_address, in_all = map(rate, raw.split(","))
    except (ValueError, ValidationError):
        message = "Must be count/seconds per form, per address and in all, such as 60/3600,3/86400,1000/86400."
        raise ValidationError(message) from None
    return per_form, per_address, in_all


def public_url(raw: str) -> str:
    """Parse the service's URL, optionally with a path."""
    url = _url(raw)
    if url is None or url.query or url.fragment or not PATH.fullmatch(url.path):
        raise ValidationError("Must be a URL such as https://forms.example.com or https://example.com/forms.")
    if url.path.strip("/").split("/")[0] in OWN_PATHS:
        raise ValidationError(f"The path must not begin with any of: {', '.join(sorted(OWN_PATHS))}.")
    return raw.strip().rstrip("/")


def service_url(raw: str) -> str:
    if _url(raw) is None:
        raise ValidationError("Must be a URL such as https://provider.example/verify.")
    return raw.strip()


def host(raw: str) -> str:
    name = text(raw)
    if not _is_address(name) and not all(HOST_LABEL.fullmatch(label) for label in name.removesuffix(".").split(".")):
        raise ValidationError("Must be a host name only, such as smtp.example.com; the port goes into SMTP_PORT.")
    return name


def allow_list(raw: str) -> AllowList:
    """Parse comma-separated networks (CIDR) and host names."""
    networks, hosts = [], set()
    for entry in filter(None, map(str.strip, text(raw).split(","))):
        try:
            networks.append(ipaddress.ip_network(entry))
        except ValueError:
            hosts.add(_host_name(entry))
    return AllowList(tuple(networks), frozenset(hosts))


def authorities_in(directory: Path) -> Callable[[str], str]:
    """Return a parser that reads a PEM file."""

    def parse(raw: str) -> str:
        try:
            pem = path_in(directory)(raw).read_text(encoding="ascii", errors="ignore")  # comments may be UTF-8
        except (OSError, ValueError) as error:
            raise ValidationError(f"The service cannot read this file ({type(error).__name__}).") from None
        if not has_certificates(pem):
            raise ValidationError("Must be a file with certificates in PEM format (BEGIN CERTIFICATE).")
        return pem

    return parse


def default_hsts(url: str | None) -> str:
    """Return "off" where the host is shared."""
    return "off" if url and url_path(url) else "subdomains"


def named_urls(raw: str) -> dict[str, str]:
    """Parse comma-separated `name=url` pairs."""
    pairs = [pair.strip().partition("=") for pair in raw.split(",") if pair.strip()]
    urls = {name.strip(): url.strip() for name, _, url in pairs}
    if any(not name.strip() or _url(url) is None for name, _, url in pairs) or len(urls) < len(pairs):
        raise ValidationError(
            "Must be name=url pairs by comma, each name once, such as billing=https://billing.example.com/health."
        )
    return urls


def origins(raw: str) -> tuple[str, ...]:
    """Parse comma-separated origins, or `*`."""
    parsed = tuple(origin.strip().rstrip("/").lower() for origin in raw.split(",") if origin.strip())
    for origin in parsed:
        url = _url(origin)
        if origin != "*" and (url is None or url.path or url.query or url.fragment or "*" in origin):
            raise ValidationError("Must be origins by comma, without a path or *, such as https://www.example.com.")
    return parsed


def database_url(raw: str, instance_path: Path) -> str:
    """Resolve relative SQLite files in `instance_path`."""
    try:
        url = make_url(raw.strip().replace("postgres://", "postgresql://", 1))
    except (ArgumentError, ValueError):
        raise ValidationError("Must be postgresql://user@host/name, or sqlite:////absolute/path/forms.db.") from None
    if url.drivername == "sqlite" and url.database and url.database != ":memory:":
        return str(url.set(database=str(instance_path / url.database)))
    if url.drivername not in ("postgresql", "postgresql+psycopg"):
        raise ValidationError("Must be PostgreSQL (postgresql://…) or an SQLite file (sqlite:////path/forms.db).")
    if importlib.util.find_spec("psycopg") is None:
        raise ValidationError("Install the driver first: pip install 'forms-service[postgres]'.")
    driver = importlib.import_module("psycopg")
    try:
        driver.conninfo.make_conninfo(**{name: str(value) for name, value in url.query.items()})
    except driver.Error:
        raise ValidationError("What follows ? must be options of the client, such as sslmode=require.") from None
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def redis_url(raw: str) -> str:
    if _scheme(raw) not in ("redis", "rediss", "unix"):
        raise ValidationError("Must be redis://host:6379/0, rediss://… for TLS, or unix:///path/to/socket.")
    if importlib.util.find_spec("redis") is None:
        raise ValidationError("Install the client first: pip install 'forms-service[redis]'.")
    driver = importlib.import_module("redis")
    try:
        driver.ConnectionPool.from_url(raw.strip()).make_connection()  # it connects later
    except (ValueError, TypeError, driver.RedisError):
        raise ValidationError("What follows ? must be options of the client, such as ssl_ca_certs=/path.") from None
    return raw.strip()


def clamd(raw: str) -> tuple[str, int] | Path:
    """Parse host:port, or the absolute path of a socket."""
    if raw.strip().startswith("/"):
        return Path(text(raw))
    name, _, port = text(raw).rpartition(":")
    try:
        return host(name.strip("[]")), integer(1, 65_535)(port)
    except ValidationError:
        raise ValidationError("Must be host:port, such as clamd:3310, or the path of a socket.") from None


def bucket(raw: str) -> str:
    """Parse the name of an S3 bucket."""
    if not BUCKET.fullmatch(raw.strip()):
        raise ValidationError("Must be the name of a bucket, such as example-forms, without a URL.")
    if importlib.util.find_spec("obstore") is None:
        raise ValidationError("Install the client first: pip install 'forms-service[s3]'.")
    return raw.strip()


def endpoint(raw: str) -> str:
    """Parse the URL of an S3-compatible server."""
    url = _url(raw)
    if url is None or url.query or url.fragment:
        raise ValidationError("Must be a URL such as https://s3.example.com, without the bucket.")
    return raw.strip().rstrip("/")


def object_prefix(raw: str) -> str:
    """Parse a path in a bucket, without slashes around it."""
    prefix = raw.strip().strip("/")
    if not PATH.fullmatch(f"/{prefix}"):
        raise ValidationError("Must be a path such as forms/production.")
    return prefix


def url_path(url: str) -> str:
    """Return the path without a trailing slash."""
    return urlsplit(url).path.rstrip("/")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _host_name(entry: str) -> str:
    labels = entry.removesuffix(".").split(".")
    try:
        name = ada_url.URL(f"http://{entry}/").hostname if all(map(HOST_LABEL.fullmatch, labels)) else ""
    except ValueError:
        name = ""
    if not name or _is_address(name):  # an address in another notation, such as 127.1
        raise ValidationError("Must be networks and host names by comma, such as 10.0.0.0/8,hooks.lan.")
    return name.removesuffix(".")


def _scheme(raw: str) -> str:
    try:
        url = urlsplit(raw.strip())
        url.port  # noqa: B018 (raises for a port that is no number)
    except ValueError:
        return ""
    return url.scheme


def _url(raw: str) -> SplitResult | None:
    try:
        url = urlsplit(raw.strip())
        url.port  # noqa: B018 (raises for a port that is no number)
    except ValueError:
        return None
    if url.scheme not in ("http", "https") or not url.hostname or "@" in url.netloc or not raw.strip().isprintable():
        return None
    return None if any(character in raw.strip() for character in ' "<>\\') else url

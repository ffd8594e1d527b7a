"""`flask doctor`: checks the installation and says what to fix."""

import smtplib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy.exc import DBAPIError

from forms_service.config import settings
from forms_service.database import migrations
from forms_service.delivery import schedules, smtp, suppressions
from forms_service.delivery.mail_rendering import sender_address
from forms_service.delivery.message import DeliveryError
from forms_service.encryption import keyring, rotation, wrapped_keys
from forms_service.extensions import db
from forms_service.file_store.interface import FileStoreError
from forms_service.file_store.stores import bucket_store, current_folder, current_store
from forms_service.health import mail_records, ownership, transport
from forms_service.uploads import disk_space
from forms_service.uploads.storage import installation_name
from forms_service.virus_scanner.clamd import Scanner, ScannerError, current_scanner
from forms_service.web.client import SILENT_PROXY, UNCOUNTED_PROXY

SMTP_TIMEOUT = 5
DATA_TIMEOUT = 5.0
"""Seconds to read rows."""

MAX_SHOWN = 20


@dataclass(frozen=True)
class Finding:
    subject: str
    verdict: str
    """`ok`, `BAD`, or `?` if unchecked or possibly intended."""

    text: str

    @property
    def bad(self) -> bool:
        return self.verdict == "BAD"


def run_checks(directory: Path) -> list[Finding]:
    """Run all checks; `directory` contains `.env`."""
    checks: dict[str, Callable[[], str]] = {
        "settings": _settings,
        "files": lambda: _files(directory),
        "database": _database,
        "migrations": _migrations,
        "keys": _keys,
        "data": _data,
        "redis": _redis,
        "smtp": _smtp,
        "mail": _mail,
        **({"spf": _spf, "dkim": _dkim, "dmarc": _dmarc} if settings.smtp_server else {}),
        "proxy": _proxy,
        "transport": _transport,
        "disk": _disk,
        "file store": _file_store,
        **({"scanner": _scanner} if settings.clamd else {}),
    }
    return [_finding(subject, check) for subject, check in checks.items()]


class _CheckFailedError(Exception):
    """The problem and its fix."""


class _UncertainError(Exception):
    """Possibly intended, or unchecked."""


def _finding(subject: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, "ok", check())
    except _CheckFailedError as error:
        return Finding(subject, "BAD", str(error))
    except _UncertainError as error:
        return Finding(subject, "?", str(error))
    except DBAPIError as error:
        return Finding(subject, "BAD", f"The database is unavailable ({type(error.orig).__name__}).")


def _settings() -> str:
    if settings.unknown_names:
        raise _CheckFailedError(f"Unknown names in .env: {', '.join(settings.unknown_names)}. Correct or remove them.")
    if settings.production and settings.signup_enabled and settings.signup_role == "operator":
        raise _CheckFailedError(
            "SIGNUP_ROLE is operator: anybody who signs up sees everything. Set it to user or owner."
        )
    url = urlsplit(settings.public_url)
    if url.scheme == "http" and not mail_records.is_loopback(url.hostname or ""):
        raise _UncertainError(f"PUBLIC_URL is {settings.public_url}: http traffic can be intercepted. Use https.")
    return f"Valid, for {settings.environment}, at {settings.public_url}."


def _files(directory: Path) -> str:
    faults = list(ownership.find_faults(directory))
    if faults:
        raise _CheckFailedError(" ".join(faults))
    return "Secrets and database are readable only by their owner."


def _database() -> str:
    with db.engine.connect() as connection:
        name = connection.dialect.name
        if name == "sqlite":
            faults = [row[0] for row in connection.exec_driver_sql("PRAGMA quick_check(1)")]
            if faults != ["ok"]:
                raise _CheckFailedError("The database file is damaged. Restore a backup.")
        elif connection.exec_driver_sql("SHOW statement_timeout").scalar() == "0":
            raise _CheckFailedError(
                "A pooler drops the timeouts that the service sets. Set them by its connect_query, as in "
                "deploy/pgbouncer.ini."
            )
        return f"{name} answers."


def _migrations() -> str:
    revision = migrations.revision()
    if revision is migrations.Revision.PENDING:
        raise _CheckFailedError("Migrations are pending. Run: flask db upgrade")
    if revision is migrations.Revision.NEWER:
        raise _CheckFailedError("The database is newer than the code. Start the version that migrated it.")
    return "The database is up to date."


def _keys() -> str:
    if migrations.revision() is not migrations.Revision.CURRENT:
        raise _CheckFailedError("Not checked: the database must be migrated first.")
    keyring.key_ring_store().load()
    old = wrapped_keys.count_under_old_keys()
    if old:
        raise _CheckFailedError(f"{old} keys are wrapped under an old key. Run: flask keys rotate")
    return "All are wrapped under the first of ENCRYPTION_KEYS. Keep a copy of that key apart from the database."


def _data() -> str:
    if migrations.revision() is not migrations.Revision.CURRENT:
        raise _CheckFailedError("Not checked: the database must be migrated first.")
    read, unreadable, complete = rotation.find_unreadable(DATA_TIMEOUT)
    if unreadable:
        shown = ", ".join(unreadable[:MAX_SHOWN]) + (", …" if len(unreadable) > MAX_SHOWN else "")
        raise _CheckFailedError(
            f"{len(unreadable)} rows cannot be decrypted: {shown}. They were changed or moved on the disk. Restore "
            "them from a copy. All other rows are readable."
        )
    return f"{read} rows are readable." if complete else f"{read} rows are readable; the rest was not checked."


def _redis() -> str:
    guard = current_app.extensions["redis"]
    if guard is None:
        if settings.web_concurrency > 1:
            raise _CheckFailedError(
                "WEB_CONCURRENCY is above 1, so each process counts limits on its own. Set REDIS_URL."
            )
        return "Not configured: limits are counted in the memory of the process."
    if not guard.call(lambda client: client.ping(), lambda: False):
        raise _CheckFailedError(
            "REDIS_URL does not respond: limits are counted in the database, and nothing is cached."
        )
    return "Answers."


def _smtp() -> str:
    if not settings.smtp_server:
        if settings.production:
            days = schedules.MAX_AGE.days
            raise _CheckFailedError(
                f"SMTP_SERVER is not set: no mail is sent, and mail is dropped after {days} days. Set it."
            )
        return "SMTP_SERVER is not set: mails are written to files in the instance folder."
    try:
        smtp.connect(SMTP_TIMEOUT).quit()
    except DeliveryError as error:
        raise _CheckFailedError(
            f"{error} Many hosts block these ports: 587 is for SMTP_TLS=starttls, 465 for tls."
        ) from error
    except (smtplib.SMTPException, OSError):
        pass  # it let us in, and that is all there is to find out
    logged_in = "and accepts the login" if settings.smtp_username else "without a login"
    return f"Port {settings.smtp_port} answers {logged_in} ({settings.smtp_tls}). Try: flask mail test ADDRESS"


def _mail() -> str:
    if migrations.revision() is not migrations.Revision.CURRENT:
        raise _CheckFailedError("Not checked: the database must be migrated first.")
    counts = suppressions.count_by_reason()
    if not counts:
        return "No address is suppressed."
    total, reasons = sum(counts.values()), ", ".join(f"{reason}: {count}" for reason, count in sorted(counts.items()))
    number = "1 address is" if total == 1 else f"{total} addresses are"
    return f"{number} suppressed ({reasons}). See: flask mail suppressions list"


def _spf() -> str:
    server = settings.smtp_server or ""
    expected = f'"{mail_records.spf_record(server)}" (or the include: that your mail provider names)'
    if mail_records.is_loopback(server):
        expected += ", with the public address of this machine"
    return _record(sender_address().domain, "v=spf1", expected)


def _dkim() -> str:
    domain = sender_address().domain
    raise _UncertainError(
        f"Not checked: only your mail provider knows the selector. DNS TXT record of SELECTOR._domainkey.{domain}: "
        "the provider's public key. The signature must cover List-Unsubscribe and List-Unsubscribe-Post, or mail "
        "programs ignore them: look for both in h= of the DKIM-Signature of a received notification."
    )


def _dmarc() -> str:
    domain = sender_address().domain
    return _record(f"_dmarc.{domain}", "v=dmarc1", f'"v=DMARC1; p=quarantine; rua=mailto:postmaster@{domain}"')


def _record(name: str, prefix: str, expected: str) -> str:
    text = mail_records.find_text(name, prefix)
    if text is None:
        raise _UncertainError(f"Not checked: DNS did not respond. Expected DNS TXT record of {name}: {expected}")
    if not text:
        raise _UncertainError(f"Missing. Set the DNS TXT record of {name}: {expected}")
    # the operator judges whether it is right
    return f'DNS TXT record of {name}: "{text}"'


def _proxy() -> str:
    if settings.trusted_proxies == 0 and (settings.instance_path / UNCOUNTED_PROXY).exists():
        raise _CheckFailedError(
            "X-Forwarded-For was seen, but TRUSTED_PROXIES is 0: behind a proxy all visitors share one rate limit. "
            f"Set it to the number of proxies, or delete {UNCOUNTED_PROXY} in the instance folder if there is none."
        )
    if (settings.instance_path / SILENT_PROXY).exists():
        raise _CheckFailedError(
            "All requests came from one private address without X-Forwarded-For. Have the proxy send it (deploy/), set "
            f"TRUSTED_PROXIES, and delete {SILENT_PROXY} in the instance folder."
        )
    return f"TRUSTED_PROXIES is {settings.trusted_proxies}."


def _file_store() -> str:
    bucket = bucket_store()
    try:
        if bucket is None:
            current_store().check()
            return "Files are in the instance folder."
        bucket.check_writing()
        is_ours = bucket.claim(installation_name())
    except FileStoreError as error:
        raise _CheckFailedError(f"{error.reason} Check the S3_ settings and the permissions of the key.") from error
    if not is_ours:
        raise _CheckFailedError(
            "The files of another installation are in the same place of the bucket. Set S3_PREFIX to another one: "
            "until then, files left by a crash are not removed."
        )
    left = sum(1 for _ in current_folder().names(older_than=time.time()))
    if left:
        raise _UncertainError(f"{left} files are still in the instance folder. Run: flask files move")
    return "S3_BUCKET stores and deletes files."


def _scanner() -> str:
    try:
        cast("Scanner", current_scanner()).ping()
    except ScannerError as error:
        raise _CheckFailedError(f"{error} Files are flagged as not scanned. Check CLAMD, or start clamd.") from error
    return "clamd answers."


def _transport() -> str:
    faults = list(transport.find_faults())
    if faults:
        raise _UncertainError(f"Traffic to other hosts can be intercepted. {' '.join(faults)}")
    return "Connections to other hosts are encrypted, and their certificates verified."


def _disk() -> str:
    free = 100 * disk_space.free_share()
    if disk_space.is_nearly_full():
        raise _CheckFailedError(
            f"Only {free:.0f} % of the disk is free. Free up space: below {100 * disk_space.MIN_FREE:.0f} % files are "
            "refused."
        )
    return f"{free:.0f} % of the disk is free."

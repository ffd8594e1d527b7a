"""Scans files again that could not be scanned when they arrived."""

from contextlib import suppress
from datetime import timedelta

from flask import Flask
from sqlalchemy import func, select, update

from forms_service.background import periodic
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.errors import ApiError
from forms_service.extensions import db
from forms_service.submissions.models import Submission
from forms_service.uploads import storage
from forms_service.uploads.models import File
from forms_service.virus_scanner.clamd import NOT_SCANNED, Scanner, ScannerError, Verdict, current_scanner

INTERVAL = 600
"""Seconds."""

MAX_AGE = timedelta(days=7)
"""Files that clamd never scans, such as those above its limit, are not tried for ever."""

BATCH = 100
"""Files per run."""


def init_app(app: Flask) -> None:
    if app.config["SETTINGS"].clamd:
        periodic.register(app, "rescan", INTERVAL, rescan)


def rescan() -> int:
    """Scan what is not scanned, in random order, and return how many have a verdict now.

    Their submissions stay where they are; a file with a virus is held back from now on.
    """
    scanner = current_scanner()
    if scanner is None:
        return 0
    query = select(File.stored_as).join(Submission, Submission.id == File.submission_id)
    waiting = query.where(File.scan == NOT_SCANNED, Submission.created_at > now() - MAX_AGE)
    # random, since a batch of files that clamd never scans would keep all others waiting
    names = db.session.scalars(waiting.order_by(func.random()).limit(BATCH)).all()
    db.session.rollback()
    count = 0
    with suppress(ScannerError):  # the next run tries again
        for name in names:
            scanner.ping()
            verdict = _scan(scanner, name)
            if verdict.status != NOT_SCANNED:
                _record(name, verdict)
                count += 1
    return count


def _scan(scanner: Scanner, name: str) -> Verdict:
    scan = scanner.scan()
    try:
        chunks = storage.open_decrypted(name)
        db.session.rollback()  # no transaction while it scans
        for chunk in chunks:
            scan.write(chunk)
    except (ApiError, ValueError):  # missing or damaged: the download says so
        scan.close()
    return scan.finish()


def _record(name: str, verdict: Verdict) -> None:
    with write_session():
        change = update(File).where(File.stored_as == name)
        db.session.execute(change.values(scan=verdict.status, threat=verdict.threat))
        db.session.commit()

"""The header Retry-After (RFC 9110, 10.2.3)."""

import re
from datetime import UTC
from email.utils import parsedate_to_datetime

from forms_service.database.types import now

MAX_RETRY_AFTER = 24 * 3600.0
"""Seconds."""

SECONDS = re.compile(r"[0-9]{1,10}")
MAX_DATE_LENGTH = 40


def parse_retry_after(text: str) -> float | None:
    """Return the seconds to wait, at most MAX_RETRY_AFTER; None for anything but seconds or a date."""
    text = text.strip()
    if SECONDS.fullmatch(text):
        return min(float(text), MAX_RETRY_AFTER)
    if len(text) > MAX_DATE_LENGTH:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - now()).total_seconds()
    return max(0.0, min(seconds, MAX_RETRY_AFTER))

"""Retry schedules by channel: seconds from each failed attempt to the next one."""

import random
from datetime import timedelta

MAX_AGE = timedelta(days=4)
"""About how long temporary failures of a mail are retried."""

FIRST_MAIL_DELAYS = (5.0, 30.0)
BACKOFF_FACTOR = 3
MAX_DELAY = 6 * 3600.0
JITTER = 0.2
MAX_RETRY_AFTER = 24 * 3600.0

MINUTE, HOUR = 60.0, 3600.0
WEBHOOK_DELAYS = (5.0, 5 * MINUTE, 30 * MINUTE, *(hours * HOUR for hours in (2, 5, 10, 14, 20, 24)))
"""As Standard Webhooks recommends: 10 attempts over 76 hours."""


def _mail_delays() -> tuple[float, ...]:
    delays = list(FIRST_MAIL_DELAYS)
    while (delay := min(delays[-1] * BACKOFF_FACTOR, MAX_DELAY)) + sum(delays) <= MAX_AGE.total_seconds():
        delays.append(delay)
    return tuple(delays)


DELAYS = {"mail": _mail_delays(), "webhook": WEBHOOK_DELAYS}


def next_delay(channel: str, attempts: int, retry_after: float | None = None) -> float | None:
    """Return seconds until the next attempt, with jitter; None after the last one.

    `retry_after` is the least delay, up to MAX_RETRY_AFTER.
    """
    delays = DELAYS[channel]
    if attempts > len(delays):
        return None
    spread = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 (jitter, no secret)
    return max(delays[max(attempts, 1) - 1] * spread, min(retry_after or 0.0, MAX_RETRY_AFTER))

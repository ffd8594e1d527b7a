"""Answers that take the same time whatever was found, so that their time tells nobody who has an account."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

LOOKUP_SECONDS = 0.05
"""Seconds that looking an address up and queueing a mail is given; it takes a few milliseconds of them."""


@contextmanager
def fixed_duration(seconds: float | None = None) -> Iterator[None]:
    """Take that many seconds for what is done inside, LOOKUP_SECONDS if none are said, also when it fails."""
    until = time.monotonic() + (LOOKUP_SECONDS if seconds is None else seconds)
    try:
        yield
    finally:
        time.sleep(max(0.0, until - time.monotonic()))

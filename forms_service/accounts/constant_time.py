"""Constant response times, so that timing does not reveal whether an address has an account."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

LOOKUP_SECONDS = 0.05
"""Padding for a lookup and a queued mail, which take a few milliseconds."""


@contextmanager
def fixed_duration(seconds: float | None = None) -> Iterator[None]:
    """Pad the block to a fixed duration (default LOOKUP_SECONDS), also on error."""
    until = time.monotonic() + (LOOKUP_SECONDS if seconds is None else seconds)
    try:
        yield
    finally:
        time.sleep(max(0.0, until - time.monotonic()))

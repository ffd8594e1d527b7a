"""Constant response times, against account enumeration."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

LOOKUP_SECONDS = 0.05
"""Lookup and queued mail take milliseconds."""


@contextmanager
def fixed_duration(seconds: float | None = None) -> Iterator[None]:
    """Pad the block to `seconds`, also on error."""
    until = time.monotonic() + (LOOKUP_SECONDS if seconds is None else seconds)
    try:
        yield
    finally:
        time.sleep(max(0.0, until - time.monotonic()))

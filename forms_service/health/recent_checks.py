"""Results of checks that take time or money elsewhere, remembered by each process."""

import time
from collections.abc import Callable
from typing import Any

Check = dict[str, Any]
"""`status` (healthy, degraded, unhealthy), `response_time` in seconds."""

TTL = 30.0
"""Seconds; a store may charge for each request."""

FAILURE_TTL = 2.0
"""Seconds, after which a dependency may be back."""


class RecentChecks:
    """Not shared by processes: other hosts have other sockets and routes."""

    def __init__(self) -> None:
        self._results: dict[str, tuple[float, Check]] = {}
        self._was_failing: dict[str, bool | None] = {}

    def get(self, name: str, check: Callable[[], Check], *, is_failing: bool | None = None) -> Check:
        """Return a recent result, unless requests show since that the dependency `is_failing`, or that it is back."""
        until, result = self._results.get(name, (0.0, Check()))
        was_failing, self._was_failing[name] = self._was_failing.get(name), is_failing
        is_healthy = result.get("status") == "healthy"
        # a check may fail that no request has: then none shows that it is back
        is_back = bool(was_failing) and not is_failing
        if time.monotonic() >= until or (is_failing if is_healthy else is_back):
            result = check()
            lifetime = TTL if result["status"] == "healthy" else FAILURE_TTL
            self._results[name] = time.monotonic() + lifetime, result
        return result

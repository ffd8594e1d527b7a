"""Whether there is room to store what may as well be refused: files and spam go first, so that the rest gets in."""

import os
import time

from flask import current_app

from forms_service.errors import ServiceUnavailableError

MIN_FREE = 0.05
"""Share of the disk under which files and spam are refused."""

CHECK_INTERVAL = 5.0
RETRY_DELAY = 600


def require_free_space() -> None:
    """Let no more of what can be done without onto the disk of the instance folder.

    :raises ServiceUnavailableError: when less than MIN_FREE of it is free, as seen CHECK_INTERVAL ago at most
    """
    if is_nearly_full():
        raise ServiceUnavailableError("The server's disk is nearly full. Try again later.", retry_after=RETRY_DELAY)


def is_nearly_full() -> bool:
    """Whether less than MIN_FREE of the disk is free."""
    seen: tuple[float, bool] | None = current_app.extensions.get("disk")
    if seen is None or time.monotonic() - seen[0] > CHECK_INTERVAL:
        seen = current_app.extensions["disk"] = (time.monotonic(), _free_share(current_app.instance_path) < MIN_FREE)
    return seen[1]


def _free_share(path: str) -> float:
    disk = os.statvfs(path)
    return disk.f_bavail / disk.f_blocks if disk.f_blocks else 1.0

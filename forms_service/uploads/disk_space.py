"""Free-space guard: a nearly full disk refuses files and spam first."""

import os
import time

from flask import current_app

from forms_service.errors import ServiceUnavailableError
from forms_service.languages.sentences import N_

MIN_FREE = 0.05
"""Share of the disk."""

CHECK_INTERVAL = 5.0
RETRY_DELAY = 600


def require_free_space() -> None:
    """Raise ServiceUnavailableError if the disk is nearly full."""
    if is_nearly_full():
        raise ServiceUnavailableError(N_("The server's disk is nearly full. Try again later."), retry_after=RETRY_DELAY)


def is_nearly_full() -> bool:
    checked: tuple[float, bool] | None = current_app.extensions.get("disk")
    if checked is None or time.monotonic() - checked[0] > CHECK_INTERVAL:
        checked = current_app.extensions["disk"] = (time.monotonic(), free_share() < MIN_FREE)
    return checked[1]


def free_share() -> float:
    """Return a share from 0 to 1."""
    disk = os.statvfs(current_app.instance_path)
    return disk.f_bavail / disk.f_blocks if disk.f_blocks else 1.0

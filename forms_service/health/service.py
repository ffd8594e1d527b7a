"""Health, readiness, system usage."""

import os
import time
from datetime import UTC, datetime
from typing import Any

import psutil

from forms_service import __version__
from forms_service.config import settings
from forms_service.encryption import keyring
from forms_service.health.checks import can_serve, check_all, run_parallel

READY_TIMEOUT = 0.6
"""Seconds until the database counts as unavailable."""

STARTED_AT = time.time()

psutil.cpu_percent(interval=None)  # the first call always returns 0


def health(*, details: bool) -> dict[str, Any]:
    """Return the status; with `details`, also checks and system load."""
    checks = check_all()
    summary = {"status": _overall(checks), "timestamp": _timestamp()}
    if not details:
        return summary
    return summary | {
        "uptime": round(time.time() - STARTED_AT, 3),
        "version": __version__,
        "environment": settings.environment,
        "checks": checks,
        "system": _system(),
    }


def ready() -> bool:
    """Whether the database responds, is migrated, takes writes, and uses our keys."""
    return is_ready(run_parallel({"serves": can_serve}, READY_TIMEOUT)["serves"])


def is_ready(serves: object) -> bool:
    """Whether this answer of `can_serve`, or failure to get one, is that of a ready database."""
    return serves is True and not keyring.key_ring_store().outdated


def usage() -> dict[str, Any]:
    network = psutil.net_io_counters()
    return {
        "timestamp": _timestamp(),
        "uptime": round(time.time() - STARTED_AT, 3),
        "memory_usage": psutil.virtual_memory()._asdict(),
        "cpu_usage": psutil.cpu_percent(interval=None),
        "disk_usage": _disk()._asdict(),
        "network_io": network._asdict() if network else {},
        "process_count": len(psutil.pids()),
    }


def _overall(checks: dict[str, Any]) -> str:
    if checks["database"]["status"] == "unhealthy":
        return "unhealthy"
    return "healthy" if all(check["status"] == "healthy" for check in checks.values()) else "degraded"


def _system() -> dict[str, Any]:
    return {
        "cpu_percent": psutil.cpu_percent(interval=None),
        "memory_percent": psutil.virtual_memory().percent,
        "disk_usage": _disk().percent,
        "load_average": list(os.getloadavg()) if hasattr(os, "getloadavg") else [],
    }


def _disk() -> Any:
    return psutil.disk_usage(str(settings.instance_path))


def _timestamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""Metrics of all processes for Prometheus."""

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from forms_service.config import metrics_folder
from forms_service.delivery import outbox, suppressions
from forms_service.delivery.models import REASONS
from forms_service.health import service
from forms_service.health.checks import can_serve, run_parallel
from forms_service.metrics import BACKLOG, BACKLOG_SECONDS, DISK_FREE, READY, SUPPRESSIONS
from forms_service.uploads import disk_space


def text() -> bytes:
    """Return metrics; if the database hangs, its last values."""
    answers = run_parallel(
        {"backlog": outbox.backlog, "suppressions": suppressions.count_by_reason, "serves": can_serve}
    )
    backlog, suppressed = answers["backlog"], answers["suppressions"]
    READY.set(service.is_ready(answers["serves"]))
    DISK_FREE.set(disk_space.free_share())
    if isinstance(backlog, outbox.Backlog):
        BACKLOG.set(backlog.waiting)
        BACKLOG_SECONDS.set(backlog.oldest_seconds)
    if isinstance(suppressed, dict):
        for reason in REASONS:
            SUPPRESSIONS.labels(reason).set(suppressed.get(reason, 0))
    folder = metrics_folder()
    if folder is None:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
    return generate_latest(registry)

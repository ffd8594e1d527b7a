"""Renders the metrics of all processes for Prometheus."""

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from forms_service.config import metrics_folder
from forms_service.delivery import outbox
from forms_service.health.checks import run_parallel
from forms_service.metrics import BACKLOG, BACKLOG_SECONDS


def text() -> bytes:
    """Return Prometheus's text; if the database hangs, the backlog keeps its last value."""
    backlog = run_parallel({"backlog": outbox.backlog})["backlog"]
    if isinstance(backlog, outbox.Backlog):
        BACKLOG.set(backlog.waiting)
        BACKLOG_SECONDS.set(backlog.oldest_seconds)
    folder = metrics_folder()
    if folder is None:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
    return generate_latest(registry)

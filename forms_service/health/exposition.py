"""The metrics as Prometheus reads them, of all processes together where there are several."""

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from forms_service.config import metrics_folder


def text() -> bytes:
    """Prometheus's text format."""
    folder = metrics_folder()
    if folder is None:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
    return generate_latest(registry)

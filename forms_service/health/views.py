"""Endpoints of health, without envelope, because monitors read them."""

from typing import Any

from flask import Response
from prometheus_client import CONTENT_TYPE_LATEST

from forms_service.config import settings
from forms_service.health import exposition, schemas, service
from forms_service.rate_limiting.bearer_tokens import has_bearer, require_bearer
from forms_service.web.api_blueprint import Blueprint
from forms_service.web.responses import as_json, asks_for_json
from forms_service.web.route_policy import public, unlimited

health_blueprint = Blueprint("health", __name__, description="Health checks and metrics.")

MONITORED = unlimited("a monitor asks often, and the answer is cheap")


def _needs_no_token() -> bool:
    return settings.metrics_token is None and not settings.production


def _may_see_details() -> bool:
    return _needs_no_token() or (settings.metrics_token is not None and has_bearer(settings.metrics_token))


@health_blueprint.route("/health/live")
@health_blueprint.doc(operationId="live")
@public
@MONITORED
@health_blueprint.response(200, schemas.Live)
def live() -> Response:
    """Check that the process can respond, without touching anything else."""
    return as_json({"status": "live"})


@health_blueprint.route("/health/ready")
@health_blueprint.doc(operationId="ready")
@public
@MONITORED
@health_blueprint.response(200, schemas.Ready)
@health_blueprint.alt_response(503, schema=schemas.Ready, description="Database unavailable or migrations pending.")
def ready() -> Response:
    """Check that the service can serve requests."""
    is_ready = service.ready()
    return _monitored({"status": "ready" if is_ready else "unavailable"}, healthy=is_ready)


@health_blueprint.route("/health")
@health_blueprint.doc(operationId="health", security=[{}, {"token": []}])
@public
@MONITORED
@health_blueprint.response(200, schemas.Health)
@health_blueprint.alt_response(503, schema=schemas.Health, description="The database is unavailable.")
def health() -> Response:
    """Get the health of the service and its dependencies; details only for authorized callers."""
    report = service.health(details=_may_see_details())
    return _monitored(report, healthy=report["status"] != "unhealthy")


@health_blueprint.route("/metrics")
@health_blueprint.doc(operationId="metrics", security=[{}, {"token": []}])
@require_bearer("METRICS_TOKEN", is_open=_needs_no_token)
@MONITORED
@health_blueprint.response(200, {"type": "string"}, content_type="text/plain")
@health_blueprint.alt_response(200, schema={"type": "object"}, content_type="application/json")
def metrics() -> Response:
    """Get metrics as Prometheus text, or system usage as JSON."""
    if asks_for_json():
        return as_json(service.usage())
    return Response(exposition.text(), content_type=CONTENT_TYPE_LATEST)


def _monitored(report: dict[str, Any], *, healthy: bool) -> Response:
    response = as_json(report, 200 if healthy else 503)
    if not healthy:
        response.headers["Retry-After"] = "5"
    return response

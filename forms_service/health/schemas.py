"""Schemas of the health endpoints."""

import marshmallow as ma

STATUSES = ["healthy", "degraded", "unhealthy"]


class Check(ma.Schema):
    status = ma.fields.String(required=True, metadata={"enum": STATUSES})
    response_time = ma.fields.Float(required=True, metadata={"description": "Seconds."})
    reason = ma.fields.String(metadata={"description": "Reason, if not healthy."})


class ExternalServices(Check):
    """Results for HEALTH_CHECK_URLS."""

    services = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Nested(Check), required=True)


class Checks(ma.Schema):
    database = ma.fields.Nested(Check, required=True)
    cache = ma.fields.Nested(Check, required=True)
    queue = ma.fields.Nested(Check, required=True)
    mail = ma.fields.Nested(Check, required=True)
    files = ma.fields.Nested(Check, required=True)
    virus_scanner = ma.fields.Nested(Check, metadata={"description": "If CLAMD is set."})
    external_services = ma.fields.Nested(ExternalServices, required=True)


class System(ma.Schema):
    """In percent; load averages over 1, 5 and 15 minutes."""

    cpu_percent = ma.fields.Float(required=True)
    memory_percent = ma.fields.Float(required=True)
    disk_usage = ma.fields.Float(required=True)
    load_average = ma.fields.List(ma.fields.Float(), required=True)


class Health(ma.Schema):
    """Fields from `uptime` on only for authorized callers."""

    status = ma.fields.String(required=True, metadata={"enum": STATUSES})
    timestamp = ma.fields.DateTime(required=True)
    uptime = ma.fields.Float(metadata={"description": "Seconds since the process started."})
    version = ma.fields.String()
    environment = ma.fields.String()
    checks = ma.fields.Nested(Checks)
    system = ma.fields.Nested(System)


class Live(ma.Schema):
    status = ma.fields.String(required=True, metadata={"const": "live"})


class Ready(ma.Schema):
    status = ma.fields.String(required=True, metadata={"enum": ["ready", "unavailable"]})

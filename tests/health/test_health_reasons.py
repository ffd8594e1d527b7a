"""Reasons of failed checks of `/health`: shown with details, hidden from everybody else."""

import base64
from typing import Any

from flask import Flask

from tests.conftest import MakeApp
from tests.support import servers

TOKEN = "let-me-see-x7Qk29vR"


def checks_of(app: Flask) -> dict[str, Any]:
    """Health and its checks as the holder of the token sees them; others see no reason."""
    client = app.test_client()
    assert set(client.get("/health").json) == {"status", "timestamp"}
    health: dict[str, Any] = client.get("/health", headers={"Authorization": f"Bearer {TOKEN}"}).json
    return health | health["checks"]


def test_what_is_well_gives_none(make_app: MakeApp) -> None:
    health = checks_of(make_app(METRICS_TOKEN=TOKEN))
    assert health["status"] == "healthy"
    assert "reason" not in health["database"]


def test_each_failure_says_why(make_app: MakeApp) -> None:
    port = servers.free_port()
    health = checks_of(
        make_app(
            METRICS_TOKEN=TOKEN,
            DATABASE_URL=f"postgresql://nobody@127.0.0.1:{port}/nothing",
            REDIS_URL=f"redis://127.0.0.1:{port}",
            SMTP_SERVER="127.0.0.1",
            SMTP_PORT=str(port),
            HEALTH_CHECK_URLS=f"billing=http://127.0.0.1:{port}/",
        )
    )
    assert "refused" in health["database"]["reason"].lower()
    assert "Redis" in health["cache"]["reason"]
    assert health["external_services"]["services"]["billing"]["reason"]


def test_production_without_a_mail_server_is_degraded(make_app: MakeApp) -> None:
    key = base64.b64encode(bytes(range(32))).decode()
    production = {
        "ENVIRONMENT": "production",
        "DATABASE_URL": "sqlite:///forms.db",
        "PUBLIC_URL": "https://forms.example.com",
        "SECRET_KEY": "kX9mR2vQ7pL4wT8zB3nC6hJ1dF5gS0aY",
        "ENCRYPTION_KEYS": key,
        "SIGNUP_CONFIRMATION": "false",
        "BCRYPT_ROUNDS": "10",
    }
    health = checks_of(make_app(METRICS_TOKEN=TOKEN, **production))
    assert health["status"] != "healthy"
    assert health["mail"]["status"] == "degraded"
    assert "not configured a mail server" in health["mail"]["reason"]

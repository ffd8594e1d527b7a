"""`flask doctor` on connections that leave the host."""

import pytest

from forms_service.health import transport
from tests.conftest import MakeApp

ELSEWHERE = {
    "DATABASE_URL": "postgresql://forms@db.example.com/forms",
    "REDIS_URL": "redis://cache.example.com",
    "SMTP_TLS": "none",
    "SMTP_SERVER": "mail.example.com",
}
VERIFIED = {
    "DATABASE_URL": "postgresql://forms@db.example.com/forms?sslmode=verify-full&sslrootcert=system",
    "REDIS_URL": "rediss://cache.example.com",
    "SMTP_SERVER": "mail.example.com",
}
HERE = {
    "DATABASE_URL": "postgresql://forms@127.0.0.1/forms",
    "REDIS_URL": "redis://localhost",
    "SMTP_SERVER": "localhost",
    "SMTP_TLS": "none",
}


def faults(make_settings: MakeApp, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(transport, "settings", make_settings(**settings))
    return [fault.split()[0] for fault in transport.find_faults()]


def test_a_connection_to_another_host_without_verified_tls_is_questioned(
    make_settings: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert faults(make_settings, ELSEWHERE, monkeypatch) == ["DATABASE_URL", "REDIS_URL", "SMTP_TLS"]
    unverified = {"REDIS_URL": "rediss://cache.example.com?ssl_cert_reqs=none"}
    assert faults(make_settings, unverified, monkeypatch) == ["REDIS_URL"]
    encrypted_only = {"DATABASE_URL": "postgresql://forms@db.example.com/forms?sslmode=require"}
    assert faults(make_settings, encrypted_only, monkeypatch) == ["DATABASE_URL"]


@pytest.mark.parametrize("settings", [VERIFIED, HERE, {"DATABASE_URL": "postgresql:///forms?host=/run/postgresql"}])
def test_what_is_verified_or_stays_here_is_well(
    make_settings: MakeApp, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]
) -> None:
    assert faults(make_settings, settings, monkeypatch) == []

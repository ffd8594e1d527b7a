"""Sign-ins as an operator sees them: a metric and a log line, which name nobody."""

import logging

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import REGISTRY

from tests.support.accounts import PASSWORD, Member, login


def count(result: str) -> float:
    return REGISTRY.get_sample_value("forms_sign_ins_total", {"result": result}) or 0.0


def test_sign_ins_are_counted_and_logged_by_result(
    app: Flask, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    Member(app)
    before = count("succeeded"), count("failed")
    caplog.set_level(logging.INFO, logger="forms_service.events")
    caplog.clear()
    for email, password in (("ann@example.com", PASSWORD), ("ann@example.com", "wrong"), ("nobody@example.com", "x")):
        login(client, email, password)
    assert (count("succeeded"), count("failed")) == (before[0] + 1, before[1] + 2)
    lines = [record for record in caplog.records if record.getMessage() in ("signed_in", "sign_in_failed")]
    assert [record.getMessage() for record in lines] == ["signed_in", "sign_in_failed", "sign_in_failed"]
    assert all(set(record.__dict__["fields"]) == {"account", "client"} for record in lines)
    assert not any("example.com" in str(record.__dict__["fields"]) for record in lines)

"""Fixtures of the tests of CAPTCHAs."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.conftest import MakeApp
from tests.support.captcha_provider import Provider, says
from tests.support.puzzles import easy  # noqa: F401 (a fixture)


@pytest.fixture(scope="module")
def one_provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.stop()


@pytest.fixture
def provider(one_provider: Provider) -> Provider:
    """One that says yes and was asked nothing yet."""
    one_provider.requests.clear()
    one_provider.paths.clear()
    one_provider.answer, one_provider.during = says({"success": True}), lambda: None
    one_provider.has_ended = False
    one_provider.may_end.clear()
    return one_provider


@pytest.fixture(scope="module")
def asking(make_shared_app: MakeApp, one_provider: Provider) -> Flask:
    """An app whose three providers are the one of the tests."""
    return make_shared_app(
        **{f"{name}_VERIFY_URL": one_provider.url for name in ("TURNSTILE", "HCAPTCHA", "RECAPTCHA")}
    )


@pytest.fixture(scope="module")
def service(make_shared_app: MakeApp) -> Flask:
    """An app that sets puzzles itself."""
    return make_shared_app()

"""Limits sign-in attempts per account, for the API and the console alike."""

from collections.abc import Callable
from typing import TypeVar

from forms_service.accounts.devices import Device, attempts_key, is_known, register_browser, request_device
from forms_service.rate_limiting.limits import charge, refund, reset_limit

T = TypeVar("T")


def limit_attempts(email: str, sign_in: Callable[[Device], T]) -> T:
    """Call `sign_in`, and count the attempt unless it succeeds.

    :raises RateLimitError: after too many
    """
    key = attempts_key(email, request_device())
    charge("login_account", key)
    result = sign_in(register_browser())
    (reset_limit if is_known(key) else refund)("login_account", key)
    return result

"""Limits sign-in attempts per account, for the API and the console alike."""

from collections.abc import Callable
from typing import TypeVar

from forms_service.accounts.devices import Device, attempts_key, is_known, register_browser, request_device
from forms_service.accounts.hashing_gate import HashingBusyError
from forms_service.rate_limiting.limits import charge, refund, reset_limit
from forms_service.web.client import client_key

T = TypeVar("T")


def limit_attempts(email: str, sign_in: Callable[[Device], T]) -> T:
    """Call `sign_in`, and count the attempt unless it succeeds or no password was compared.

    :raises RateLimitError: after too many
    """
    key = attempts_key(email, request_device())
    charge("login_account", key)
    try:
        result = sign_in(register_browser())
    except HashingBusyError:
        # a flood of sign-ups would lock out whoever tries again
        refund("login", client_key())
        refund("login_account", key)
        raise
    (reset_limit if is_known(key) else refund)("login_account", key)
    return result

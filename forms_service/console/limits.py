"""Limits of a console account, which the API's requests of the same account count against too."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from forms_service.accounts.guards import caller
from forms_service.rate_limiting.limits import charge

View = Callable[..., Any]


def limit_account(name: str) -> Callable[[View], View]:
    """Charge a named limit; below `redisplay`, which shows the refusal on the page."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            charge(name, f"account {caller().account_id}")
            return view(*args, **kwargs)

        return wrapper

    return decorate

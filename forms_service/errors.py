"""What can go wrong, as data; one mapper in `web/error_handlers.py` turns each into an answer.

ApiError
├── BadRequestError            400  a body that cannot be read
├── AuthenticationError        401  nobody, or nobody we know
├── AuthorizationError         403  somebody, but not allowed to
├── NotFoundError              404  not there, or another's
├── MethodNotAllowedError      405
├── ConflictError              409  the state forbids it
├── PayloadTooLargeError       413
├── UnsupportedMediaTypeError  415
├── ValidationError            422  a field that is not as it must be
├── RateLimitError             429  too many, with the seconds to wait
├── InternalServerError        500  our fault, and logged
└── ServiceUnavailableError    503  a dependency or capacity is away, with the seconds to wait
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self


class StartError(Exception):
    """Why the service cannot start; its text is for the operator."""


class FieldError(str):
    """One thing wrong with a value: a sentence for people that also carries a code for programs."""

    code: str

    def __new__(cls, sentence: str, code: str) -> Self:
        """A sentence with its code."""
        fault = super().__new__(cls, sentence)
        fault.code = code
        return fault

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]  # str has one argument less
        """What a copy is made from."""
        return str(self), self.code


class ApiError(Exception):
    """An answer other than success; `message` is for people and says what to do."""

    status: ClassVar[int] = 400
    message: str = "Bad request."

    def __init__(self, message: str | None = None, *, details: Mapping[str, Any] | None = None) -> None:
        self.message = message or self.message
        self.details = dict(details or {})
        super().__init__(self.message)

    @property
    def headers(self) -> dict[str, str]:
        """Headers that the status asks for."""
        return {}


class BadRequestError(ApiError):
    """A body or request that cannot be read."""

    status = 400
    message = "Malformed request."


class AuthenticationError(ApiError):
    """Nobody, or nobody we know."""

    status = 401
    message = "Authentication required. Send the token as: Authorization: Bearer …"

    @property
    def headers(self) -> dict[str, str]:
        """The scheme to sign in by."""
        return {"WWW-Authenticate": "Bearer"}


class AuthorizationError(ApiError):
    """Somebody, but not allowed to."""

    status = 403
    message = "You do not have permission to do this."


class NotFoundError(ApiError):
    """Not there, or another's: the two cannot be told apart."""

    status = 404
    message = "Not found."


class MethodNotAllowedError(ApiError):
    """A method that this address does not take."""

    status = 405
    message = "Method not allowed."

    def __init__(self, allowed: list[str]) -> None:
        self.allowed = sorted(allowed)
        super().__init__(f"Method not allowed. Allowed: {', '.join(self.allowed)}.")

    @property
    def headers(self) -> dict[str, str]:
        """The methods that it takes."""
        return {"Allow": ", ".join(self.allowed)}


class ConflictError(ApiError):
    """What is there already forbids it."""

    status = 409
    message = "This conflicts with existing data."


class PayloadTooLargeError(ApiError):
    """More bytes than are taken."""

    status = 413
    message = "The request is too large."


class UnsupportedMediaTypeError(ApiError):
    """A body of a kind that this address does not take."""

    status = 415
    message = "Unsupported content type."


class ValidationError(ApiError):
    """Fields that are not as they must be: dotted path → everything wrong with it."""

    status = 422
    message = "Some fields are invalid."

    def __init__(self, faults: Mapping[str, list[FieldError]], *, details: Mapping[str, Any] | None = None) -> None:
        self.faults = dict(faults)
        super().__init__(details=details)


class RateLimitError(ApiError):
    """Too many requests; `retry_after` is in whole seconds, at least 1, and true."""

    status = 429

    def __init__(self, limit: str, retry_after: int) -> None:
        self.limit = limit
        self.retry_after = retry_after
        super().__init__(
            f"Too many requests. Try again in {retry_after} {'second' if retry_after == 1 else 'seconds'}."
        )

    @property
    def headers(self) -> dict[str, str]:
        """The seconds to wait."""
        return {"Retry-After": str(self.retry_after)}


class InternalServerError(ApiError):
    """Our fault: the log holds what happened under the request's id."""

    status = 500
    message = "Something went wrong on the server. The error has been logged; try again later."


class ServiceUnavailableError(ApiError):
    """A dependency or capacity is away for now; `retry_after` is in whole seconds."""

    status = 503
    message = "The service is temporarily unavailable. Try again in a moment."

    def __init__(self, message: str | None = None, *, retry_after: int = 5) -> None:
        self.retry_after = retry_after
        super().__init__(message)

    @property
    def headers(self) -> dict[str, str]:
        """The seconds to wait."""
        return {"Retry-After": str(self.retry_after)}

"""Errors as data; `web/error_handlers.py` turns them into responses.

ApiError
    BadRequestError            400
    AuthenticationError        401
    AuthorizationError         403
    NotFoundError              404
    MethodNotAllowedError      405
    ConflictError              409
    PayloadTooLargeError       413
    UnsupportedMediaTypeError  415
    RangeNotSatisfiableError   416
    ValidationError            422
    RateLimitError             429
    InternalServerError        500
    ServiceUnavailableError    503
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from forms_service.languages.sentences import N_, Plural, Sentence

TRY_AGAIN = Plural(
    "Too many requests. Try again in {count} second.", "Too many requests. Try again in {count} seconds."
)


class StartError(Exception):
    """The text is for the operator."""


class FieldError(Sentence):
    """A sentence with a code for programs."""

    code: str

    def __new__(cls, sentence: str, code: str, /, **values: Any) -> Self:
        error = super().__new__(cls, sentence, **values)
        error.code = code
        return error

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]  # one argument more
        return str(self), self.code


class ApiError(Exception):
    """Any failure; `message` says what to do."""

    status: ClassVar[int] = 400
    message: str = N_("Bad request.")

    def __init__(self, message: str | None = None, *, details: Mapping[str, Any] | None = None) -> None:
        self.message = message or self.message
        self.details = dict(details or {})
        super().__init__(self.message)

    @property
    def error_type(self) -> str:
        """The documented class: packages derive their own from those of this module."""
        return next(base.__name__ for base in type(self).__mro__ if base.__module__ == __name__)

    @property
    def headers(self) -> dict[str, str]:
        return {}


class BadRequestError(ApiError):
    status = 400
    message = N_("Malformed request.")


class AuthenticationError(ApiError):
    status = 401
    message = N_("Authentication required. Send the token as: Authorization: Bearer …")

    @property
    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": "Bearer"}


class AuthorizationError(ApiError):
    status = 403
    message = N_("You do not have permission to do this.")


class NotFoundError(ApiError):
    """Missing, or another's: indistinguishable."""

    status = 404
    message = N_("Not found.")


class MethodNotAllowedError(ApiError):
    status = 405
    message = N_("Method not allowed.")

    def __init__(self, allowed: list[str]) -> None:
        self.allowed = sorted(allowed)
        super().__init__(Sentence(N_("Method not allowed. Allowed: {methods}."), methods=", ".join(self.allowed)))

    @property
    def headers(self) -> dict[str, str]:
        return {"Allow": ", ".join(self.allowed)}


class ConflictError(ApiError):
    status = 409
    message = N_("This conflicts with existing data.")


class PayloadTooLargeError(ApiError):
    status = 413
    message = N_("The request is too large.")


class UnsupportedMediaTypeError(ApiError):
    status = 415
    message = N_("Unsupported content type.")


class RangeNotSatisfiableError(ApiError):
    """A download that is resumed at its end, such as by `curl -C -`."""

    status = 416
    message = "The file has no such range."

    def __init__(self, length: int | None) -> None:
        self.length = length
        super().__init__()

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.length is None else {"Content-Range": f"bytes */{self.length}"}


class ValidationError(ApiError):
    """Invalid fields, by dotted path."""

    status = 422
    message = N_("Some answers need to be corrected.")

    def __init__(
        self, field_errors: Mapping[str, list[FieldError]], *, details: Mapping[str, Any] | None = None
    ) -> None:
        self.field_errors = dict(field_errors)
        super().__init__(details=details)


class RateLimitError(ApiError):
    """`retry_after` is exact, in seconds, at least 1."""

    status = 429

    def __init__(self, limit: str, retry_after: int) -> None:
        self.limit = limit
        self.retry_after = retry_after
        super().__init__(Sentence(TRY_AGAIN, count=retry_after))

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after)}


class InternalServerError(ApiError):
    status = 500
    message = N_("Something went wrong on the server. The error has been logged; try again later.")


class ServiceUnavailableError(ApiError):
    """`retry_after` is in seconds."""

    status = 503
    message = N_("The service is temporarily unavailable. Try again in a moment.")

    def __init__(self, message: str | None = None, *, retry_after: int = 5) -> None:
        self.retry_after = retry_after
        super().__init__(message)

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after)}

"""Errors, password prompts, validation and safe output of commands."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import click
import marshmallow as ma
from sqlalchemy.exc import DBAPIError

from forms_service.accounts.service import NewAccount
from forms_service.accounts.signup.schemas import Signup
from forms_service.database.engine import first_line
from forms_service.errors import ApiError, StartError
from forms_service.validation.base import errors_by_path

P = ParamSpec("P")
R = TypeVar("R")


def user_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Print expected errors and exit with 1."""

    @wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (ApiError, StartError, ValueError) as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            raise click.ClickException(f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")) from error
        except DBAPIError as error:
            raise click.ClickException(f"The database is unavailable or failed: {first_line(error)}") from error

    return wrapper


def read_password(*, confirm: bool = True) -> str:
    """Prompt at a terminal, else read standard input."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=confirm))
    return sys.stdin.readline().rstrip("\r\n")


def new_person(email: str, first_name: str, last_name: str) -> NewAccount:
    """Return a person with a password, validated as at sign-up."""
    load_or_exit(Signup(only=("email", "first_name", "last_name")), _names(email, first_name, last_name))
    values = load_or_exit(Signup(), _names(email, first_name, last_name) | {"password": read_password()})
    return NewAccount(**values)


def load_or_exit(schema: ma.Schema, values: dict[str, Any]) -> Any:
    """Exit with errors if invalid."""
    try:
        return schema.load(values)
    except ma.ValidationError as error:
        faults = errors_by_path(error.messages)
        raise click.ClickException("\n".join(f"{path}: {' '.join(texts)}" for path, texts in faults.items())) from error


def format_line(*columns: object) -> str:
    """Join columns by tabs, escaping terminal controls."""
    return "\t".join("".join(_visible(character) for character in str(column)) for column in columns)


def _visible(character: str) -> str:
    return character if character.isprintable() else f"\\u{ord(character):04x}"


def _names(email: str, first_name: str, last_name: str) -> dict[str, Any]:
    return {"email": email, "first_name": first_name, "last_name": last_name}

"""The most common passwords, which attackers try first."""

from importlib.resources import files

COMMON = frozenset(files(__package__).joinpath("common_passwords.txt").read_text("utf-8").split())
"""In lower case; for the source see the NOTICE beside the list."""


def is_common(password: str) -> bool:
    """Whether it is a common password, ignoring case."""
    return password.casefold() in COMMON

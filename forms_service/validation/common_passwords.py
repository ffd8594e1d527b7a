"""Common passwords."""

from importlib.resources import files

COMMON = frozenset(files(__package__).joinpath("common_passwords.txt").read_text("utf-8").split())
"""Lower case; see the NOTICE."""


def is_common(password: str) -> bool:
    return password.casefold() in COMMON

"""The passwords that are tried first, since most people have one of them."""

from importlib.resources import files

COMMON = frozenset(files(__package__).joinpath("common_passwords.txt").read_text("utf-8").split())
"""In small letters; where they come from is in the NOTICE beside the list."""


def is_common(password: str) -> bool:
    """Whether it is one of the commonest, in whatever case."""
    return password.casefold() in COMMON

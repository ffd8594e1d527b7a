"""Fixtures of the tests of privacy."""

from tests.support.owners import form, owner  # noqa: F401 (fixtures)

"""Fixtures of the tests of the inbox."""

from tests.support.owners import form, owner  # noqa: F401 (fixtures)

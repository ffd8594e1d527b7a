"""Fixtures of the tests of the inbox."""

from tests.support.owners import form, owner, shared_owner  # noqa: F401 (fixtures)

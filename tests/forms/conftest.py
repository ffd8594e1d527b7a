"""Fixtures of the tests of forms."""

from tests.support.owners import owner, shared_owner  # noqa: F401 (fixtures)

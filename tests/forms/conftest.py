"""Fixtures of the tests of forms."""

from tests.support.owners import owner  # noqa: F401 (a fixture)

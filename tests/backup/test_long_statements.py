"""Statements on large tables take longer than those of requests: to count rows, and to create their indexes."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import Connection

from forms_service.backup import place, snapshot
from forms_service.database import postgres
from tests.conftest import MakeApp

LONG_TIMEOUT = 0.5


@pytest.mark.parametrize("transaction", [snapshot._snapshot, place.writing])
def test_a_backup_and_a_restore_wait_for_a_busy_postgresql(
    make_app: MakeApp,
    postgres_url: str,
    monkeypatch: pytest.MonkeyPatch,
    transaction: Callable[[], AbstractContextManager[Connection]],
) -> None:
    app = make_app(DATABASE_URL=postgres_url)
    monkeypatch.setattr(postgres, "LONG_TIMEOUT", LONG_TIMEOUT)
    with app.app_context(), transaction() as connection:
        connection.exec_driver_sql(f"SELECT pg_sleep({2 * LONG_TIMEOUT})")

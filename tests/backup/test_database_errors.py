"""Rows go straight to the driver; commands print the database's errors only if they are SQLAlchemy's."""

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from forms_service.backup.tables import KEYRING, insert_rows, read_layouts, read_rows
from forms_service.database.transactions import write_connection


def test_a_row_that_the_database_refuses_is_an_error_of_sqlalchemy(app_on_each_db: Flask) -> None:
    with app_on_each_db.app_context(), pytest.raises(IntegrityError), write_connection() as connection:
        (layout,) = [layout for layout in read_layouts(connection) if layout.name == KEYRING]
        (rows,) = read_rows(connection, layout)
        insert_rows(connection, layout, rows)

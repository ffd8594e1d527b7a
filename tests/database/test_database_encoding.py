"""PostgreSQL databases as operators make them."""

import os
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from tests.conftest import QUICK
from tests.support.servers import filled, in_process
from tests.support.visitors import data_of, form_for

pytestmark = pytest.mark.slow


def test_a_database_without_an_encoding_keeps_any_text(postgres_server: str, tmp_path: Path) -> None:
    name = f"forms_service_ascii_{os.getpid()}"
    url = make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    settings = {**QUICK, "DATABASE_URL": url}
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
        try:
            assert in_process(tmp_path, "db", "upgrade", **settings).returncode == 0
            with filled(tmp_path, settings) as app:
                form = form_for(app, name="Gästebuch")
                assert app.test_client().post(f"/f/{form}", json={"message": "Grüße"}).status_code == 200
                assert data_of(app, form) == {"message": "Grüße"}
                assert "Gästebuch" in app.test_client().get(f"/f/{form}").text
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

"""Keys in the database: wrapped, re-wrapped, and rotated while the service runs."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import LargeBinary, select, text, type_coerce

from forms_service.accounts import service
from forms_service.accounts.models import Account
from forms_service.app import create_app
from forms_service.database.transactions import write_session
from forms_service.encryption import keyring, rotation, wrapped_keys
from forms_service.encryption.associated_data import Unreadable
from forms_service.errors import StartError
from forms_service.extensions import db
from forms_service.security.key_ring import key_prefix
from tests.conftest import QUICK, MakeApp, MakeSettings
from tests.support import servers

OLD, NEW, OTHER = (base64.b64encode(bytes(range(start, start + 32))).decode() for start in (0, 64, 128))


def person(number: int) -> service.NewAccount:
    return service.NewAccount(f"p{number}@example.com", "Ann", "Example", "Correct-horse-7", phone="5550123456")


def make_accounts(app: Flask, count: int) -> None:
    with app.app_context():
        for number in range(count):
            service.create(person(number), role="user", status="active")


def marks(column: str) -> set[bytes]:
    """The key marks in front of a column's values."""
    raw = type_coerce(Account.__table__.c[column], LargeBinary)
    return {bytes(value)[:4] for value in db.session.scalars(select(raw)) if value}


@pytest.fixture
def context(app_on_each_db: Flask) -> Iterator[Flask]:
    with app_on_each_db.app_context():
        yield app_on_each_db


def test_keys_are_made_once_and_kept_wrapped(context: Flask) -> None:
    rows = db.session.scalars(select(wrapped_keys.WrappedKey)).all()
    assert {(row.purpose, row.number) for row in rows} == {("data", 1), ("index", 1), ("pepper", 1)}
    pepper = keyring.current_key_ring().pepper
    assert all(pepper not in row.wrapped for row in rows)
    assert keyring.key_ring_store().load().pepper == pepper


def test_a_start_under_another_key_stops_saying_so(make_app: MakeApp, make_settings: MakeSettings) -> None:
    make_app(ENCRYPTION_KEYS=OLD)
    with pytest.raises(StartError, match="None of ENCRYPTION_KEYS unwraps"):
        create_app(make_settings(ENCRYPTION_KEYS=OTHER))


@pytest.mark.slow
def test_servers_stop_then_and_start_no_worker_again_and_again(tmp_path: Path) -> None:
    servers.in_process(tmp_path, "accounts", "list", **QUICK)
    (tmp_path / "encryption_keys").write_text(OTHER)
    with pytest.raises(AssertionError, match="None of ENCRYPTION_KEYS unwraps"):
        servers.Server(tmp_path, {**QUICK, "WEB_CONCURRENCY": "2"})


def test_a_new_key_in_front_is_used_after_rotation_and_the_old_one_can_go(make_app: MakeApp) -> None:
    make_accounts(make_app(ENCRYPTION_KEYS=OLD), 1)
    with make_app(ENCRYPTION_KEYS=f"{NEW},{OLD}").app_context():
        assert wrapped_keys.count_under_old_keys() == 3
        assert wrapped_keys.rewrap() == 3
        assert wrapped_keys.count_under_old_keys() == 0
    with make_app(ENCRYPTION_KEYS=NEW).app_context():
        assert db.session.scalars(select(Account)).one().email == "p0@example.com"


def test_nothing_is_rewrapped_when_one_key_cannot_be(make_app: MakeApp) -> None:
    app = make_app(ENCRYPTION_KEYS=OLD)
    with app.app_context():
        db.session.execute(text("UPDATE keyring SET wrapped = :junk WHERE purpose = 'pepper'"), {"junk": b"x" * 60})
        db.session.commit()
        before = db.session.scalars(select(wrapped_keys.WrappedKey.wrapped)).all()
        with pytest.raises(ValueError, match="unwraps"):
            wrapped_keys.rewrap()
        assert db.session.scalars(select(wrapped_keys.WrappedKey.wrapped)).all() == before


FIRST_EMAILS = select(type_coerce(Account.__table__.c.email, LargeBinary)).order_by(Account.id).limit(3)
COLUMNS = ("email", "first_name", "last_name", "phone")


def test_everything_is_reencrypted_under_a_new_data_key(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "BATCH_SIZE", 3)
    make_accounts(context, 10)
    with write_session():
        db.session.execute(
            text("UPDATE accounts SET phone = NULL WHERE status = 'active' AND email_index = :index"),
            {"index": service.email_index("p3@example.com")},
        )
        db.session.commit()
    assert keyring.start_data_key() == 2
    assert rotation.count_stale() == 20, "an account, and the event of its making"
    assert [so_far.done for so_far in rotation.reencrypt()] == [3, 6, 9, 10, 13, 16, 19, 20]
    assert rotation.count_stale() == 0
    for column in COLUMNS:
        assert marks(column) == {key_prefix(2)}
    db.session.expire_all()
    accounts = list(service.list_accounts())
    assert [account.email for account in accounts] == [person(number).email for number in range(10)]
    assert [account.phone for account in accounts].count(None) == 1


def test_an_interrupted_rotation_goes_on(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "BATCH_SIZE", 3)
    make_accounts(context, 10)
    keyring.start_data_key()
    next(rotation.reencrypt())
    assert marks("email") == {key_prefix(1), key_prefix(2)}
    done = db.session.scalars(FIRST_EMAILS).all()
    list(rotation.reencrypt())
    assert marks("email") == {key_prefix(2)}
    again = db.session.scalars(FIRST_EMAILS).all()
    assert done == again, "what was done is not done again"


def test_a_process_reads_what_another_wrote_under_a_key_it_has_not_seen(make_app_on_each_db: MakeApp) -> None:
    one, other = make_app_on_each_db(), make_app_on_each_db()
    with one.app_context():
        keyring.start_data_key()
        service.create(person(1), role="user", status="active")
    with other.app_context():
        assert db.session.scalars(select(Account)).one().email == "p1@example.com"
        assert keyring.current_key_ring().current == 2


def test_a_process_notices_a_new_key_by_itself(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = make_app(), make_app()
    with one.app_context():
        keyring.start_data_key()
    with other.app_context():
        assert keyring.current_key_ring().current == 1
        monkeypatch.setattr(keyring, "RELOAD_INTERVAL", -1)
        assert keyring.current_key_ring().current == 2


def test_a_row_that_changes_meanwhile_is_not_overwritten(context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    make_accounts(context, 1)
    keyring.start_data_key()
    genuine = rotation.decrypt

    def changed_meanwhile(sealed: bytes, place: str, row: str) -> str:
        value = genuine(sealed, place, row)
        if value == "Ann":
            fresh = keyring.current_key_ring().encrypt("Anna", "accounts.first_name", row)
            db.session.execute(text("UPDATE accounts SET first_name = :fresh"), {"fresh": fresh})
            db.session.commit()
        return value

    monkeypatch.setattr(rotation, "decrypt", changed_meanwhile)
    list(rotation.reencrypt())
    db.session.expire_all()
    assert db.session.scalars(select(Account)).one().first_name == "Anna"


def test_a_value_copied_to_another_column_is_not_read(context: Flask) -> None:
    make_accounts(context, 1)
    db.session.execute(text("UPDATE accounts SET first_name = last_name"))
    db.session.commit()
    assert isinstance(db.session.scalars(select(Account)).one().first_name, Unreadable)

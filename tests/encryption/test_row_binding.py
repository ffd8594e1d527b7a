"""Encrypted values are bound to their row; an unreadable one is flagged and hides nothing else."""

import io
import json
import logging
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import REGISTRY
from sqlalchemy import LargeBinary, select, type_coerce, update

from forms_service.accounts.models import Account
from forms_service.config import settings
from forms_service.database.transactions import write_connection
from forms_service.encryption import keyring, rotation, wrapped_keys
from forms_service.extensions import db
from forms_service.health import doctor
from forms_service.security.key_ring import unwrap
from forms_service.submissions.models import Submission

S = Submission.__table__.c
RAW = type_coerce(S.data, LargeBinary)
Inbox = tuple[FlaskClient, dict[str, str], str, list[str]]
"""A client, the owner's headers, the form, and the ids of three submissions, the first sent first."""


@pytest.fixture
def inbox(app_on_each_db: Flask, key_of: Callable[..., dict[str, str]]) -> Inbox:
    client, headers = app_on_each_db.test_client(), key_of(app_on_each_db, "olga@example.com")
    form = client.post("/api/forms", json={"name": "Contact", "fields": []}, headers=headers).json["data"]["id"]
    ids = [
        client.post(f"/f/{form}", json={"email": "ann@example.com", "text": f"number {number}"}).json["data"]["id"]
        for number in range(3)
    ]
    return client, headers, form, ids


def raw(app: Flask, identity: str) -> bytes:
    """The ciphertext of a submission's data."""
    with app.app_context(), db.engine.connect() as connection:
        return bytes(connection.scalars(select(RAW).where(S.id == Submission.id.type.python_type(identity))).one())


def store(app: Flask, identity: str, sealed: bytes) -> None:
    """Put that in its place."""
    with app.app_context(), write_connection() as connection:
        where = S.id == Submission.id.type.python_type(identity)
        connection.execute(update(Submission.__table__).where(where).values(data=type_coerce(sealed, LargeBinary)))


def flip(app: Flask, identity: str) -> None:
    """Change one bit of what is stored."""
    sealed = bytearray(raw(app, identity))
    sealed[-1] ^= 1
    store(app, identity, bytes(sealed))


def first_data_key() -> bytes:
    wrapped = db.session.get_one(wrapped_keys.WrappedKey, ("data", 1)).wrapped
    return unwrap(wrapped, settings.encryption_keys, "forms_service keyring data 1")


def of_version_0(key: bytes, text: str, place: str) -> bytes:
    """A value as it was encrypted before rows were in the associated data."""
    nonce = os.urandom(12)
    return (1).to_bytes(4) + nonce + AESGCM(key).encrypt(nonce, text.encode(), place.encode())


def count_unreadable() -> float:
    return REGISTRY.get_sample_value("forms_unreadable_values_total") or 0


def listed(inbox: Inbox) -> list[dict[str, Any]]:
    client, headers, form, _ = inbox
    answer = client.get(f"/api/forms/{form}/submissions", headers=headers)
    assert answer.status_code == 200
    shown: list[dict[str, Any]] = answer.json["data"]
    return shown


def test_a_value_moved_from_another_row_is_not_read(inbox: Inbox) -> None:
    client, _, _, ids = inbox
    store(client.application, ids[0], raw(client.application, ids[1]))
    _, second, first = listed(inbox)
    assert (first["data"], first["unreadable"]) == ({}, True)
    assert second["data"]["text"] == "number 1"
    assert "unreadable" not in second


def test_one_flipped_bit_hides_one_submission_and_nothing_else(inbox: Inbox) -> None:
    client, headers, form, ids = inbox
    flip(client.application, ids[1])
    assert [shown["data"].get("text") for shown in listed(inbox)] == ["number 2", None, "number 0"]
    one = client.get(f"/api/submissions/{ids[1]}", headers=headers)
    assert (one.status_code, one.json["data"]["unreadable"]) == (200, True)
    query = {"q": "number"}
    searched = client.post(f"/api/forms/{form}/submissions/search", json=query, headers=headers).json["data"]
    assert [shown.get("unreadable", False) for shown in searched] == [False, True, False]
    submissions = client.post("/api/people/find", json={"email": "ann@example.com"}, headers=headers).json["data"]
    assert [shown["id"] for shown in submissions if shown.get("unreadable")] == [ids[1]]


def test_exports_name_it_and_hold_the_rest(inbox: Inbox) -> None:
    client, headers, form, ids = inbox
    flip(client.application, ids[1])

    def exported(kind: str) -> bytes:
        answer = client.get(f"/api/forms/{form}/export?format={kind}", headers=headers, buffered=True)
        assert answer.status_code == 200
        return answer.data

    lines = [json.loads(line) for line in exported("jsonl").splitlines()]
    assert [line["data"].get("text") for line in lines] == ["number 2", None, "number 0"]
    assert [line.get("unreadable") for line in lines] == [None, True, None]
    rows = exported("csv").decode("utf-8-sig").splitlines()
    assert "unreadable" in rows[0]
    assert ["cannot be decrypted" in row for row in rows[1:]] == [False, True, False]
    sheet = zipfile.ZipFile(io.BytesIO(exported("xlsx")))
    texts = b"".join(sheet.read(name) for name in sheet.namelist())
    assert b"cannot be decrypted" in texts
    assert b"number 0" in texts


def test_it_is_logged_once_counted_once_and_found_by_the_doctor(inbox: Inbox, caplog: pytest.LogCaptureFixture) -> None:
    client, _, _, ids = inbox
    flip(client.application, ids[1])
    before = count_unreadable()
    with caplog.at_level(logging.ERROR):
        listed(inbox)
        listed(inbox)
    logged = [record.fields for record in caplog.records if record.getMessage() == "value_unreadable"]
    assert logged == [{"place": "submissions.data", "row": ids[1].replace("-", "")}]
    assert count_unreadable() == before + 1
    with client.application.app_context():
        finding = next(finding for finding in doctor.run_checks(Path.cwd()) if finding.subject == "data")
    assert finding.bad
    assert f"submissions {ids[1].replace('-', '')}" in finding.text


def test_objects_with_something_unreadable_are_shown_too(inbox: Inbox) -> None:
    client, headers, form, _ = inbox
    with client.application.app_context(), write_connection() as connection:
        for name in ("events.details", "forms.name", "forms.settings", "api_keys.name"):
            table, column = name.split(".")
            known = db.metadata.tables[table]
            junk = type_coerce(b"\x01" + bytes(40), LargeBinary)
            connection.execute(update(known).where(known.c[column].is_not(None)).values({column: junk}))
    forms = client.get("/api/forms", headers=headers)
    assert (forms.status_code, forms.json["data"][0]["unreadable"]) == (200, True)
    assert client.patch(f"/api/forms/{form}", json={"name": "Anew"}, headers=headers).status_code == 409
    repaired = client.patch(f"/api/forms/{form}", json={"name": "Anew", "settings": {}}, headers=headers)
    assert (repaired.status_code, repaired.json["data"]["name"]) == (200, "Anew")


def test_submissions_are_taken_though_the_owners_address_is_unreadable(inbox: Inbox) -> None:
    client, headers, form, ids = inbox
    with client.application.app_context(), write_connection() as connection:
        address = Account.__table__.c.email
        for identity, sealed in connection.execute(select(Account.id, type_coerce(address, LargeBinary))).all():
            broken = type_coerce(bytes([*sealed[:-1], sealed[-1] ^ 1]), LargeBinary)
            connection.execute(update(Account.__table__).where(Account.id == identity).values(email=broken))
    assert client.patch(f"/api/forms/{form}", json={"name": "Loaded again"}, headers=headers).status_code == 200
    assert client.post(f"/f/{form}", json={"text": "number 3"}).status_code == 200
    assert len(listed(inbox)) == len(ids) + 1


def test_values_from_before_are_read_and_bound_to_their_row_in_the_background(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring, "RELOAD_INTERVAL", -1)  # the key is as old as the values
    client, _, _, ids = inbox
    app = client.application
    with app.app_context():
        key = first_data_key()
        old = [of_version_0(key, json.dumps({"text": f"old {number}"}), "submissions.data") for number in range(3)]
        for identity, sealed in zip(ids, old, strict=True):
            store(app, identity, sealed)
        with write_connection() as connection:  # as the migration leaves it
            connection.execute(update(wrapped_keys.WrappedKey).values(reencrypted_at=None))
    assert [shown["data"]["text"] for shown in listed(inbox)] == ["old 2", "old 1", "old 0"]
    with app.app_context():
        rotation.continue_in_background()
        assert not wrapped_keys.is_reencrypted(1), "another process may have written in the old format meanwhile"
        rotation.continue_in_background()
        assert wrapped_keys.is_reencrypted(1)
        assert rotation.count_stale() == 0
    assert [shown["data"]["text"] for shown in listed(inbox)] == ["old 2", "old 1", "old 0"]
    store(app, ids[0], raw(app, ids[1]))
    assert listed(inbox)[2]["unreadable"]


def test_a_rotation_leaves_what_it_cannot_read_and_is_finished(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "RELOAD_INTERVAL", -1)
    client, _, _, ids = inbox
    app = client.application
    flip(app, ids[1])
    with app.app_context():
        assert rotation.begin() == (2, False)
        assert rotation.begin() == (2, True), "it is not finished, so it goes on"
        rotation.continue_in_background()
        rotation.continue_in_background()
        assert wrapped_keys.is_reencrypted(2)
        assert rotation.count_stale() == 1
        assert rotation.begin() == (3, False)
    assert [shown["data"].get("text") for shown in listed(inbox)] == ["number 2", None, "number 0"]


def test_what_knows_no_row_writes_nothing(app_on_each_db: Flask) -> None:
    with (
        app_on_each_db.app_context(),
        pytest.raises(Exception, match="bound to its row"),
        write_connection() as connection,
    ):
        connection.execute(update(Submission).values(data="clear"))

"""Files, spam and CAPTCHAs on the whole way: from the POST to the rows and what lies on the disk."""

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import altcha
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from forms_service.extensions import db
from forms_service.intake import storing
from forms_service.spam import altcha_challenges
from forms_service.submissions.models import Submission
from forms_service.uploads import storage
from forms_service.uploads.models import File
from tests.conftest import MakeApp
from tests.support import servers
from tests.support.definitions import PDF, PNG, PROGRAM, file_part, multipart, text_part

JSON = {"Accept": "application/json"}
FORMSPREE = {**JSON, "Formspree-Client": "@formspree/core@4"}
CV = {"name": "cv", "type": "file", "accept": ".pdf,image/*", "max_size": 1000}
EMAIL = {"name": "email", "type": "email"}

WORD = "Correct-horse-7"
KeyOf = Callable[..., dict[str, str]]


def form_at(app: Flask, key: dict[str, str], *fields: Any, **settings: Any) -> str:
    """The path of a new form."""
    body = {"name": "Jobs", "fields": list(fields), "settings": settings}
    answer = app.test_client().post("/api/forms", json=body, headers=key)
    assert answer.status_code == 201, answer.json
    return f"/f/{answer.json['data']['id']}"


def stored(app: Flask) -> list[Path]:
    return sorted(Path(app.instance_path, "files").iterdir())


def submissions(app: Flask) -> list[Submission]:
    with app.app_context():
        return list(db.session.scalars(select(Submission).order_by(Submission.id)))


@pytest.fixture
def form_on_each_db(app_on_each_db: Flask, key_of: KeyOf) -> tuple[Flask, FlaskClient, str]:
    return app_on_each_db, app_on_each_db.test_client(), form_at(app_on_each_db, key_of(app_on_each_db), EMAIL, CV)


def test_files_are_stored_with_the_submission(form_on_each_db: tuple[Flask, FlaskClient, str]) -> None:
    app, client, path = form_on_each_db
    email = text_part("email", "ann@example.com")
    body = multipart(email, file_part("cv", "../Ann's CV.pdf", PDF), file_part("cv", "me.png", PNG))
    answer = client.post(path, **body, headers=JSON)
    assert answer.status_code == 200, answer.json
    with app.app_context():
        rows = db.session.scalars(select(File).order_by(File.number)).all()
        assert [(row.number, row.field, row.name, row.content_type, row.size) for row in rows] == [
            (1, "cv", "Ann's CV.pdf", "application/pdf", len(PDF)),
            (2, "cv", "me.png", "image/png", len(PNG)),
        ]
        assert str(rows[0].submission_id) == answer.json["data"]["id"]
        assert [b"".join(storage.open_decrypted(row.stored_as)) for row in rows] == [PDF, PNG]
        assert json.loads(db.session.scalars(select(Submission)).one().data) == {"email": "ann@example.com"}


def test_a_repeat_leaves_no_second_file(form_on_each_db: tuple[Flask, FlaskClient, str]) -> None:
    app, client, path = form_on_each_db
    body = multipart(text_part("email", "ann@example.com"), file_part("cv", "cv.pdf", PDF))
    first, second = (client.post(path, **body, headers=JSON).json["data"]["id"] for _ in range(2))
    assert first == second
    assert len(stored(app)) == 1
    other = multipart(text_part("email", "ann@example.com"), file_part("cv", "cv.pdf", PDF + b"changed"))
    assert client.post(path, **other, headers=JSON).json["data"]["id"] != first
    assert len(stored(app)) == 2


def test_a_submission_of_files_alone_is_not_empty(form_on_each_db: tuple[Flask, FlaskClient, str]) -> None:
    _, client, path = form_on_each_db
    assert client.post(path, **multipart(file_part("cv", "cv.pdf", PDF)), headers=JSON).status_code == 200
    empty = client.post(path, **multipart(file_part("cv", "", b"")), headers=JSON)
    assert empty.status_code == 422
    assert empty.json["codes"] == {"body": ["empty"]}


def test_what_is_wrong_with_texts_and_files_is_said_together(form_on_each_db: tuple[Flask, FlaskClient, str]) -> None:
    app, client, path = form_on_each_db
    body = multipart(text_part("email", "nobody"), file_part("cv", "cv.pdf", PROGRAM * 9))
    answer = client.post(path, **body, headers=JSON)
    assert answer.status_code == 422
    assert answer.json["codes"] == {"email": ["invalid_email"], "cv": ["file_type", "file_too_big"]}
    assert stored(app) == []


def test_a_long_name_of_a_files_field_is_cut_like_every_other(app: Flask, key_of: KeyOf) -> None:
    path = form_at(app, key_of(app))
    body = multipart(file_part("n" * 200, "a.pdf", PDF), file_part("n" * 2000, "b.pdf", PDF))
    assert app.test_client().post(path, **body, headers=JSON).status_code == 200
    with app.app_context():
        assert set(db.session.scalars(select(File.field))) == {"n" * 200, "n" * 199 + "\u2026"}


def test_the_name_of_a_files_field_is_kept_in_nfc(app: Flask, key_of: KeyOf) -> None:
    form = form_at(app, key_of(app), {"name": "b\u00fcro", "type": "file", "required": True})
    answer = app.test_client().post(form, **multipart(file_part("bu\u0308ro", "cv.pdf", PDF)), headers=JSON)
    assert answer.status_code == 200, answer.json
    with app.app_context():
        assert db.session.scalars(select(File.field)).all() == ["b\u00fcro"]


def test_a_browser_gets_the_form_again(form_on_each_db: tuple[Flask, FlaskClient, str]) -> None:
    _, client, path = form_on_each_db
    body = multipart(text_part("email", "nobody"), file_part("cv", "cv.pdf", PROGRAM))
    answer = client.post(path, **body, headers={"Accept": "text/html"})
    assert answer.status_code == 422
    assert 'value="nobody"' in answer.text
    assert "not accepted here" in answer.text


def test_formspree_clients_hear_their_own_words(make_app: MakeApp, key_of: KeyOf) -> None:
    app = make_app(MAX_FILES="2", MAX_FILE_SIZE="500")
    key = key_of(app)
    client, with_files, without = app.test_client(), form_at(app, key, CV), form_at(app, key, EMAIL)
    file = file_part("cv", "cv.pdf", PDF)

    def codes(path: str, *parts: bytes) -> list[Any]:
        answer = client.post(path, **multipart(*parts), headers=FORMSPREE)
        return [answer.status_code, [error.get("code") for error in answer.json["errors"]]]

    assert codes(with_files, file_part("cv", "cv.pdf", PDF + bytes(500))) == [413, ["FILES_TOO_BIG"]]
    assert codes(with_files, file, file, file) == [413, ["TOO_MANY_FILES"]]
    assert codes(without, text_part("email", "ann@example.com"), file) == [422, ["NO_FILE_UPLOADS"]]
    assert codes(form_at(app, key, {**CV, "required": True}), text_part("a", "b")) == [422, ["REQUIRED_FIELD_MISSING"]]


def test_files_stay_when_nobody_knows_what_became_of_the_commit(
    app: Flask, key_of: KeyOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, client = form_at(app, key_of(app)), app.test_client()

    def breaks_off(_: Any) -> Any:
        raise OperationalError("COMMIT", {}, Exception("the server is gone"))

    monkeypatch.setattr(storing, "store", breaks_off)
    assert client.post(path, **multipart(file_part("a", "a", b"x")), headers=JSON).status_code == 503
    assert len(stored(app)) == 1, "the row may be there"


@pytest.mark.slow
def test_a_server_says_413_at_once_and_keeps_nothing_of_who_goes_away(serve: Callable[..., servers.Server]) -> None:
    server = serve()
    servers.in_process(
        server.folder, "accounts", "create", "o@example.com", "--role", "owner", stdin=f"{WORD}\n{WORD}\n"
    )
    made = servers.in_process(server.folder, "forms", "create", "Jobs", "--owner", "o@example.com").stdout
    path, folder = f"/f/{made.splitlines()[0]}", server.folder / "files"
    for size in (11 * 2**20, 40 * 2**20):
        answer = server.post(path, files={"cv": ("cv", bytes(size))}, headers=JSON)
        assert (answer.status_code, answer.json()["details"]) == (413, {"reason": "FILES_TOO_BIG"})
    assert server.post(path, files={"cv": ("cv", bytes(9 * 2**20))}, headers=JSON).status_code == 200
    body = multipart(file_part("cv", "cv", bytes(500_000)))
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {body['content_type']}\r\nContent-Length: 900000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(head.encode() + body["data"][:400_000])
    assert server.post(path, files={"cv": ("cv", bytes(500_000))}, headers=JSON).status_code == 200
    assert eventually(lambda: len(list(folder.iterdir())) == 2), "the two that came whole"


def eventually(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + 20
    while not holds() and time.monotonic() < until:
        time.sleep(0.02)
    return holds()


def test_spam_is_answered_like_the_rest_and_kept_with_its_reasons(app: Flask, key_of: KeyOf) -> None:
    path, client = form_at(app, key_of(app), honeypot="fax"), app.test_client()
    spam = {"message": "buy " + "https://spam.example " * 9, "fax": "1", "_started": started_now(app)}
    answer = client.post(path, data=spam, headers=JSON)
    assert answer.status_code == 200
    assert answer.json["success"] is True
    (submission,) = submissions(app)
    assert submission.status == "spam"
    assert submission.spam_reasons == "honeypot too_fast links"


def started_now(app: Flask) -> str:
    page = app.test_client().get(form_at_any(app)).text
    return page.split('name="_started" value="')[1].split('"')[0]


def form_at_any(app: Flask) -> str:
    with app.app_context():
        return f"/f/{db.session.execute(text('SELECT id FROM forms')).scalars().first()}"


def test_a_puzzle_is_set_solved_and_good_for_one_submission(
    app_on_each_db: Flask, key_of: KeyOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(altcha_challenges, "COST", 1)
    path, client = form_at(app_on_each_db, key_of(app_on_each_db), challenge="altcha"), app_on_each_db.test_client()
    response = client.get(f"{path}/challenge", headers={"Origin": "https://site.example"})
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Cache-Control"] == "no-store"
    puzzle = altcha.Challenge.from_dict(response.json)
    token = altcha.Payload(puzzle, altcha.solve_challenge(puzzle)).to_base64()

    missing = client.post(path, data={"a": "1"}, headers=JSON)
    assert (missing.status_code, missing.json["codes"]) == (422, {"altcha": ["required"]})
    first = client.post(path, data={"a": "1", "altcha": token}, headers=JSON)
    assert first.status_code == 200
    again = client.post(path, data={"a": "1", "altcha": token}, headers=JSON)
    assert again.json["data"]["id"] == first.json["data"]["id"], "a repeat needs no other token"
    replayed = client.post(path, data={"a": "2", "altcha": token}, headers=JSON)
    assert (replayed.status_code, replayed.json["codes"]) == (422, {"altcha": ["challenge"]})
    (submission,) = submissions(app_on_each_db)
    assert json.loads(submission.data) == {"a": "1"}


def test_a_token_is_not_spent_on_what_is_wrong_anyway(
    app: Flask, key_of: KeyOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(altcha_challenges, "COST", 1)
    path, client = form_at(app, key_of(app), EMAIL, challenge="altcha"), app.test_client()
    puzzle = altcha.Challenge.from_dict(client.get(f"{path}/challenge").json)
    token = altcha.Payload(puzzle, altcha.solve_challenge(puzzle)).to_base64()
    wrong = client.post(path, data={"email": "nobody", "altcha": token}, headers=JSON)
    assert wrong.json["codes"] == {"email": ["invalid_email"]}
    assert client.post(path, data={"email": "ann@example.com", "altcha": token}, headers=JSON).status_code == 200


def test_only_forms_with_puzzles_set_them_and_only_for_their_sites(app: Flask, key_of: KeyOf) -> None:
    key, client = key_of(app), app.test_client()
    assert client.get(f"{form_at(app, key)}/challenge").status_code == 404
    assert client.get("/f/AbCdEfGhIjKlMnOp/challenge").status_code == 404
    path = form_at(app, key, challenge="altcha", allowed_origins=["https://site.example"])
    assert client.get(f"{path}/challenge", headers={"Origin": "https://other.example"}).status_code == 403
    mine = client.get(f"{path}/challenge", headers={"Origin": "https://site.example"})
    assert mine.headers["Access-Control-Allow-Origin"] == "https://site.example"
    preflight = client.options(f"{path}/challenge", headers={"Origin": "https://site.example"})
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "https://site.example"


def test_nothing_is_lost_when_the_provider_is_away(make_app: MakeApp, key_of: KeyOf) -> None:
    app = make_app(TURNSTILE_VERIFY_URL=f"http://127.0.0.1:{servers.free_port()}")
    keys = {"challenge_site_key": "site", "challenge_secret": "secret"}
    path, client = form_at(app, key_of(app), challenge="turnstile", **keys), app.test_client()
    answer = client.post(path, data={"a": "1", "cf-turnstile-response": "token"}, headers=JSON)
    assert answer.status_code == 200
    (submission,) = submissions(app)
    assert (submission.status, submission.spam_reasons) == ("spam", "challenge_unavailable")

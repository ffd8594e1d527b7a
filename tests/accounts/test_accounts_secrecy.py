"""Neither personal data nor tokens appear in the database file or the log."""

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MakeApp
from tests.support.accounts import BROWSER, bearer, mails, token_in

CLIENT = {"REMOTE_ADDR": "203.0.113.77"}


def test_no_personal_data_or_token_appears_in_database_or_log(
    make_app: MakeApp, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(SIGNUP_ROLE="owner", LOG_LEVEL="DEBUG")
    client = app.test_client()
    client.environ_base |= {**CLIENT, "HTTP_USER_AGENT": "Zither/1.0"}
    email, changed, first, second = "zebedee@quagmire.example", "zeb@marsh.example", "Xylophone-77", "Glockenspiel-88"
    secrets: list[str] = ["Zebedee", "Quagmire", "5550123456", "key of Zebedee", "203.0.113.77", email, changed]
    secrets += [first, second]

    def post(path: str, headers: dict[str, str] | None = None, **fields: Any) -> Any:
        return client.post(path, json=fields, headers=headers)

    post("/api/signup", email=email, first_name="Zebedee", last_name="Quagmire", password=first, phone="5550123456")
    secrets.append(token_in(mails(app)[-1]))
    client.get(f"/signup/confirm?token={secrets[-1]}")
    client.post("/api/signup/confirm", data={"token": secrets[-1], "password": first}, headers=BROWSER)
    tokens = post("/api/login", email=email, password=first).json["data"]
    secrets += [tokens["access_token"], tokens["refresh_token"]]
    headers = bearer(tokens["access_token"])
    key = post("/api/me/keys", headers, password=first, name="key of Zebedee", scopes=["tokens:introspect"]).json[
        "data"
    ]["key"]
    post("/api/token/introspect", bearer(key), token=tokens["access_token"])
    post("/api/me/email", headers, password=first, email=changed)
    post("/api/password/forgot", email=email)
    secrets += [key, token_in(mails(app, "new_address")[0]), token_in(mails(app, "reset")[0])]
    post("/api/password/reset", token=secrets[-1], password=second)
    assert post("/api/login", email=email, password=second).status_code == 200
    post("/api/login", email=email, password=first)
    client.get("/api/me", headers=bearer(secrets[-1]))

    files = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    content = b"\n".join(files).lower()
    assert b"sqlite format" in content
    for secret in [*secrets, "Zither"]:
        assert secret.lower().encode() not in content, f"{secret} is in a file"
    for secret in secrets:
        assert secret.lower() not in caplog.text.lower(), f"{secret} is in the log"
        assert not any(secret in str(vars(record)) for record in caplog.records), f"{secret} is in the log"

"""CAPTCHAs: a good token passes, a bad one is named, and a provider that is away loses nobody's submission."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import altcha
import pytest
from flask import Flask
from sqlalchemy import func, select, text

from forms_service.captchas import CAPTCHAS
from forms_service.errors import ValidationError
from forms_service.extensions import db
from forms_service.form_schema.settings import WITH_PROVIDER_KEYS
from forms_service.forms.cache import PublishedForm
from forms_service.intake.parsing import split_special_fields
from forms_service.spam import altcha_challenges, captcha_providers
from forms_service.spam.captcha import UNAVAILABLE, check_token
from forms_service.spam.models import SpentChallenge
from forms_service.submissions.parsed_submission import ParsedSubmission
from tests.conftest import MakeApp
from tests.support import servers
from tests.support.definitions import form_of

Answer = Callable[[BaseHTTPRequestHandler], None]
CLIENT = "192.0.2.7"


class Provider:
    """A server that says what the test has it say, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, list[str]]] = []
        self.paths: list[str] = []
        self.answer: Answer = says({"success": True})
        self.during: Callable[[], None] = lambda: None
        self.may_end = threading.Event()
        self.has_ended = False
        """An answer that goes on until it `may_end` came to its own end."""
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                provider.asked.append(parse_qs(self.rfile.read(length).decode()))
                provider.paths.append(self.path)
                provider.during()
                provider.answer(self)

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.provider = self  # type: ignore[attr-defined]  # for the answers
        self.url = f"http://127.0.0.1:{self._server.server_port}/verify"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Nobody listens any more."""
        self._server.shutdown()
        self._server.server_close()


def says(body: Any, status: int = 200, **headers: str) -> Answer:
    """An answer of the provider; what is no text is sent as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)

    return answer


def hangs(handler: BaseHTTPRequestHandler) -> None:
    """Says nothing for longer than anybody waits."""
    provider: Provider = handler.server.provider  # type: ignore[attr-defined]
    provider.has_ended = not provider.may_end.wait(servers.TIMEOUT)


def drips(handler: BaseHTTPRequestHandler) -> None:
    """Says something all the time and never all of it."""
    provider: Provider = handler.server.provider  # type: ignore[attr-defined]
    handler.send_response(200)
    handler.end_headers()
    with suppress(OSError):  # nobody listens any more
        for _ in range(servers.TIMEOUT * 20):
            if provider.may_end.wait(0.05):
                return
            handler.wfile.write(b" ")
            handler.wfile.flush()
        provider.has_ended = True


@pytest.fixture(scope="module")
def one_provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.stop()


@pytest.fixture
def provider(one_provider: Provider) -> Provider:
    """One that says yes and was asked nothing yet."""
    one_provider.asked.clear()
    one_provider.paths.clear()
    one_provider.answer, one_provider.during = says({"success": True}), lambda: None
    one_provider.has_ended = False
    one_provider.may_end.clear()
    return one_provider


@pytest.fixture(scope="module")
def asking(make_shared_app: MakeApp, one_provider: Provider) -> Flask:
    """An app whose three providers are the one of the tests."""
    return make_shared_app(
        **{f"{name}_VERIFY_URL": one_provider.url for name in ("TURNSTILE", "HCAPTCHA", "RECAPTCHA")}
    )


@pytest.fixture(scope="module")
def service(make_shared_app: MakeApp) -> Flask:
    """An app that sets puzzles itself."""
    return make_shared_app()


def sent(**tokens: Any) -> ParsedSubmission:
    found = split_special_fields({name.replace("_", "-"): token for name, token in tokens.items()})
    found.client = CLIENT
    return found


TURNSTILE = form_of(challenge="turnstile", challenge_site_key="site", challenge_secret="secret")


def outcome(app: Flask, incoming: ParsedSubmission | None = None, form: PublishedForm = TURNSTILE) -> Any:
    """None, the reason for spam, or what is said of the token."""
    with app.app_context():
        try:
            return check_token(form, incoming or sent(cf_turnstile_response="token"))
        except ValidationError as error:
            return {field: [fault.code for fault in faults] for field, faults in error.field_errors.items()}


REFUSED = {"cf-turnstile-response": ["challenge"]}


def test_a_form_without_one_asks_nobody(asking: Flask, provider: Provider) -> None:
    assert outcome(asking, form=form_of()) is None
    assert provider.asked == []


@pytest.mark.parametrize("kind", WITH_PROVIDER_KEYS)
def test_each_provider_is_asked_in_one_way(asking: Flask, provider: Provider, kind: str) -> None:
    form = form_of(challenge=kind, challenge_site_key="site", challenge_secret="secret")
    field = CAPTCHAS[kind].token_field
    assert outcome(asking, sent(**{field: " token "}), form) is None
    assert provider.asked == [{"secret": ["secret"], "response": ["token"], "remoteip": [CLIENT]}]
    provider.answer = says({"success": False, "error-codes": ["invalid-input-response"]})
    assert outcome(asking, sent(**{field: "token"}), form) == {field: ["challenge"]}


@pytest.mark.parametrize("incoming", [sent(), sent(cf_turnstile_response=" "), sent(h_captcha_response="token")])
def test_a_missing_token_is_named_and_nobody_is_asked(
    asking: Flask, provider: Provider, incoming: ParsedSubmission
) -> None:
    assert outcome(asking, incoming) == {"cf-turnstile-response": ["required"]}
    assert outcome(asking, sent(cf_turnstile_response="x" * 9000)) == REFUSED
    assert provider.asked == []


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (says({"success": True}), None),
        (says({"success": True, "score": 0.9, "action": "submit"}), None),
        (says({"success": True, "score": 0.1, "action": "submit"}), REFUSED),
        (says({"success": True, "score": 0.1}), None),
        (says({"success": True, "score": float("nan"), "action": "submit"}), REFUSED),
        (says({"success": False}), REFUSED),
        (says({"success": False, "error-codes": []}), REFUSED),
        (says({"success": False, "error-codes": ["timeout-or-duplicate"]}), REFUSED),
        (says({"success": False, "error-codes": "invalid-input-response"}), REFUSED),
        (says({"success": False, "error-codes": ["invalid-input-secret"]}), UNAVAILABLE),
        (says({"success": False, "error-codes": ["internal-error", 5]}), UNAVAILABLE),
        (says({"success": True}, 500), UNAVAILABLE),
        (says({"success": True}, 404), UNAVAILABLE),
        (says({"success": True}, 302, Location="/elsewhere"), UNAVAILABLE),
        (says({"success": True}, 307, Location="/elsewhere"), UNAVAILABLE),
        (says({"success": "true"}), UNAVAILABLE),
        (says({"success": 1}), UNAVAILABLE),
        (says({}), UNAVAILABLE),
        (says([]), UNAVAILABLE),
        (says(b"<html>We are away"), UNAVAILABLE),
        (says(b""), UNAVAILABLE),
        (says(b"\xff\xfe"), UNAVAILABLE),
        (says(b"[" * 50_000), UNAVAILABLE),
        (says(b'{"success": true}' + b" " * 100_000), None),
        (lambda handler: handler.wfile.write(b"not even HTTP\r\n\r\n"), UNAVAILABLE),
        (lambda handler: handler.connection.close(), UNAVAILABLE),
    ],
)
def test_yes_no_and_whatever_else(asking: Flask, provider: Provider, answer: Answer, found: Any) -> None:
    provider.answer = answer
    assert outcome(asking) == found
    assert provider.paths == ["/verify"], "no redirect is followed"


@pytest.mark.parametrize("answer", [hangs, drips])
def test_a_provider_is_waited_for_no_longer_than_the_deadline(
    asking: Flask, provider: Provider, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert captcha_providers.TIMEOUT == 3.0
    monkeypatch.setattr(captcha_providers, "TIMEOUT", 0.3)
    provider.answer = answer
    assert outcome(asking) == UNAVAILABLE
    assert not provider.has_ended, "it was waited for to the end"
    provider.may_end.set()


def test_nobody_at_the_address_is_away_too(make_app: MakeApp) -> None:
    assert outcome(make_app(TURNSTILE_VERIFY_URL=f"http://127.0.0.1:{servers.free_port()}")) == UNAVAILABLE


def test_no_connection_to_the_database_is_held_while_a_provider_is_asked(asking: Flask, provider: Provider) -> None:
    held: list[int] = []
    with asking.app_context():
        pool = db.engine.pool
        provider.during = lambda: held.append(pool.checkedout())  # type: ignore[attr-defined]
        db.session.execute(text("SELECT 1"))
        assert pool.checkedout() == 1
        check_token(TURNSTILE, sent(cf_turnstile_response="token"))
    assert held == [0]


def test_neither_secret_nor_token_is_logged(
    asking: Flask, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.answer = says({"success": False, "error-codes": ["invalid-input-secret"]})
    form = form_of(challenge="turnstile", challenge_secret="the-secret")
    assert outcome(asking, sent(cf_turnstile_response="the-token"), form) == UNAVAILABLE
    said = " ".join(str(record.__dict__) for record in caplog.records)
    assert "invalid-input-secret" in said
    assert "the-secret" not in said
    assert "the-token" not in said


PUZZLE = form_of(challenge="altcha")


@pytest.fixture
def easy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Puzzles that take no time."""
    monkeypatch.setattr(altcha_challenges, "COST", 1)


def solved(app: Flask, form_id: str = PUZZLE.id) -> str:
    """A solution as the widget sends it."""
    with app.app_context():
        challenge = altcha.Challenge.from_dict(json.loads(json.dumps(altcha_challenges.create_challenge(form_id))))
    solution = altcha.solve_challenge(challenge)
    return altcha.Payload(challenge, solution).to_base64()


ALTCHA_REFUSED = {"altcha": ["challenge"]}


def test_a_solved_puzzle_passes_once_in_all_processes(easy: None, make_app_on_each_db: MakeApp) -> None:
    one, other = make_app_on_each_db(), make_app_on_each_db()
    with one.app_context():
        secret = one.config["SETTINGS"].secret_key
    assert other.config["SETTINGS"].secret_key == secret
    token = solved(one)
    assert outcome(one, sent(altcha=token), PUZZLE) is None
    assert outcome(one, sent(altcha=token), PUZZLE) == ALTCHA_REFUSED
    assert outcome(other, sent(altcha=token), PUZZLE) == ALTCHA_REFUSED
    assert outcome(other, sent(altcha=solved(one)), PUZZLE) is None


def test_another_solution_of_a_spent_puzzle_is_none(easy: None, service: Flask) -> None:
    with service.app_context():
        challenge = altcha.Challenge.from_dict(altcha_challenges.create_challenge(PUZZLE.id))
    first = altcha.solve_challenge(challenge)
    second = altcha.solve_challenge(challenge, counter_start=first.counter + 1)
    tokens = [altcha.Payload(challenge, solution).to_base64() for solution in (first, second)]
    assert [outcome(service, sent(altcha=token), PUZZLE) for token in tokens] == [None, ALTCHA_REFUSED]


def test_a_puzzle_is_for_one_form_and_of_one_service(easy: None, make_app: MakeApp) -> None:
    app, foreign = make_app(), make_app(SECRET_KEY="another key of 32 characters or more")
    assert outcome(app, sent(altcha=solved(app, "QrStUvWxYzAbCdEf")), PUZZLE) == ALTCHA_REFUSED
    assert outcome(app, sent(altcha=solved(foreign)), PUZZLE) == ALTCHA_REFUSED


def test_a_puzzle_is_too_old_after_an_hour_and_forgotten(
    easy: None, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, token = solved(app), solved(app)
    assert outcome(app, sent(altcha=kept), PUZZLE) is None
    clock = time.time
    monkeypatch.setattr(time, "time", lambda: clock() + altcha_challenges.CHALLENGE_TTL + 2)
    assert outcome(app, sent(altcha=token), PUZZLE) == ALTCHA_REFUSED
    later = altcha_challenges.now() + altcha_challenges.timedelta(seconds=altcha_challenges.CHALLENGE_TTL + 2)
    with app.app_context():
        count = select(func.count()).select_from(SpentChallenge)
        altcha_challenges.delete_expired()
        assert db.session.scalar(count) == 1
        monkeypatch.setattr(altcha_challenges, "now", lambda: later)
        altcha_challenges.delete_expired()
        assert db.session.scalar(count) == 0


def tampered(app: Flask, **changes: Any) -> str:
    payload = altcha.Payload.from_base64(solved(app)).to_dict()
    for path, value in changes.items():
        inner, _, name = path.rpartition("__")
        part = payload
        for step in inner.split("__"):
            part = part[step]
        part[name] = value
    return encoded(payload)


def encoded(payload: Any) -> str:
    return base64.b64encode(json.dumps(payload).encode()).decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"challenge__parameters__cost": 0},
        {"challenge__parameters__keyPrefix": ""},
        {"challenge__parameters__expiresAt": 2**40},
        {"challenge__parameters__data": {"form": "other"}},
        {"challenge__signature": "0" * 64},
        {"challenge__signature": None},
        {"solution__counter": 2**31},
        {"solution__counter": -1},
        {"solution__counter": "1"},
        {"solution__derivedKey": "00" * 32},
        {"solution__derivedKey": None},
    ],
)
def test_a_changed_solution_is_none(easy: None, service: Flask, changes: dict[str, Any]) -> None:
    assert outcome(service, sent(altcha=tampered(service, **changes)), PUZZLE) == ALTCHA_REFUSED


@pytest.mark.parametrize(
    "token",
    ["x", "====", "e30=", "W10=", "bnVsbA==", encoded({"challenge": 1, "solution": {}}), "A" * 9000, "ü", "MQ=="],
)
def test_junk_is_no_solution(service: Flask, token: str) -> None:
    assert outcome(service, sent(altcha=token), PUZZLE) == ALTCHA_REFUSED
    assert outcome(service, sent(), PUZZLE) == {"altcha": ["required"]}

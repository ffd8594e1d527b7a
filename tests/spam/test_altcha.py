"""ALTCHA: a solved challenge passes once, for one form and for an hour."""

import base64
import json
import time
from typing import Any

import altcha
import pytest
from flask import Flask
from sqlalchemy import func, select

from forms_service.extensions import db
from forms_service.spam import altcha_challenges
from forms_service.spam.models import SpentChallenge
from tests.conftest import MakeApp
from tests.support import puzzles
from tests.support.captcha_provider import outcome, submission_with
from tests.support.definitions import form_of

PUZZLE = form_of(challenge="altcha")


def solved(app: Flask, form_id: str = PUZZLE.id) -> str:
    """A solution for `PUZZLE`."""
    return puzzles.solved(app, form_id)


ALTCHA_REFUSED = {"altcha": ["challenge"]}


def test_a_solved_puzzle_passes_once_in_all_processes(easy: None, make_app_on_each_db: MakeApp) -> None:
    one, other = make_app_on_each_db(), make_app_on_each_db()
    with one.app_context():
        secret = one.config["SETTINGS"].secret_key
    assert other.config["SETTINGS"].secret_key == secret
    token = solved(one)
    assert outcome(one, submission_with(altcha=token), PUZZLE) is None
    assert outcome(one, submission_with(altcha=token), PUZZLE) == ALTCHA_REFUSED
    assert outcome(other, submission_with(altcha=token), PUZZLE) == ALTCHA_REFUSED
    assert outcome(other, submission_with(altcha=solved(one)), PUZZLE) is None


def test_another_solution_of_a_spent_puzzle_is_none(easy: None, service: Flask) -> None:
    with service.app_context():
        challenge = altcha.Challenge.from_dict(altcha_challenges.create_challenge(PUZZLE.id))
    first = altcha.solve_challenge(challenge)
    second = altcha.solve_challenge(challenge, counter_start=first.counter + 1)
    tokens = [altcha.Payload(challenge, solution).to_base64() for solution in (first, second)]
    assert [outcome(service, submission_with(altcha=token), PUZZLE) for token in tokens] == [None, ALTCHA_REFUSED]


def test_a_puzzle_is_for_one_form_and_of_one_service(easy: None, make_app: MakeApp) -> None:
    app, foreign = make_app(), make_app(SECRET_KEY="another key of 32 characters or more")
    assert outcome(app, submission_with(altcha=solved(app, "QrStUvWxYzAbCdEf")), PUZZLE) == ALTCHA_REFUSED
    assert outcome(app, submission_with(altcha=solved(foreign)), PUZZLE) == ALTCHA_REFUSED


def test_a_puzzle_is_too_old_after_an_hour_and_forgotten(
    easy: None, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent, token = solved(app), solved(app)
    assert outcome(app, submission_with(altcha=spent), PUZZLE) is None
    clock = time.time
    monkeypatch.setattr(time, "time", lambda: clock() + altcha_challenges.CHALLENGE_TTL + 2)
    assert outcome(app, submission_with(altcha=token), PUZZLE) == ALTCHA_REFUSED
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
    assert outcome(service, submission_with(altcha=tampered(service, **changes)), PUZZLE) == ALTCHA_REFUSED


@pytest.mark.parametrize(
    "token",
    ["x", "====", "e30=", "W10=", "bnVsbA==", encoded({"challenge": 1, "solution": {}}), "A" * 9000, "ü", "MQ=="],
)
def test_junk_is_no_solution(service: Flask, token: str) -> None:
    assert outcome(service, submission_with(altcha=token), PUZZLE) == ALTCHA_REFUSED
    assert outcome(service, submission_with(), PUZZLE) == {"altcha": ["required"]}

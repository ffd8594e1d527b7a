"""Solutions of ALTCHA puzzles."""

import json

import altcha
import pytest
from flask import Flask

from forms_service.spam import altcha_challenges


@pytest.fixture
def easy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Puzzles that take no time."""
    monkeypatch.setattr(altcha_challenges, "COST", 1)


def solved(app: Flask, form_id: str) -> str:
    """A solution as the widget sends it."""
    with app.app_context():
        challenge = altcha.Challenge.from_dict(json.loads(json.dumps(altcha_challenges.create_challenge(form_id))))
    solution = altcha.solve_challenge(challenge)
    return altcha.Payload(challenge, solution).to_base64()

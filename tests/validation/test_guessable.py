"""Password strength."""

import random
import string
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forms_service.validation.password_strength import MIN_BITS, estimate_bits
from tests.conftest import MakeApp
from tests.support.accounts import PASSWORD, Member, login, mails, token_in

EVERYDAY = """
Password123! P@ssw0rd1 Summer2024! Welcome1! Qwertz123! Football2023! Monday01! Iloveyou1! Ｐ@ssw0rd Passw0rd!
Qwerty123! Admin123! Letmein1! Dragon2024! Liverpool1! Azerty123! Passwort1! Motdepasse1! Contraseña1!
Pass@word1 Sommer2024! Hallo123! Schatz1!x Bonjour1! Parola123! Wachtwoord1! Senha123! Hasło123! Lösenord1! Salasana1!
11111111aA! Heslo123! Пароль123! 1qaz@WSX Zaq12wsx! Abcd1234! Aa123456! Changeme1! Oktober2023! Januar2024! Winter2025#
Spring#2024 Test1234! Йцукен123! Drowssap1! P4$$w0rd! W3lc0me!1 $ummer2024A MyPassword1! Qwertyuiop1! 1q2w3e4R!
Qaywsx12! Yxcvbnm1! Abc12345! Michael1! Thomas1985! Berlin2024! Juventus1! Fussball10! Weihnachten2023! Pássw0rd!
PASSWORD-a1 !!Password11
"""

GOOD = ["SecurePass123!", PASSWORD, "Battery-staple-8", "Xylophone-77", "Kx7#pQ2m", "Ärger im 3. Stock", "Aa1!aaaa"]


@pytest.mark.parametrize("password", EVERYDAY.split())
def test_common_passwords_are_guessable(password: str) -> None:
    assert estimate_bits(password) < MIN_BITS


@pytest.mark.parametrize("password", GOOD)
def test_strong_passwords_are_accepted(shared_client: FlaskClient, ann: dict[str, Any], password: str) -> None:
    response = shared_client.post("/api/signup", json=ann | {"email": "bo@other.example", "password": password})
    assert response.status_code == 201, response.text


@pytest.mark.slow
def test_random_passwords_and_passphrases_are_never_refused() -> None:
    chance = random.Random(1)
    signs = string.ascii_letters + string.digits + "!@#$%^&*-_"
    assert all(estimate_bits("".join(chance.choices(signs, k=12))) >= MIN_BITS for _ in range(2000))
    words = ("abandon", "ability", "cover", "danger", "eager", "fabric", "galaxy", "jacket", "kangaroo", "love")
    assert all(estimate_bits(f"{' '.join(chance.choices(words, k=4)).title()} 7") >= MIN_BITS for _ in range(500))


def test_long_passwords_are_estimated_in_linear_time() -> None:
    assert estimate_bits("a1!|" * 32) > MIN_BITS
    assert estimate_bits("Xk9#" * 32) > MIN_BITS


OWN = {"email": "zoe.quimby@wexford-mills.example", "first_name": "Zoé", "last_name": "Quimby"}


@pytest.mark.parametrize(
    "password",
    [
        "Quimby-horse-stapler-7",
        "horse-Zoe-stapler-7",
        "Horse-7-zoe.quimby-staple",
        "Horse-7-Wexford-Mills",
        "Xk-wexfordmills-77-A",
        "Qu1mby-horse-staple",
        "Acme-Widgets-horse-7",
        "horse-4cmewidgets-Q7",
    ],
)
def test_passwords_must_not_contain_context_words(make_app: MakeApp, password: str) -> None:
    client = make_app(APP_NAME="Acme Widgets").test_client()
    person = OWN | {"password": password}
    response = client.post("/api/signup", json=person)
    assert (response.status_code, response.json["codes"]) == (422, {"password": ["too_personal"]})
    assert password not in response.text
    other = {"email": "ann@site.example", "first_name": "Ann", "last_name": "Tester", "password": PASSWORD}
    assert client.post("/api/signup", json=other).status_code == 201


def test_every_password_field_applies_the_same_rules(app: Flask) -> None:
    ann = Member(app)
    client = ann.client
    pending = Member(app, "bob@example.com", status="pending")
    weak = {"Summer2024!": "too_common", "Example-horse-77": "too_personal"}
    for email in (ann.email, pending.email):
        client.post("/api/password/forgot", json={"email": email})
    client.post("/api/signup/resend", json={"email": pending.email})
    resets = [token_in(mail) for mail in mails(app, "reset")]
    confirm = token_in(mails(app, "confirm")[0])
    for password, code in weak.items():
        responses = [
            client.post("/api/password/reset", json={"token": token, "password": password}) for token in resets
        ]
        body = {"token": confirm, "password": password, "replace": True}
        responses.append(client.post("/api/signup/confirm", json=body))
        assert [response.json["codes"] for response in responses] == [{"password": [code]}] * 3
        changed = ann.call("POST", "/api/me/password", password=PASSWORD, new_password=password)
        assert changed.json["codes"] == {"new_password": [code]}
    assert login(client, ann.email).status_code == 200

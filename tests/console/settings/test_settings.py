"""The page of a form's settings: what it shows, saves and refuses."""

import html
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from forms_service.accounts.models import Account
from forms_service.console.settings import conversion
from forms_service.console.settings.schemas import entries_of
from forms_service.database.transactions import write_session
from forms_service.errors import FieldError
from forms_service.extensions import db
from tests.support.console import Visitor

CONTROL = re.compile(r'<(?:input|textarea|select)[^>]* name="([a-z_.]+)"')
EVERYTHING = {
    "name": "Registration",
    "opens_at": "2027-03-01T09:00",
    "closes_at": "2027-07-01T20:30",
    "closed_text": "See you\r\nnext year.",
    "max_submissions": "250",
    "thanks.title": "Merci",
    "thanks.text": "One\r\n\r\ntwo <b>",
    "thanks.button_url": "https://www.example.com/next",
    "redirect_urls": "https://shop.example/a\r\n\r\n  https://shop.example/b  \r\n",
    "allowed_origins": "https://www.example.com\r\nhttps://*.example.com",
    "theme.color": "#FFCC00",
    "theme.logo_url": "https://cdn.example/logo.svg",
    "challenge": "turnstile",
    "challenge_site_key": "site-key",
    "challenge_secret": "the-secret-key",
    "blocklist.words": "casino\r\nbuy now",
    "blocklist.addresses": "@spam.example",
    "blocklist.networks": "192.0.2.7/24",
    "honeypot": "fax",
    "retention_days": "90",
    "unknown_fields": "drop",
    "store_ip": "none",
}


@pytest.fixture
def path(form: str) -> str:
    return f"/console/forms/{form}/settings"


@pytest.fixture
def save(signed_in: Visitor, path: str) -> Any:
    """Send the page's controls as they are, but for some."""

    def send(**changes: str) -> Any:
        page = signed_in.get(path).text
        names = set(CONTROL.findall(page)) - {"closed", "forget_secret"}
        values = {name: value_of(page, name) for name in names}
        return signed_in.post(path, {**values, **changes})

    return send


@pytest.fixture
def settings(client_on_each_db: FlaskClient, form: str, owner: dict[str, str]) -> Any:
    """The form as the API returns it."""
    return lambda: client_on_each_db.get(f"/api/forms/{form}", headers=owner).json["data"]


def value_of(page: str, name: str) -> str:
    """The value that a control of a page sends."""
    escaped = re.escape(name)
    area = re.search(rf'<textarea id="{escaped}"[^>]*>\n(.*?)</textarea>', page, re.S)
    select = re.search(rf'<select id="{escaped}".*?<option value="([^"]*)" selected', page, re.S)
    text = re.search(rf'<input[^>]* name="{escaped}"[^>]*? value="([^"]*)"', page)
    match = area or select or text
    return html.unescape(match[1]) if match else ""


def test_everything_is_saved_and_shown_again(save: Any, signed_in: Visitor, path: str, settings: Any) -> None:
    answer = save(**EVERYTHING)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{path}?done=saved")
    form = settings()
    assert form["name"] == "Registration"
    assert form["settings"] == {
        "allowed_origins": ["https://www.example.com", "https://*.example.com"],
        "closed": False,
        "languages": {},
        "redirect_urls": ["https://shop.example/a", "https://shop.example/b"],
        "unknown_fields": "drop",
        "opens_at": "2027-03-01T09:00:00Z",
        "closes_at": "2027-07-01T20:30:00Z",
        "max_submissions": 250,
        "closed_text": "See you\nnext year.",
        "store_ip": "none",
        "retention_days": 90,
        "honeypot": "fax",
        "thanks": {"title": "Merci", "text": "One\n\ntwo <b>", "button_url": "https://www.example.com/next"},
        "theme": {"color": "#ffcc00", "logo_url": "https://cdn.example/logo.svg"},
        "challenge": "turnstile",
        "challenge_site_key": "site-key",
        "blocklist": {"words": ["casino", "buy now"], "addresses": ["@spam.example"], "networks": ["192.0.2.0/24"]},
        "subject": None,
        "reply": None,
        "double_opt_in": False,
    }
    assert save().status_code == 303
    assert settings()["settings"] == form["settings"]
    assert "the-secret-key" not in signed_in.get(path).text


def test_empty_controls_restore_the_defaults(save: Any, settings: Any) -> None:
    before = settings()["settings"]
    save(**EVERYTHING)
    choices = {"name", "challenge", "unknown_fields", "store_ip"}
    empty = {name: "" for name in EVERYTHING if name not in choices}
    assert (
        save(**empty, challenge="none", unknown_fields="keep", store_ip="truncated", forget_secret="true").status_code
        == 303
    )
    after = settings()["settings"]
    assert {name: after[name] for name in before if before[name]} == {
        name: before[name] for name in before if before[name]
    }
    assert after["thanks"] == {"title": None, "text": None, "button_url": None}
    assert after["opens_at"] is after["retention_days"] is after["honeypot"] is None
    assert after["blocklist"] == {"words": [], "addresses": [], "networks": []}


def test_times_are_those_of_the_accounts_zone(
    app_on_each_db: Flask, save: Any, signed_in: Visitor, path: str, settings: Any
) -> None:
    with app_on_each_db.app_context(), write_session():
        db.session.execute(update(Account).values(timezone="America/New_York"))
        db.session.commit()
    save(opens_at="2027-01-15T09:00", closes_at="2027-07-15T09:00")
    saved = settings()["settings"]
    assert (saved["opens_at"], saved["closes_at"]) == ("2027-01-15T14:00:00Z", "2027-07-15T13:00:00Z")
    page = signed_in.get(path).text
    assert value_of(page, "opens_at") == "2027-01-15T09:00"
    assert "In your time zone, America/New_York." in page


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Kiritimati"])
def test_times_at_the_ends_of_the_calendar_are_shown_and_kept_in_every_zone(
    app_on_each_db: Flask, save: Any, signed_in: Visitor, path: str, settings: Any, zone: str
) -> None:
    save(opens_at="0001-01-01T00:00", closes_at="9999-12-31T23:59:59")
    with app_on_each_db.app_context(), write_session():
        db.session.execute(update(Account).values(timezone=zone))
        db.session.commit()
    page = signed_in.get(path).text
    assert value_of(page, "opens_at")[:5] == "0001-"
    assert value_of(page, "closes_at")[:5] == "9999-"
    ends = "since=0001-01-01T00:00:00Z", "until=9999-12-31T23:59:59Z"
    pages = [signed_in.get(f"{path.removesuffix('/settings')}?{end}").status_code for end in ends]
    assert pages == [200, 200]


@pytest.mark.parametrize(
    ("control", "text", "sentence"),
    [
        ("name", " ", "Must not be empty."),
        ("closes_at", "2026-01-01T00:00", "The form would close before it opens. Choose a later time."),
        ("opens_at", "tomorrow", "Must be a date and time"),
        ("max_submissions", "many", "Must be a whole number from 1 to"),
        ("max_submissions", "0", "Must be a whole number from 1 to"),
        ("retention_days", "-3", "Must be a whole number from 1 to"),
        ("retention_days", "9" * 30, "Must be a whole number from 1 to"),
        ("theme.color", "red", "Must be a colour such as #1d4f91."),
        ("theme.logo_url", "http://cdn.example/x", "Must begin with https://."),
        ("thanks.button_url", "javascript:alert(1)", "Must be a full URL"),
        ("allowed_origins", "https://a.example\n\nhttps://b.example/<i>", "“https://b.example/&lt;i&gt;”: Must be"),
        ("blocklist.networks", "192.0.2.0/24\nhere", "“here”: Must be an IP address"),
        ("challenge", "riddle", "Must be one of"),
        ("challenge", "hcaptcha", "Required for hcaptcha."),
        ("honeypot", "_next", "This name is reserved."),
    ],
)
def test_a_fault_stands_beside_its_control_and_nothing_typed_is_lost(
    save: Any, settings: Any, control: str, text: str, sentence: str
) -> None:
    before = settings()
    answer = save(**{"opens_at": "2027-01-01T00:00", "closed_text": "My long text", control: text})
    assert answer.status_code == 422
    shown = {"hcaptcha": "challenge_secret"}.get(text, control)
    fault = re.search(rf'<p class="wrong" id="{re.escape(shown)}-wrong">([^<]*)</p>', answer.text)
    assert fault
    assert fault[1].startswith(sentence)
    assert f'<li><a href="#{shown}">' in answer.text
    assert value_of(answer.text, "closed_text") == "My long text"
    if control != "challenge":
        assert value_of(answer.text, control) == text
    assert settings() == before


def test_a_secret_is_kept_until_it_is_replaced_or_forgotten(save: Any, signed_in: Visitor, path: str) -> None:
    save(**EVERYTHING)
    page = signed_in.get(path).text
    assert "A secret key is stored." in page
    refused = save(challenge_secret="another-secret", honeypot="_next")
    assert "another-secret" not in refused.text
    assert save(forget_secret="true").status_code == 422  # the CAPTCHA needs it
    assert save(challenge="none", forget_secret="true").status_code == 303
    assert "A secret key is stored." not in signed_in.get(path).text
    assert save(challenge="hcaptcha").status_code == 422


def test_closing_and_opening_take_effect_at_once(save: Any, signed_in: Visitor, form: str, settings: Any) -> None:
    save(closed="true", closed_text="Gone fishing.")
    assert "Gone fishing." in signed_in.get(f"/f/{form}").text
    assert save(closed="true").status_code == 303
    assert settings()["settings"]["closed"] is True
    save()
    assert settings()["settings"]["closed"] is False
    assert signed_in.get(f"/f/{form}").status_code == 200


def test_settings_of_other_pages_stay(
    client_on_each_db: FlaskClient, save: Any, settings: Any, form: str, owner: dict[str, str]
) -> None:
    patch = {"subject": "New: {form}", "reply": {"subject": "Hi", "text": "Thanks"}}
    client_on_each_db.patch(f"/api/forms/{form}", json={"settings": patch}, headers=owner)
    assert save(honeypot="fax").status_code == 303
    after = settings()["settings"]
    assert (after["subject"], after["reply"]["text"], after["honeypot"]) == ("New: {form}", "Thanks", "fax")


def test_unknown_controls_are_refused(save: Any) -> None:
    assert save(subject="x").status_code == 422


def test_a_list_is_split_once_however_many_of_its_lines_are_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = {"blocklist.words": "\n".join(["x" * 300] * 1000)}
    errors = {f"settings.blocklist.words.{number}": [FieldError("Too long.", "too_long")] for number in range(1000)}
    splits: list[str] = []

    def split(text: str) -> list[str]:
        splits.append(text)
        return entries_of(text)

    monkeypatch.setattr(conversion, "entries_of", split)
    assert len(conversion.by_control(errors, typed)["blocklist.words"]) == 1000
    assert splits.count(typed["blocklist.words"]) == 1

"""The audit trail in words."""

import pytest
from flask import Flask

from forms_service.console.account.event_words import WORDS, describe
from tests.support.accounts import PASSWORD, Member
from tests.support.console import Visitor
from tests.support.event_names import recorded
from tests.support.stored import submit

PAGE = "/console/events"


def test_every_event_that_the_code_records_has_words() -> None:
    names = recorded()
    assert names.unclear == set()
    assert names.known - set(WORDS) == set()
    assert set(WORDS) - names.known == set()
    assert {"signed_in", "erased", "person_erased", "keys_rotated", "account_role_changed"} <= names.known


@pytest.mark.parametrize(
    ("name", "details", "text"),
    [
        ("submissions_erased", {"form_id": "x", "submissions": 3}, "Deleted submissions: 3"),
        ("profile_changed", {"fields": ["first_name", "timezone"]}, "Changed the profile: first name, time zone"),
        ("session_ended", {"session": "x"}, "Ended a session"),
        (
            "session_ended",
            {"session": "x", "why": "reuse"},
            "A session was ended, since its refresh token was used twice",
        ),
        ("account_created", {"role": "owner"}, "The operator created the account: role owner"),
        ("renamed_long_ago", {}, "renamed_long_ago"),
    ],
)
def test_details_are_said_in_words(name: str, details: dict[str, object], text: str) -> None:
    assert describe(name, details) == text


def test_lists_what_happened_with_names(app_on_each_db: Flask, form: str, signed_in: Visitor) -> None:
    submission = submit(app_on_each_db, form)
    signed_in.press(f"/console/submissions/{submission}", "delete")
    signed_in.send("/console/keys", name="my site", scopes="forms:read", password=PASSWORD)
    text = signed_in.get(PAGE).text
    assert f'Deleted submissions: 1 – <a dir="auto" href="/console/forms/{form}">Contact</a>' in text
    assert 'Made an API key – <span dir="auto">my site</span>' in text
    assert text.index("Made an API key") < text.index("Deleted submissions") < text.index("Signed in")
    assert "from 127.0.0.1" in text


def test_is_paged(app_on_each_db: Flask) -> None:
    ann, visitor = Member(app_on_each_db), Visitor(app_on_each_db)
    visitor.sign_in(ann.email)
    for _ in range(30):
        ann.call("GET", "/api/me/export")
    first = visitor.get(PAGE).text
    assert first.count("Exported everything held on the account") == 25
    older = first.partition("?cursor=")[2].partition('"')[0]
    last = visitor.get(f"{PAGE}?cursor={older}").text
    assert last.count("Exported everything held on the account") == 5
    assert "Older events" not in last


def test_is_ones_own(app_on_each_db: Flask, signed_in: Visitor) -> None:
    ben = Member(app_on_each_db, "ben@example.com")
    ben.call("GET", "/api/me/export")
    assert "Exported" not in signed_in.get(PAGE).text

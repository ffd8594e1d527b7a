"""The page of a form's members."""

import re

import pytest
from flask import Flask

from tests.support.accounts import Member as Person
from tests.support.console import Visitor
from tests.support.members import ADDRESSES, EVA, MAX, OLGA, PAT, SAM, VERA, Team, everybody, role_on, shared_form


@pytest.fixture
def people(app_on_each_db: Flask) -> dict[str, Person]:
    return everybody(app_on_each_db)


@pytest.fixture
def team(app_on_each_db: Flask, people: dict[str, Person]) -> Team:
    return Team(app_on_each_db, people["owner"], shared_form(app_on_each_db))


class Page:
    """The page of the form's members, as somebody sees it."""

    def __init__(self, team: Team, role: str) -> None:
        self.visitor, self.team = Visitor(team.app), team
        self.path = f"/console/forms/{team.form_id}/members"
        assert self.visitor.sign_in(ADDRESSES[role]).status_code == 303

    @property
    def text(self) -> str:
        answer = self.visitor.get(self.path)
        assert answer.status_code == 200
        return answer.text

    def send(self, path: str, status: int = 303, **fields: str) -> str:
        """Send one of its forms; the notice of the page after it, or the page with what is wrong."""
        answer = self.visitor.post(path, {"csrf_token": self.visitor.token(self.path), **fields})
        assert answer.status_code == status, answer.text
        if status != 303:
            return answer.text
        page = self.visitor.get(answer.headers["Location"])
        match = re.search(r'class="notice" role="status">([^<]*)', page.text)
        assert match, page.text
        return match[1]

    def on(self, email: str, **fields: str) -> str:
        return self.send(f"{self.path}/{self.team.id_of(email)}", **fields)


def test_the_owner_invites_changes_roles_and_removes(team: Team) -> None:
    page = Page(team, "owner")
    assert "Invited" in page.send(page.path, email="carol@example.com", role="editor")
    assert "carol@example.com" in page.text
    assert page.on(VERA, action="role", role="editor") == "Saved."
    assert page.on(EVA, action="remove") == "Removed."
    assert team.roles() == {
        VERA: ("editor", "active"),
        MAX: ("manager", "active"),
        PAT: ("manager", "pending"),
        "carol@example.com": ("editor", "pending"),
    }


def test_every_button_of_the_page_works(team: Team) -> None:
    page = Page(team, "owner")
    actions = set(re.findall(r'method="post" action="([^"]+)"', page.text))
    assert actions == {
        "/console/sign-out",
        page.path,
        f"/console/forms/{team.form_id}/transfer",
        *(f"{page.path}/{team.id_of(email)}" for email in (VERA, EVA, MAX, PAT)),
    }
    assert page.text.count("Mail again") == 1
    assert "Invited" in page.send(page.path, email=PAT, role="manager")


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(team: Team) -> None:
    page = Page(team, "manager")
    text = page.send(page.path, 422, email="no address", role="editor")
    assert 'id="email-wrong"' in text
    assert 'value="no address"' in text
    assert '<option value="editor" selected>' in text
    text = page.send(page.path, 409, email=VERA, role="editor")
    assert "a member of the form" in text


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_others_see_who_is_on_the_form_and_no_button_but_to_leave(team: Team, role: str) -> None:
    page = Page(team, role)
    for email in (OLGA, MAX, EVA, VERA):
        assert email in page.text
    assert PAT not in page.text
    actions = re.findall(r'method="post" action="([^"]+)"', page.text)
    assert actions == ["/console/sign-out", f"/console/forms/{team.form_id}/leave"]
    assert page.send(f"/console/forms/{team.form_id}/leave") == "You have left the form."
    assert ADDRESSES[role] not in team.roles()
    assert page.visitor.get(page.path).status_code == 404


def test_a_manager_cannot_hand_over_and_is_offered_no_way(team: Team) -> None:
    page = Page(team, "manager")
    assert "Hand this form over" not in page.text
    page.send(f"/console/forms/{team.form_id}/transfer", 403, new_owner=MAX)
    assert "Leave this form" in page.text


def test_the_owner_hands_over_by_typing_the_address(team: Team, people: dict[str, Person]) -> None:
    page = Page(team, "owner")
    assert "Leave this form" not in page.text
    path = f"/console/forms/{team.form_id}/transfer"
    for email, word in (
        (SAM, "Only an active member"),
        (VERA, "cannot have forms"),
        (OLGA, "owns the form already"),
        ("", "field"),
    ):
        text = page.send(path, 422, new_owner=email)
        assert 'id="new_owner-wrong"' in text, email
        assert word in text or not email
        assert '<details class="confirm" open>' in text
        assert 'id="email-wrong"' not in text
    assert "new owner" in page.send(path, new_owner=MAX)
    assert role_on(people["manager"], team.form_id) == "owner"
    assert "Leave this form" in page.text


def test_names_of_people_are_text(team: Team, people: dict[str, Person]) -> None:
    people["viewer"].call("PATCH", "/api/me", first_name="محمد <b>", last_name="{{7*7}}")
    text = Page(team, "owner").text
    assert "{{7*7}}" in text
    assert "<b>" not in text

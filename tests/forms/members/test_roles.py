"""Roles and what they allow: inviting, changing roles, removing, leaving."""

import pytest
from flask import Flask

from tests.support import members
from tests.support.accounts import PASSWORD, bearer
from tests.support.accounts import Member as Person
from tests.support.members import (
    ADDRESSES,
    EVA,
    MAX,
    OLGA,
    PAT,
    SAM,
    VERA,
    Team,
    add_member,
    role_on,
    shared_form,
)
from tests.support.stored import make_form

people, team = members.people, members.team


def test_managers_invite_change_roles_and_remove(team: Team, people: dict[str, Person]) -> None:
    manager = people["manager"]
    assert team.invite("carol@example.com", "manager", by=manager).status_code == 201
    changed = manager.call("PATCH", f"/api/members/{team.id_of(EVA)}", role="viewer")
    assert (changed.status_code, changed.json["data"]["role"]) == (200, "viewer")
    assert role_on(people["editor"], team.form_id) == "viewer"
    assert manager.call("DELETE", f"/api/members/{team.id_of(VERA)}").status_code == 200
    assert role_on(people["viewer"], team.form_id) is None
    assert team.roles(manager) == {
        MAX: ("manager", "active"),
        EVA: ("viewer", "active"),
        PAT: ("manager", "pending"),
        "carol@example.com": ("manager", "pending"),
    }


@pytest.mark.parametrize("role", ["editor", "viewer"])
def test_others_see_who_is_on_the_form_and_change_nobody(team: Team, people: dict[str, Person], role: str) -> None:
    person = people[role]
    answer = person.call("GET", team.path)
    assert [member["email"] for member in answer.json["data"]] == [VERA, EVA, MAX], "no invitations"
    assert answer.json["meta"]["owner"] == {"email": OLGA, "name": "Ann Example", "is_you": False}
    assert [member["email"] for member in answer.json["data"] if member["is_you"]] == [ADDRESSES[role]]
    for refused in (
        team.invite("carol@example.com", by=person),
        person.call("PATCH", f"/api/members/{team.id_of(ADDRESSES[role])}", role="manager"),
        person.call("DELETE", f"/api/members/{team.id_of(MAX)}"),
    ):
        assert refused.status_code == 403
        assert refused.json["message"] == f"Your role on this form is {role}. Its managers and owner can do this."
    assert len(team.roles()) == 4


@pytest.mark.parametrize("role", ["manager", "editor", "viewer"])
def test_each_member_may_leave(team: Team, people: dict[str, Person], role: str) -> None:
    member = team.id_of(ADDRESSES[role])
    assert people[role].call("DELETE", f"/api/members/{member}").status_code == 200
    assert role_on(people[role], team.form_id) is None
    assert ADDRESSES[role] not in team.roles()
    assert people[role].call("DELETE", f"/api/members/{member}").status_code == 404


def test_a_manager_does_not_become_the_owner(team: Team, people: dict[str, Person]) -> None:
    refused = team.hand_over(MAX, by=people["manager"])
    assert refused.status_code == 403
    assert refused.json["message"] == "Your role on this form is manager. Only its owner can do this."
    assert role_on(people["owner"], team.form_id) == "owner"


def test_members_of_one_form_are_strangers_to_another(team: Team, people: dict[str, Person], app: Flask) -> None:
    from_other = Team(app, team.owner, shared_form(app))
    outsider = people["stranger"]
    add_member(app, team.form_id, outsider.email, "manager")
    assert outsider.call("PATCH", f"/api/members/{from_other.id_of(VERA)}", role="manager").status_code == 404
    assert outsider.call("DELETE", f"/api/members/{from_other.id_of(VERA)}").status_code == 404
    assert outsider.call("GET", from_other.path).status_code == 404


def test_lists_of_forms_have_own_and_shared_ones_with_the_role(
    team: Team, people: dict[str, Person], app: Flask
) -> None:
    other = Team(app, people["stranger"], make_form(app, SAM))
    add_member(app, team.form_id, other.owner.email, "editor")
    listed = other.owner.call("GET", "/api/forms").json["data"]
    assert {form["id"]: form["role"] for form in listed} == {team.form_id: "editor", other.form_id: "owner"}
    assert people["pending"].call("GET", "/api/forms").status_code == 403
    assert {form["role"] for form in people["operator"].call("GET", "/api/forms").json["data"]} == {"operator"}


def test_an_account_that_may_have_no_forms_works_on_shared_ones_and_makes_none(
    team: Team, people: dict[str, Person]
) -> None:
    editor = people["editor"]
    editor.client.post(f"/f/{team.form_id}", json={"name": "Zoë"})
    (submission,) = editor.call("GET", f"/api/forms/{team.form_id}/submissions").json["data"]
    assert editor.call("PATCH", f"/api/submissions/{submission['id']}", status="archived").status_code == 200
    assert editor.call("POST", "/api/forms", name="Mine").status_code == 403


def test_a_key_needs_to_read_submissions_to_invite(team: Team) -> None:
    def key(*scopes: str) -> dict[str, str]:
        made = team.owner.call("POST", "/api/me/keys", password=PASSWORD, name="x", scopes=list(scopes))
        return bearer(made.json["data"]["key"])

    client, member = team.owner.client, team.id_of(VERA)
    writes, both = key("forms:write"), key("forms:write", "submissions:read")
    body = {"email": "carol@example.com", "role": "viewer"}
    for headers, statuses in ((writes, (403, 403, 403)), (both, (201, 200, 200))):
        assert (
            client.post(team.path, json=body, headers=headers).status_code,
            client.patch(f"/api/members/{member}", json={"role": "editor"}, headers=headers).status_code,
            client.post(f"/api/forms/{team.form_id}/transfer", json={"email": MAX}, headers=headers).status_code,
        ) == statuses
    assert client.get(team.path, headers=both).status_code == 403
    assert client.get(team.path, headers=key("forms:read")).status_code == 200


def test_every_act_is_in_the_trail_of_who_did_it_and_of_the_form(team: Team, people: dict[str, Person]) -> None:
    manager, editor = people["manager"], people["editor"]
    editor.client.post(f"/f/{team.form_id}", json={"name": "Zoë"})
    (submission,) = editor.call("GET", f"/api/forms/{team.form_id}/submissions").json["data"]
    team.invite("carol@example.com", by=manager)
    manager.call("PATCH", f"/api/members/{team.id_of(VERA)}", role="editor")
    editor.call("DELETE", f"/api/submissions/{submission['id']}")
    editor.call("DELETE", f"/api/members/{team.id_of(EVA)}")
    own = [event["name"] for event in manager.call("GET", "/api/me/events").json["data"]]
    assert own[:2] == ["member_changed", "member_invited"]
    trail = team.owner.call("GET", f"/api/forms/{team.form_id}/events").json["data"]
    assert [(event["name"], event["email"]) for event in trail] == [
        ("member_left", EVA),
        ("submissions_erased", EVA),
        ("member_changed", MAX),
        ("member_invited", MAX),
        ("form_created", OLGA),
    ]
    assert "client" not in trail[0]
    assert "role" in trail[0]["details"]
    first = team.owner.call("GET", f"/api/forms/{team.form_id}/events?limit=2").json
    rest = team.owner.call("GET", f"/api/forms/{team.form_id}/events?cursor={first['meta']['next']}").json
    assert [*first["data"], *rest["data"]] == trail
    assert manager.call("GET", f"/api/forms/{team.form_id}/events").status_code == 403


def test_an_operator_is_not_named_in_an_owners_trail(team: Team, people: dict[str, Person]) -> None:
    people["operator"].call("PATCH", f"/api/forms/{team.form_id}", name="Renamed")
    (event, *_) = team.owner.call("GET", f"/api/forms/{team.form_id}/events").json["data"]
    assert (event["name"], event["email"]) == ("form_changed", None)


def test_members_are_listed_page_by_page(team: Team, app: Flask, people: dict[str, Person]) -> None:
    seen, cursor = [], ""
    while cursor is not None:
        answer = team.owner.call("GET", f"{team.path}?limit=1{cursor and f'&cursor={cursor}'}").json
        seen += [member["email"] for member in answer["data"]]
        cursor = answer["meta"]["next"]
    assert seen == list(team.roles()) == [VERA, EVA, MAX, PAT]

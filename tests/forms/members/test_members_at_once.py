"""Concurrent acts on the members of a form: the result is a serial one, never a 5xx."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from forms_service.accounts.models import Event
from forms_service.extensions import db
from forms_service.forms.members.links import make_token
from forms_service.forms.models import Form, Member
from forms_service.notifications.recipients.models import Recipient
from tests.conftest import MakeApp
from tests.support import members
from tests.support.accounts import PASSWORD, login
from tests.support.accounts import Member as Person
from tests.support.console import Visitor
from tests.support.members import (
    MAX,
    OLGA,
    OTTO,
    PAT,
    VERA,
    Team,
    account_id_of,
    add_member,
    role_on,
    shared_form,
)
from tests.support.stored import count

ROUNDS = 6
Act = Callable[[], Any]

people = members.people


@pytest.fixture
def app(make_app_on_each_db: MakeApp) -> Flask:
    return make_app_on_each_db(RATE_LIMIT_ENABLED="false", BACKGROUND_WORK="outside")


def at_once(acts: Sequence[Act]) -> list[int]:
    """The statuses of acts that begin at the same moment."""
    barrier = Barrier(len(acts))

    def run(act: Act) -> int:
        barrier.wait()
        return int(act().status_code)

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


def accepted(app: Flask) -> int:
    with app.app_context():
        return len(db.session.scalars(select(Event).where(Event.name == "member_accepted")).all())


def test_concurrent_sign_ins_accept_an_invitation_once(app: Flask, people: dict[str, Person]) -> None:
    form_id = shared_form(app)
    assert set(at_once([lambda: login(app.test_client(), PAT)] * 8)) == {200}
    assert role_on(people["pending"], form_id) == "manager"
    assert (accepted(app), count(app, Member)) == (1, [4])


def test_the_button_and_a_sign_in_accept_once(app: Flask, people: dict[str, Person]) -> None:
    visitor = Visitor(app)
    assert visitor.sign_in(PAT).status_code == 303
    team = Team(app, people["owner"], shared_form(app))
    with app.app_context():
        member = db.session.scalars(select(Member).where(Member.status == "pending")).one()
        link = f"/console/invitation?token={make_token(member)}"
    fields = {"csrf_token": visitor.token(link), "action": "accept"}
    statuses = at_once([*[lambda: visitor.post(link, fields)] * 4, *[lambda: login(app.test_client(), PAT)] * 4])
    assert statuses == [303] * 4 + [200] * 4
    assert team.roles()[PAT] == ("manager", "active")
    assert (accepted(app), count(app, Member)) == (1, [4])


def test_concurrent_invitations_of_one_address_are_one(app: Flask, people: dict[str, Person]) -> None:
    team = Team(app, people["owner"], shared_form(app))
    assert at_once([lambda: team.invite("carol@example.com")] * 8) == [201] * 8
    assert count(app, Member) == [5]


def test_nobody_is_removed_while_the_form_is_handed_over_to_them(app: Flask, people: dict[str, Person]) -> None:
    outcomes = set()
    for _ in range(ROUNDS):
        team = Team(app, people["owner"], shared_form(app))
        member_id = team.id_of(MAX)
        statuses = at_once(
            [
                lambda team=team: team.hand_over(MAX),
                lambda member_id=member_id: people["owner"].call("DELETE", f"/api/members/{member_id}"),
            ]
        )
        outcomes.add(tuple(statuses))
        has_moved = statuses[0] == 200
        assert tuple(statuses) in {(200, 404), (422, 200)}
        assert role_on(people["manager"], team.form_id) == ("owner" if has_moved else None)
        assert role_on(people["owner"], team.form_id) == ("manager" if has_moved else "owner")
    assert outcomes


def test_a_form_goes_to_one_of_two(app: Flask, people: dict[str, Person]) -> None:
    for _ in range(ROUNDS):
        team = Team(app, people["owner"], shared_form(app))
        add_member(app, team.form_id, OTTO, "manager")
        statuses = at_once([lambda team=team: team.hand_over(MAX), lambda team=team: team.hand_over(OTTO)])
        assert sorted(statuses) == [200, 403]
        with app.app_context():
            owner_id = db.session.scalars(select(Form.owner_id).where(Form.id == team.form_id)).one()
            owners = select(Recipient).where(Recipient.form_id == team.form_id, Recipient.is_owner)
            assert len(db.session.scalars(owners).all()) == 1
        assert owner_id == account_id_of(app, MAX if statuses[0] == 200 else OTTO)
        assert people["operator"].call("GET", team.path).json["meta"]["owner"]["email"] in (MAX, OTTO)


def test_a_form_is_not_lost_between_an_owner_who_erases_the_account_and_a_handover(
    app: Flask, people: dict[str, Person]
) -> None:
    team = Team(app, people["owner"], shared_form(app))
    erasing = {"password": PASSWORD}
    statuses = at_once([lambda: team.hand_over(MAX), lambda: people["owner"].call("DELETE", "/api/me", **erasing)])
    assert statuses[1] == 200
    assert statuses[0] in (200, 401, 404)
    exists = statuses[0] == 200
    assert role_on(people["manager"], team.form_id) == ("owner" if exists else None)
    assert count(app, Form) == [int(exists)]


def test_a_manager_who_is_removed_invites_nobody_afterwards(app: Flask, people: dict[str, Person]) -> None:
    for number in range(ROUNDS):
        team = Team(app, people["owner"], shared_form(app))
        member_id, address = team.id_of(MAX), f"carol{number}@example.com"
        statuses = at_once(
            [
                lambda member_id=member_id: people["owner"].call("DELETE", f"/api/members/{member_id}"),
                lambda team=team, address=address: team.invite(address, "manager", by=people["manager"]),
            ]
        )
        assert statuses[0] == 200
        assert (statuses[1], address in team.roles()) in {(201, True), (404, False)}


def test_mixed_acts_at_once_never_fail_with_5xx(app: Flask, people: dict[str, Person]) -> None:
    team = Team(app, people["owner"], shared_form(app))
    member_id, viewer_id = team.id_of(MAX), team.id_of(VERA)
    acts: list[Act] = [
        lambda: team.hand_over(MAX),
        lambda: team.hand_over(OLGA, by=people["manager"]),
        lambda: people["owner"].call("PATCH", f"/api/members/{member_id}", role="editor"),
        lambda: people["viewer"].call("DELETE", f"/api/members/{viewer_id}"),
        lambda: team.invite("carol@example.com"),
        lambda: login(app.test_client(), PAT),
        lambda: people["owner"].call("POST", f"/api/forms/{team.form_id}/webhooks", url="https://93.184.215.14/"),
        lambda: people["owner"].call("PATCH", f"/api/forms/{team.form_id}", name="Renamed"),
        lambda: app.test_client().post(f"/f/{team.form_id}", json={"name": "Ann"}),
    ]
    assert set(at_once(acts * 3)) <= {200, 201, 403, 404, 409, 422}

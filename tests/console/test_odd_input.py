"""Requests that no page of the console sends: they are refused, and nothing breaks."""

import re

import pytest
from flask import Flask

from tests.console.inbox.conftest import press_undo, state
from tests.support.console import Visitor
from tests.support.stored import OWNER, make_form, submit
from tests.support.visitors import change


@pytest.mark.parametrize("before", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_beyond_the_calendar_is_refused(form: str, signed_in: Visitor, before: str) -> None:
    answer = signed_in.send(f"/console/forms/{form}/bulk", action="archive", before=before)
    assert answer.status_code == 422


def test_a_repeated_time_is_refused(form: str, signed_in: Visitor) -> None:
    answer = signed_in.send(f"/console/forms/{form}/settings", name="Contact", opens_at=["2027-01-01T09:00", "x"])
    assert answer.status_code == 422


@pytest.mark.parametrize("pressed", [["on", "off"], [], ["neither"]])
def test_a_webhook_is_switched_by_one_button(form: str, signed_in: Visitor, pressed: list[str]) -> None:
    answer = signed_in.send(f"/console/forms/{form}/webhooks/new", url="https://8.8.8.8/", events="submission.created")
    (page,) = set(re.findall(rf"/console/forms/{form}/webhooks/[0-9a-f-]{{36}}", answer.text))
    assert signed_in.send(f"{page}/switch", page, action=pressed).status_code == 422


def test_a_logo_names_one_host_only(app_on_each_db: Flask, form: str, signed_in: Visitor) -> None:
    change(app_on_each_db, form, theme={"logo_url": "https://*.example/logo.png"})
    page = signed_in.get(f"/f/{form}")
    assert "*.example" not in page.headers["Content-Security-Policy"] + page.text


def test_what_was_done_on_a_form_is_undone_at_that_form_only(
    app_on_each_db: Flask, form: str, signed_in: Visitor
) -> None:
    submission, other = submit(app_on_each_db, form), make_form(app_on_each_db, OWNER)
    signed_in.press(f"/console/submissions/{submission}", "archive")
    offer = signed_in.get(f"/console/forms/{form}").text
    answer = press_undo(signed_in, f"/console/forms/{other}", offer.replace(form, other))
    assert "too late" in answer.text
    assert state(app_on_each_db, submission) == [("archived", True)]
    press_undo(signed_in, f"/console/forms/{form}", offer)
    assert state(app_on_each_db, submission) == [("inbox", True)]

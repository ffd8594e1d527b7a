"""Name, phone, time zone and shortcuts: in the console and in the API."""

import re

from flask import Flask

from tests.support.accounts import Member
from tests.support.console import Visitor

PAGE = "/console/account"
PROFILE = {"first_name": "Olga", "last_name": "Owner", "phone": "", "timezone": "Europe/Vienna"}


def test_is_saved_and_shown(signed_in: Visitor) -> None:
    answer = signed_in.send(PAGE, **PROFILE | {"first_name": "Олга", "phone": "+43 1 2345678901", "shortcuts": "true"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/account?done=saved")
    text = signed_in.get(answer.headers["Location"]).text
    assert "Saved." in text
    assert 'value="Олга"' in text
    assert 'value="+4312345678901"' in text
    assert '<option value="Europe/Vienna" selected>Vienna</option>' in text


def test_shortcuts_are_off_without_the_tick(signed_in: Visitor) -> None:
    assert "data-shortcuts" in signed_in.get(PAGE).text
    signed_in.send(PAGE, **PROFILE)
    text = signed_in.get(PAGE).text
    assert "data-shortcuts" not in text
    assert "checked" not in text
    signed_in.send(PAGE, **PROFILE, shortcuts="true")
    assert "data-shortcuts" in signed_in.get(PAGE).text


def test_an_empty_phone_is_none(app_on_each_db: Flask) -> None:
    ann, visitor = Member(app_on_each_db), Visitor(app_on_each_db)
    ann.call("PATCH", "/api/me", phone="+4312345678901")
    visitor.sign_in(ann.email)
    visitor.send(PAGE, **PROFILE)
    assert ann.call("GET", "/api/me").json["data"]["phone"] is None


def test_faults_stand_beside_what_was_typed(signed_in: Visitor) -> None:
    answer = signed_in.send(PAGE, **PROFILE | {"first_name": "x" * 51, "phone": "12", "timezone": "Mars/Olympus"})
    assert answer.status_code == 422
    assert re.findall(r'class="wrong" id="(\w+)-wrong"', answer.text) == ["first_name", "phone", "timezone"]
    assert f'value="{"x" * 51}"' in answer.text
    assert 'value="Olga"' in signed_in.get(PAGE).text


def test_a_zone_that_the_list_leaves_out_stays_chosen(app_on_each_db: Flask) -> None:
    ann, visitor = Member(app_on_each_db), Visitor(app_on_each_db)
    ann.call("PATCH", "/api/me", timezone="Etc/GMT+5")
    visitor.sign_in(ann.email)
    assert '<option value="Etc/GMT+5" selected>' in visitor.get(PAGE).text


def test_times_are_in_the_chosen_zone(signed_in: Visitor) -> None:
    signed_in.send(PAGE, **PROFILE | {"timezone": "Asia/Tokyo"})
    assert re.search(r'title="[^"]+ JST"', signed_in.get(PAGE).text)


def test_the_api_has_the_preferences(app_on_each_db: Flask) -> None:
    ann = Member(app_on_each_db)
    me = ann.call("GET", "/api/me").json["data"]
    assert (me["timezone"], me["shortcuts"]) == ("UTC", True)
    me = ann.call("PATCH", "/api/me", timezone="Asia/Tokyo", shortcuts=False).json["data"]
    assert (me["timezone"], me["shortcuts"], me["first_name"]) == ("Asia/Tokyo", False, "Ann")
    assert ann.call("GET", "/api/me/export").json["data"]["account"]["timezone"] == "Asia/Tokyo"
    refused = ann.call("PATCH", "/api/me", timezone="Mars/Olympus", shortcuts="yes")
    assert refused.json["codes"] == {"timezone": ["invalid_timezone"], "shortcuts": ["invalid"]}

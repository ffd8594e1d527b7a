"""Export and deletion of the account."""

import json

from flask import Flask

from tests.support.accounts import PASSWORD
from tests.support.console import Visitor
from tests.support.stored import submit

PAGE = "/console/account"
DELETION = f"{PAGE}/delete"


def test_everything_is_exported_as_a_download(app_on_each_db: Flask, form: str, signed_in: Visitor) -> None:
    submit(app_on_each_db, form, {"message": "Hello"})
    answer = signed_in.send(f"{PAGE}/export", PAGE)
    assert answer.headers["Content-Disposition"] == "attachment; filename=account.json"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    document = json.loads(answer.data)
    assert document["account"]["email"] == "owner@example.com"
    assert document["account"]["timezone"] == "UTC"
    assert [item["data"] for item in document["submissions"]] == [{"message": "Hello"}]
    assert {"sessions", "keys", "events", "forms", "recipients"} <= set(document)
    assert "Exported everything held on the account" in signed_in.get("/console/events").text


def test_the_page_says_what_goes(form: str, signed_in: Visitor) -> None:
    text = signed_in.get(DELETION).text
    assert "This erases your account, your form, and all submissions and files in it" in text
    assert "It cannot be undone." in text


def test_deletion_needs_the_password(signed_in: Visitor) -> None:
    refused = signed_in.send(DELETION, password="wrong")
    assert (refused.status_code, "Wrong current password." in refused.text) == (422, True)
    assert signed_in.get(PAGE).status_code == 200


def test_the_account_is_erased_and_the_browser_signed_out(app_on_each_db: Flask, form: str, signed_in: Visitor) -> None:
    submit(app_on_each_db, form)
    answer = signed_in.send(DELETION, password=PASSWORD)
    assert answer.headers["Location"] == "/account/erased"
    assert "Account erased" in signed_in.get("/account/erased").text
    assert signed_in.cookie() is None
    assert signed_in.get(PAGE).status_code == 303
    assert signed_in.sign_in().status_code == 401
    assert signed_in.get(f"/f/{form}").status_code == 404

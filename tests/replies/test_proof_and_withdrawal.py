"""The proof of a double opt-in, and the way back."""

import csv
import io
import json
from datetime import datetime
from typing import Any

import pytest
from flask import Flask

from forms_service.replies.models import OptIn
from forms_service.submissions.models import Submission
from tests.replies.conftest import MakeContact
from tests.support.accounts import bearer, login
from tests.support.people import OPT_IN, REPLY, People, text_of
from tests.support.stored import attach, count
from tests.support.visitors import ANN

ADDRESS, OWNER = ANN["email"], "owner@example.com"


@pytest.fixture
def form(make_contact: MakeContact) -> str:
    return make_contact(double_opt_in=OPT_IN, reply=REPLY)


@pytest.fixture
def confirmed(people: People, form: str) -> dict[str, Any]:
    data: dict[str, Any] = people.submit(form, **ANN).json["data"]
    people.press(people.link_to(ADDRESS, "confirm"))
    return data


class TestTheProof:
    def test_it_is_shown_with_the_submission(
        self, people: People, form: str, confirmed: dict[str, Any], owner: dict[str, str]
    ) -> None:
        token = people.link_to(ADDRESS, "confirm").partition("=")[2]
        shown = people.client.get(f"/api/submissions/{confirmed['id']}", headers=owner)
        proof = shown.json["data"]["opt_in"]
        assert proof["subject"] == "Please confirm"
        assert proof["link"] == f"https://forms.example.com/f/{form}/confirm"
        assert proof["text"].startswith(f"Please open {proof['link']}?token=… to confirm.\n")
        assert proof["asked_at"] < proof["confirmed_at"]
        assert proof["client"] == "127.0.0.0"
        assert token not in shown.text

    def test_it_is_in_lists_and_exports(
        self, people: People, form: str, confirmed: dict[str, Any], owner: dict[str, str]
    ) -> None:
        listed = people.client.get(f"/api/forms/{form}/submissions", headers=owner).json["data"][0]
        line = people.client.get(f"/api/forms/{form}/export?format=jsonl", headers=owner).text
        table = people.client.get(
            f"/api/forms/{form}/export?format=csv&timezone=Asia/Tokyo", headers=owner
        ).data.decode("utf-8-sig")
        (row,) = csv.DictReader(io.StringIO(table))
        person = people.client.post("/api/people/find", json={"email": ADDRESS}, headers=owner).json["data"][0]
        assert listed["opt_in"] == json.loads(line)["opt_in"] == person["opt_in"]
        moment = datetime.fromisoformat(listed["opt_in"]["confirmed_at"]).replace(microsecond=0)
        assert datetime.fromisoformat(row["confirmed_at"]) == moment
        assert row["confirmed_at"].endswith("+09:00")

    @pytest.mark.parametrize("store_ip", ["full", "none"])
    def test_the_address_is_kept_as_the_form_says(
        self, people: People, make_contact: MakeContact, owner: dict[str, str], store_ip: str
    ) -> None:
        form_id = make_contact(double_opt_in=OPT_IN, store_ip=store_ip)
        people.submit(form_id, **ANN)
        people.press(people.link_to(ADDRESS, "confirm"))
        (listed,) = people.client.get(f"/api/forms/{form_id}/submissions", headers=owner).json["data"]
        assert listed["opt_in"].get("client") == {"full": "127.0.0.1", "none": None}[store_ip]

    def test_it_goes_with_the_submission(
        self, people: People, confirmed: dict[str, Any], owner: dict[str, str]
    ) -> None:
        people.client.delete(f"/api/submissions/{confirmed['id']}", headers=owner)
        assert count(people.app, OptIn) == [0]

    def test_it_goes_with_the_form(
        self, people: People, form: str, confirmed: dict[str, Any], owner: dict[str, str]
    ) -> None:
        people.press(people.link_to(ADDRESS, "withdraw"))
        people.client.delete(f"/api/forms/{form}", headers=owner)
        assert count(people.app, OptIn) == [0]

    def test_it_goes_with_the_person(self, people: People, confirmed: dict[str, Any], owner: dict[str, str]) -> None:
        people.client.post("/api/people/erase", json={"email": ADDRESS}, headers=owner)
        assert count(people.app, OptIn, Submission) == [0, 0]


@pytest.mark.usefixtures("confirmed")
class TestWithdrawal:
    def test_the_reply_has_a_link_whose_page_changes_nothing(self, people: People) -> None:
        link = people.link_to(ADDRESS, "withdraw")
        page = people.client.get(link)
        assert (page.status_code, page.text.count("<button")) == (200, 1)
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        assert count(people.app, Submission) == [1]

    def test_the_button_erases_the_submission_with_its_files(
        self, app_on_each_db: Flask, people: People, confirmed: dict[str, Any]
    ) -> None:
        path = attach(app_on_each_db, confirmed["id"], "cv.pdf", b"%PDF")
        response = people.press(people.link_to(ADDRESS, "withdraw"))
        assert "<h1>Withdrawn</h1>" in response.text
        assert count(people.app, Submission, OptIn) == [0, 1]
        assert not path.exists()

    def test_used_again_it_says_so(self, people: People) -> None:
        link = people.link_to(ADDRESS, "withdraw")
        people.press(link)
        assert "Withdrawn already" in people.press(link).text
        assert "Withdrawn already" in people.client.get(link).text
        assert "<h1>Withdrawn</h1>" in people.press(link.replace("withdraw", "confirm")).text

    def test_the_owner_is_told_without_the_persons_data(self, people: People, confirmed: dict[str, Any]) -> None:
        people.press(people.link_to(ADDRESS, "withdraw"))
        mail = people.mails_to(OWNER)[-1]
        assert mail["Subject"] == f"Withdrawn: Contact ({confirmed['reference']})"
        assert ADDRESS not in text_of(mail)

    def test_the_proof_stays_without_personal_data(self, people: People, form: str, confirmed: dict[str, Any]) -> None:
        people.press(people.link_to(ADDRESS, "withdraw"))
        headers = bearer(login(people.client, OWNER).json["data"]["access_token"])
        (row,) = people.client.get("/api/me/export", headers=headers).json["data"]["withdrawals"]
        assert (row["form_id"], row["reference"]) == (form, confirmed["reference"])
        assert row["asked_at"] < row["confirmed_at"] < row["withdrawn_at"]

    def test_before_the_confirmation_nobody_is_told(self, people: People, make_contact: MakeContact) -> None:
        form_id = make_contact(double_opt_in=OPT_IN)
        people.submit(form_id, **ANN)
        mails = len(people.mails_to(OWNER))
        people.press(people.link_to(ADDRESS, "confirm").replace("confirm", "withdraw"))
        assert len(people.mails_to(OWNER)) == mails
        assert count(people.app, Submission) == [1]

"""Links in mails to people, for a page of the owner's own, which sends JSON and gets JSON."""

import pytest

from tests.replies.conftest import MakeContact
from tests.support.people import OPT_IN, People
from tests.support.visitors import ANN

ADDRESS = ANN["email"]


@pytest.fixture
def form(make_contact: MakeContact) -> str:
    return make_contact(double_opt_in=OPT_IN)


def test_it_confirms_once_and_hears_so(people: People, form: str) -> None:
    people.submit(form, **ANN)
    token = people.link_to(ADDRESS, "confirm").partition("?token=")[2]
    answers = [people.client.post(f"/f/{form}/confirm", json={"token": token}).json for _ in range(2)]
    assert [answer["message"] for answer in answers] == ["Confirmed.", "Confirmed already."]
    assert answers[0]["data"] == {"status": "confirmed"}


def test_it_withdraws_once_and_cannot_confirm_then(people: People, form: str) -> None:
    people.submit(form, **ANN)
    token = people.link_to(ADDRESS, "confirm").partition("?token=")[2]
    answers = [people.client.post(f"/f/{form}/withdraw", json={"token": token}).json for _ in range(2)]
    assert [answer["message"] for answer in answers] == ["Withdrawn.", "Withdrawn already."]
    assert people.client.post(f"/f/{form}/confirm", json={"token": token}).status_code == 422


@pytest.mark.parametrize("page", ["confirm", "withdraw"])
def test_it_hears_that_a_token_is_invalid(people: People, form: str, page: str) -> None:
    response = people.client.post(f"/f/{form}/{page}", json={"token": "x" * 43})
    assert (response.status_code, response.json["codes"]) == (422, {"token": ["invalid_token"]})


def test_it_asks_for_the_mail_again(people: People, form: str) -> None:
    submission = people.submit(form, **ANN).json["data"]
    answer = people.client.post(f"/f/{form}/resend", json={"submission": submission["id"]}).json
    assert answer["success"] is True
    assert len(people.mails_to(ADDRESS)) == 2


@pytest.mark.parametrize(("sent", "code"), [({}, "required"), ({"submission": "x"}, "invalid")])
def test_it_must_name_the_submission(people: People, form: str, sent: dict[str, str], code: str) -> None:
    response = people.client.post(f"/f/{form}/resend", json=sent)
    assert (response.status_code, response.json["codes"]) == (422, {"submission": [code]})

"""The reference of a submission."""

import uuid
from random import Random

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from forms_service.database.types import new_id
from forms_service.extensions import db
from forms_service.submissions.models import Submission
from forms_service.validation.references import parse_reference, reference_of
from tests.conftest import KeyOf
from tests.support.stored import make_form, submit

SUBMISSION = uuid.UUID("01a2210d-f3c5-74c2-b3f2-c422f2550322")


def test_is_derived_from_the_end_of_the_id() -> None:
    assert reference_of(SUBMISSION) == "CYPR7-KDVBT"
    assert parse_reference("CYPR7-KDVBT") == "c422f2550322" == SUBMISSION.hex[-12:]
    assert reference_of(uuid.UUID(int=0)) == "22222-22222"


@pytest.mark.parametrize("typed", ["CYPR7-KDVBT", "cypr7-kdvbt", "CYPR7KDVBT", "  cypr7kdvbt\t"])
def test_may_be_typed_in_any_case_with_or_without_the_dash(typed: str) -> None:
    assert parse_reference(typed) == "c422f2550322"


@pytest.mark.parametrize(
    "typed", ["", "CYPR7-KDVB", "CYPR7-KDVBTT", "CYPR7-KDVB0", "ZZZZZ-ZZZZZ", "Ann", "É" * 10, "9" * 2000]
)
def test_other_texts_are_none(typed: str) -> None:
    assert parse_reference(typed) is None


def test_every_id_is_found_by_its_reference() -> None:
    draw = Random(1)
    for _ in range(2000):
        identity = uuid.UUID(int=draw.getrandbits(128))
        assert parse_reference(reference_of(identity)) == identity.hex[-12:]


def test_ids_made_one_after_another_have_different_references() -> None:
    assert len({reference_of(new_id()) for _ in range(100_000)}) == 100_000


class TestSearch:
    """An owner searches for a reference."""

    @pytest.fixture
    def owner(self, app_on_each_db: Flask, key_of: KeyOf) -> dict[str, str]:
        return key_of(app_on_each_db)

    def test_finds_the_submission_alone_whatever_its_status(
        self, client_on_each_db: FlaskClient, app_on_each_db: Flask, owner: dict[str, str]
    ) -> None:
        form = make_form(app_on_each_db)
        submission_ids = [submit(app_on_each_db, form, {"name": "Ann"}) for _ in range(3)]
        with app_on_each_db.app_context():
            db.session.execute(
                update(Submission).where(Submission.id == uuid.UUID(submission_ids[1])).values(status="archived")
            )
            db.session.commit()
        reference = reference_of(uuid.UUID(submission_ids[1]))
        for typed in (reference, reference.lower().replace("-", "")):
            answer = client_on_each_db.post(f"/api/forms/{form}/submissions/search", headers=owner, json={"q": typed})
            assert [(submission["id"], submission["reference"]) for submission in answer.json["data"]] == [
                (submission_ids[1], reference)
            ]
            assert answer.json["meta"]["next"] is None

    def test_finds_none_of_another_form_and_still_looks_into_the_values(
        self, client_on_each_db: FlaskClient, app_on_each_db: Flask, owner: dict[str, str]
    ) -> None:
        form, other = make_form(app_on_each_db), make_form(app_on_each_db)
        reference = reference_of(uuid.UUID(submit(app_on_each_db, other, {"name": "Ann"})))
        about = submit(app_on_each_db, form, {"text": f"It is about {reference}"})
        answer = client_on_each_db.post(f"/api/forms/{form}/submissions/search", headers=owner, json={"q": reference})
        assert [submission["id"] for submission in answer.json["data"]] == [about]

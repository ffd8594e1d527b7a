"""The cache of published forms."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from forms_service.accounts.models import Account
from forms_service.database.transactions import write_session
from forms_service.errors import NotFoundError
from forms_service.extensions import db
from forms_service.forms import cache as publishing
from tests.conftest import KeyOf
from tests.forms.test_forms import FIELDS, make, published_in


class TestPublished:
    """The form as the public meets it."""

    def test_is_cached_until_this_process_saves_it(
        self, client_on_each_db: FlaskClient, app_on_each_db: Flask, owner: dict[str, str]
    ) -> None:
        form = make(client_on_each_db, owner, fields=FIELDS)
        first = published_in(app_on_each_db, form["id"])
        assert published_in(app_on_each_db, form["id"]) is first
        assert (first.name, first.owner_email, first.version, first.is_open) == (
            "Contact",
            "owner@example.com",
            1,
            True,
        )
        client_on_each_db.patch(f"/api/forms/{form['id']}", json={"settings": {"closed": True}}, headers=owner)
        second = published_in(app_on_each_db, form["id"])
        assert not second.is_open

    def test_changes_of_other_processes_appear_after_max_age_and_recompile_only_new_versions(
        self,
        client_on_each_db: FlaskClient,
        app_on_each_db: Flask,
        owner: dict[str, str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(publishing, "MAX_AGE", 60)
        form = make(client_on_each_db, owner, fields=FIELDS)
        first = published_in(app_on_each_db, form["id"])
        with app_on_each_db.app_context(), write_session():
            db.session.execute(update(Account).values(status="disabled"))
            db.session.commit()
        assert published_in(app_on_each_db, form["id"]) is first
        monkeypatch.setattr(publishing, "MAX_AGE", 0)
        second = published_in(app_on_each_db, form["id"])
        assert not second.is_open
        assert second.schema is first.schema

    @pytest.mark.parametrize("form_id", ["A" * 16, "", "short", "-AAAAAAAAAAAAAAA", "\0" * 16])
    def test_a_missing_form_is_404(self, app: Flask, form_id: str) -> None:
        with pytest.raises(NotFoundError):
            published_in(app, form_id)

    def test_evicts_the_oldest_forms_beyond_max_forms(
        self, client: FlaskClient, app: Flask, key_of: KeyOf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(publishing, "MAX_FORMS", 2)
        key = key_of(app)
        form_ids = [make(client, key)["id"] for _ in range(3)]
        cached = [published_in(app, form_id) for form_id in form_ids]
        assert published_in(app, form_ids[2]) is cached[2]
        assert published_in(app, form_ids[0]) is not cached[0]

    def test_counts_listeners_as_memory(
        self, client: FlaskClient, app: Flask, key_of: KeyOf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key = key_of(app)
        form_ids = [make(client, key)["id"] for _ in range(2)]
        first = published_in(app, form_ids[0])
        monkeypatch.setattr(publishing, "MAX_MEMORY", 2 * first.size)
        hook = {"url": "https://93.184.215.14/"}
        assert client.post(f"/api/forms/{form_ids[1]}/webhooks", json=hook, headers=key).status_code == 201
        published_in(app, form_ids[1])
        assert published_in(app, form_ids[0]) is not first

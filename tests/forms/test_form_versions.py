"""The list of a form's versions."""

from flask import Flask
from flask.testing import FlaskClient

from forms_service.web.pagination import encode_cursor
from tests.conftest import KeyOf
from tests.support.stored import make_form


def test_an_owner_lists_the_versions_of_a_form(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, key_of: KeyOf
) -> None:
    owner = key_of(app_on_each_db)
    fields = [[{"name": f"field{number}", "type": "text"}] for number in range(3)]
    path = f"/api/forms/{make_form(app_on_each_db, 'owner@example.com', *fields)}/versions"
    first = client_on_each_db.get(f"{path}?limit=2", headers=owner).json
    assert [version["version"] for version in first["data"]] == [3, 2]
    assert first["data"][0] == client_on_each_db.get(f"{path}/3", headers=owner).json["data"]
    second = client_on_each_db.get(path, headers=owner, query_string={"cursor": first["meta"]["next"]}).json
    assert [version["fields"] for version in second["data"]] == [fields[0]]
    assert second["meta"]["next"] is None


def test_other_owners_cannot_list_the_versions(client: FlaskClient, app: Flask, key_of: KeyOf) -> None:
    owner, stranger = key_of(app), key_of(app, "stranger@example.com")
    path = f"/api/forms/{make_form(app)}/versions"
    assert client.get(path, headers=stranger).status_code == 404
    assert client.get(f"/api/forms/{'A' * 16}/versions", headers=owner).status_code == 404
    for cursor in (encode_cursor(0), encode_cursor("9" * 30), encode_cursor("٣"), "x"):
        response = client.get(path, headers=owner, query_string={"cursor": cursor})
        assert (response.status_code, response.json["codes"]) == (422, {"cursor": ["invalid_cursor"]})

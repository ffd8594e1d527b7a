"""`GET /f/{id}.js` and `GET /f/{id}/start`: what scripts on other sites get."""

import json
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forms_service.forms import page_tokens
from tests.conftest import MakeApp
from tests.support.visitors import CONTACT, change, form_for

SITE = "https://www.example.com"
FIELDS = [
    *CONTACT,
    {"name": "cv", "type": "file", "label": "CV", "accept": ".pdf"},
    {"name": "source", "type": "hidden"},
    {"name": "terms", "type": "consent", "label": "I agree to the [terms](https://a.example/)", "required": True},
]


def definition_of(text: str) -> dict[str, Any]:
    """The definition at the end of the script."""
    match = re.search(r"\}\)\((\{.*\})\);\n$", text)
    assert match
    definition: dict[str, Any] = json.loads(match[1])
    return definition


class TestScript:
    def test_holds_the_controls_of_the_hosted_page(self, app: Flask, client: FlaskClient) -> None:
        form = form_for(app, FIELDS, honeypot="website")
        answer = client.get(f"/f/{form}.js")
        assert answer.content_type == "text/javascript; charset=utf-8"
        definition = definition_of(answer.text)
        assert definition["action"] == f"http://127.0.0.1:5000/f/{form}"
        assert (definition["honeypot"], definition["files"], definition["closed"]) == ("website", True, None)
        controls = {control["name"]: control for control in definition["controls"]}
        assert list(controls) == [field["name"] for field in FIELDS]
        assert controls["email"]["required"] is True
        assert controls["email"]["attributes"] == {"autocomplete": "email"}
        assert controls["topics"]["choices"] == [["sales", "sales"], ["support", "support"], ["other", "other"]]
        assert controls["terms"]["label"] == [["I agree to the ", None], ["terms", "https://a.example/"]]
        assert controls["source"]["kind"] == "hidden"

    def test_may_be_loaded_by_any_site_and_kept_for_a_minute(self, app: Flask, client: FlaskClient) -> None:
        form = form_for(app, FIELDS, allowed_origins=[SITE])
        answer = client.get(f"/f/{form}.js", headers={"Sec-Fetch-Dest": "script"})
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert answer.headers["Cache-Control"] == "public, max-age=60"
        again = client.get(f"/f/{form}.js", headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        change(app, form, closed=True)
        changed = client.get(f"/f/{form}.js", headers={"If-None-Match": answer.headers["ETag"]})
        assert definition_of(changed.text)["closed"] == "This form is closed and no longer accepts submissions."
        assert definition_of(changed.text)["controls"] == []

    def test_without_fields_has_those_of_the_hosted_page(self, app: Flask, client: FlaskClient) -> None:
        definition = definition_of(client.get(f"/f/{form_for(app)}.js").text)
        assert [control["name"] for control in definition["controls"]] == ["name", "email", "message"]

    def test_names_the_captcha_of_a_provider(self, app: Flask, client: FlaskClient) -> None:
        form = form_for(app, FIELDS, challenge="turnstile", challenge_site_key="key", challenge_secret="secret")
        text = client.get(f"/f/{form}.js").text
        assert definition_of(text)["captcha"] == {"name": "cf-turnstile", "key": "key"}
        assert '"secret"' not in text

    @pytest.mark.parametrize("form_id", ["AAAAAAAAAAAAAAAA", "nothing", "%3Cscript%3E%E2%80%A8'%22"])
    def test_of_an_unknown_form_says_so_to_the_console(self, client: FlaskClient, form_id: str) -> None:
        answer = client.get(f"/f/{form_id}.js")
        assert (answer.status_code, answer.mimetype) == (404, "text/javascript")
        match = re.fullmatch(r"console\.error\((\".*\")\);\n", answer.text)
        assert match
        assert "There is no such form." in json.loads(match[1])
        assert "</" not in answer.text

    def test_over_the_limit_is_a_script_too(self, make_app: MakeApp) -> None:
        client = make_app(SUBMISSION_RATE_LIMIT="1/60").test_client()
        answers = [client.get("/f/AAAAAAAAAAAAAAAA.js") for _ in range(6)]
        assert (answers[-1].status_code, answers[-1].mimetype) == (429, "text/javascript")
        assert int(answers[-1].headers["Retry-After"]) >= 1

    def test_leads_under_the_path_of_the_service(self, make_app: MakeApp) -> None:
        app = make_app(PUBLIC_URL="https://site.example/forms")
        form = form_for(app)
        definition = definition_of(app.test_client().get(f"/forms/f/{form}.js").text)
        assert definition["action"] == f"https://site.example/forms/f/{form}"

    def test_the_scripts_files_may_be_loaded_by_any_site(self, make_app: MakeApp) -> None:
        client = make_app(PUBLIC_URL="https://site.example/forms").test_client()
        for path in ("/static/forms.js", "/static/embed.css"):
            with client.get(f"/forms{path}", headers={"Origin": SITE}) as answer:
                assert answer.status_code == 200
                assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
                assert answer.headers["Access-Control-Allow-Origin"] == "*"
        with client.get("/forms/static/pages.css") as answer:
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


class TestStart:
    def test_signs_the_time(self, app: Flask, client: FlaskClient) -> None:
        answer = client.get(f"/f/{form_for(app)}/start", headers={"Origin": SITE})
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Cache-Control"] == "no-store"
        data = answer.get_json()["data"]
        assert data["challenge"] is None
        with app.app_context():
            age = page_tokens.start_age(data["started"])
        assert age is not None
        assert age < 60

    def test_sets_a_challenge_where_the_form_has_one(self, app: Flask, client: FlaskClient) -> None:
        form = form_for(app, challenge="altcha")
        challenge = client.get(f"/f/{form}/start").get_json()["data"]["challenge"]
        assert challenge["parameters"]["data"] == {"form": form}

    def test_tells_a_site_that_may_not_submit_why(self, app: Flask, client: FlaskClient) -> None:
        form = form_for(app, allowed_origins=[SITE], challenge="altcha")
        allowed = client.get(f"/f/{form}/start", headers={"Origin": SITE})
        assert (allowed.status_code, allowed.headers["Access-Control-Allow-Origin"]) == (200, SITE)
        refused = client.get(f"/f/{form}/start", headers={"Origin": "https://other.example"})
        assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (403, "*")
        assert refused.get_json()["message"] == "This form does not accept submissions from this site."
        assert "Origin" in refused.vary
        other = client.get(f"/f/{form}/challenge", headers={"Origin": "https://other.example"})
        assert "Access-Control-Allow-Origin" not in other.headers

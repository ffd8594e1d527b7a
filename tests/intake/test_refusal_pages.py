"""A visitor's words are not lost when a submission is refused: the form again, or the words to copy and a way back."""

import re
import time
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forms_service.errors import ServiceUnavailableError
from forms_service.intake import service
from tests.conftest import MakeApp
from tests.support.definitions import PDF, PNG, file_part, multipart, text_part
from tests.support.visitors import ANN, BROWSER, CONTACT, form_for

SITE = "https://site.example"
FROM_SITE = {**BROWSER, "Origin": SITE, "Referer": f"{SITE}/contact?campaign=x"}
STORY = 'A <b>long</b> story.\r\nAnd "more".'
WORDS = {**ANN, "message": STORY, "password": "hunter2", "_next": "/done", "_gotcha": ""}
JOB = [
    {"name": "email", "type": "email", "required": True},
    {"name": "story", "type": "textarea", "label": "Your story"},
    {"name": "cv", "type": "file", "label": "CV", "accept": ".pdf,.doc,.docx"},
]


@pytest.fixture(scope="module")
def app(make_shared_app: MakeApp) -> Flask:
    """For all tests of this file: each has forms of its own."""
    return make_shared_app(RATE_LIMIT_ENABLED="false", MAX_FILE_SIZE="100000", MAX_UPLOAD_SIZE="200000")


@pytest.fixture
def job(app: Flask) -> str:
    return form_for(app, JOB, name="Job")


def copied(answer: TestResponse) -> dict[str, str]:
    """Label → text of what the page gives back."""
    pairs = re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", answer.text, re.DOTALL)
    return {unescape(label): unescape(text) for label, text in pairs}


def beside(answer: TestResponse, name: str) -> str:
    """The error beside a field."""
    (number,) = re.findall(rf'id="(field-\d+)" name="{name}"', answer.text)
    (text,) = re.findall(rf'<p class="wrong" id="{number}-wrong">(.*?)</p>', answer.text) or [""]
    return unescape(text)


def check_words(answer: TestResponse) -> None:
    """The page holds what was typed and nothing that it must not."""
    assert answer.mimetype == "text/html"
    texts = unescape(answer.text)
    for text in ("Ann", "ann@example.com", STORY.replace("\r\n", "\n")):
        assert text in texts.replace("\r\n", "\n")
    assert "<b>long" not in answer.text
    assert "hunter2" not in answer.text
    assert f'<a href="{SITE}/contact">Back to site.example</a>' in answer.text
    assert "forms-service" not in answer.text
    assert "<header" not in answer.text
    assert 'href="/"' not in answer.text


class Broken:
    """Ways to be refused, by status."""

    def __init__(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        self.app, self.patch = app, monkeypatch

    def form(self, why: str) -> str:
        """A form that refuses everything for that reason, or the id of none."""
        if why == "busy":
            self.patch.setattr(service, "accept_submission", self._fail)
        if why == "gone":
            return "AAAAAAAAAAAAAAAA"
        settings: dict[str, Any] = {
            "closed": {"closed": True},
            "other site": {"allowed_origins": ["https://a.example"]},
        }
        form = form_for(self.app, CONTACT, **settings.get(why, {"max_submissions": 1}))
        if why == "full":
            self.app.test_client().post(f"/f/{form}", json={**ANN, "message": "first"})
        return form

    def _fail(self, *_: Any) -> None:
        raise ServiceUnavailableError


@pytest.mark.parametrize("how", ["urlencoded", "multipart"])
@pytest.mark.parametrize(
    ("why", "status"), [("gone", 404), ("closed", 403), ("full", 403), ("other site", 403), ("busy", 503)]
)
def test_what_was_typed_is_there_to_copy_with_a_way_back(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, why: str, status: int, how: str
) -> None:
    form = Broken(app, monkeypatch).form(why)
    body = {"data": WORDS} if how == "urlencoded" else multipart(*(text_part(*pair) for pair in WORDS.items()))
    answer = client.post(f"/f/{form}", headers=FROM_SITE, **body)
    assert answer.status_code == status
    check_words(answer)
    assert {*copied(answer)} in ({"name", "email", "message"}, {"Your name", "E-mail", "Message"})
    assert ("Send again" in answer.text) is (why == "busy")


def test_a_client_that_is_held_back_keeps_its_words_and_can_send_them_again(make_app: MakeApp) -> None:
    app = make_app(SUBMISSION_RATE_LIMIT="1/60")
    form = form_for(app, CONTACT)
    client = app.test_client()
    assert client.post(f"/f/{form}", data=ANN).status_code == 200
    answer = client.post(f"/f/{form}", data=WORDS, headers=FROM_SITE)
    assert answer.status_code == 429
    check_words(answer)
    assert f'action="/f/{form}?_site=' in answer.text
    hidden = {
        name: unescape(value)
        for name, value in re.findall(r'type="hidden" name="(.*?)" value="(.*?)"', answer.text, re.S)
    }
    assert hidden["email"] == ANN["email"]
    again = client.post(f"/f/{form}", data=hidden, headers=BROWSER, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert again.status_code == 303


@pytest.mark.parametrize("size", [40, 200, 10_000])
def test_what_breaks_off_is_given_back_as_far_as_it_arrived(app: Flask, client: FlaskClient, size: int) -> None:
    parts = [text_part("name", "Ann"), text_part("email", ANN["email"]), text_part("message", "x" * 20_000)]
    body = multipart(*parts)
    answer = client.post(
        f"/f/{form_for(app, CONTACT)}", headers=FROM_SITE, **{**body, "data": body["data"][: size + 200]}
    )
    assert answer.status_code == 400
    words = copied(answer)
    assert len(words.pop("Message", "")) <= size
    assert words == {"Your name": "Ann", "E-mail": ANN["email"]}


def test_of_a_text_that_is_too_long_as_much_as_a_page_holds(app: Flask, client: FlaskClient) -> None:
    form = form_for(app, CONTACT)
    answer = client.post(f"/f/{form}", data={"name": "Ann", "message": "x" * 2**21}, headers=FROM_SITE)
    assert answer.status_code == 413
    texts = copied(answer)
    assert texts["Your name"] == "Ann"
    assert 2**18 < len(texts["Message"]) <= 2**19
    assert len(answer.data) < 2**20


class TestFiles:
    """A browser never sends a file again by itself."""

    def test_are_asked_for_again_after_a_mistake(self, client: FlaskClient, job: str) -> None:
        body = multipart(text_part("email", "x"), text_part("story", "Long"), file_part("cv", "cv.pdf", PDF))
        answer = client.post(f"/f/{job}", headers=FROM_SITE, **body)
        assert answer.status_code == 422
        assert beside(answer, "cv") == "Choose the file again."
        assert '<a href="#field-3">CV</a> – Choose the file again.' in answer.text
        body = multipart(text_part("email", "x"), file_part("cv", "", b""))
        assert "Choose the file" not in client.post(f"/f/{job}", headers=FROM_SITE, **body).text

    def test_are_not_asked_for_twice_where_they_are_wrong_themselves(self, client: FlaskClient, job: str) -> None:
        body = multipart(text_part("email", "x"), file_part("cv", "cv.png", PNG))
        answer = client.post(f"/f/{job}", headers=FROM_SITE, **body)
        assert beside(answer, "cv") == "This type of file is not accepted here."

    def test_have_a_field_on_the_page_of_a_form_without_fields(self, app: Flask, client: FlaskClient) -> None:
        form = form_for(app, challenge="altcha")
        body = multipart(text_part("name", "Ann"), file_part("my_cv", "cv.pdf", PDF))
        answer = client.post(f"/f/{form}", headers=FROM_SITE, **body)
        assert answer.status_code == 422
        assert beside(answer, "my_cv") == "Choose the file again."
        assert 'enctype="multipart/form-data"' in answer.text

    @pytest.mark.parametrize("size", [150_000, 250_000, 2_000_000])
    def test_that_are_too_big_leave_the_rest_of_the_form(self, client: FlaskClient, job: str, size: int) -> None:
        parts = [
            text_part("email", ANN["email"]),
            file_part("cv", "cv.pdf", PDF + bytes(size)),
            text_part("story", STORY),
        ]
        answer = client.post(f"/f/{job}", headers=FROM_SITE, **multipart(*parts))
        assert (answer.status_code, answer.mimetype) == (413, "text/html")
        assert f'value="{ANN["email"]}"' in answer.text
        assert "at most 97.66 kB" in beside(answer, "cv")
        assert ("And &#34;more&#34;" in answer.text) is (size < 1_000_000)

    def test_that_are_too_many_too(self, client: FlaskClient, job: str) -> None:
        parts = [*(file_part("cv", f"{n}.pdf", PDF) for n in range(11)), text_part("email", ANN["email"])]
        answer = client.post(f"/f/{job}", headers=FROM_SITE, **multipart(*parts))
        assert (answer.status_code, beside(answer, "cv")) == (413, "Send at most 10 files.")
        assert f'value="{ANN["email"]}"' in answer.text
        assert client.post(f"/f/{job}", **multipart(*parts)).json["details"] == {"reason": "TOO_MANY_FILES"}

    def test_have_their_limits_and_types_named_before(self, app: Flask, client: FlaskClient, job: str) -> None:
        assert "PDF or Word, up to 97.66 kB." in client.get(f"/f/{job}").text
        fields = [
            {
                "name": "a",
                "type": "file",
                "help": "Of you.",
                "accept": "image/*, .tar.gz, application/zip",
                "max_size": 2048,
            },
            {"name": "b", "type": "file", "max_size": 10**9},
        ]
        page = client.get(f"/f/{form_for(app, fields)}").text
        assert "Of you. Image, TAR.GZ or ZIP, up to 2 kB." in page
        assert "Up to 97.66 kB." in page
        assert "All files together: up to 195.3 kB." in page


def test_words_behind_a_file_that_cannot_be_stored_are_given_back(
    app: Flask, client: FlaskClient, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, "disk", (time.monotonic() + 3600, True))
    body = multipart(
        text_part("email", "ann@example.com"), file_part("cv", "cv.pdf", PDF), text_part("story", "It is long.")
    )
    answer = client.post(f"/f/{job}", **body, headers=BROWSER)
    assert answer.status_code == 503
    assert copied(answer) == {"email": "ann@example.com", "Your story": "It is long."}


def test_a_form_that_is_full_says_so_before_it_is_filled_in(
    app_on_each_db: Flask, client_on_each_db: FlaskClient
) -> None:
    form = form_for(app_on_each_db, CONTACT, max_submissions=1)
    assert client_on_each_db.get(f"/f/{form}").status_code == 200
    client_on_each_db.post(f"/f/{form}", json=ANN)
    answer = client_on_each_db.get(f"/f/{form}")
    assert answer.status_code == 403
    assert "This form accepts no more submissions." in answer.text
    assert "closed" not in answer.text
    assert "<form" not in answer.text
    refused = client_on_each_db.post(f"/f/{form}", data={**ANN, "message": "second"}, headers=FROM_SITE)
    assert "This form accepts no more submissions." in refused.text
    assert "closed" not in refused.text
    assert copied(refused)["Message"] == "second"

"""Values in the mail about a submission: files, labels of choices, and the words in special fields."""

from typing import Any

import pytest
from flask import Flask

from forms_service.forms import service
from forms_service.forms.cache import get_published_form
from tests.support.definitions import PDF, PNG, file_part, multipart, text_part
from tests.support.mails import text_of
from tests.support.notification_mails import mail_about, sent_mail
from tests.support.visitors import form_for, only

CHOICES = [{"value": "s1", "label": "Sales, and more"}, {"value": "s2", "label": "Support"}, "other"]
FIELDS = (
    {"name": "topics", "type": "multiselect", "label": "Topics", "choices": CHOICES},
    {"name": "size", "type": "select", "choices": [{"value": "xl", "label": "Extra large"}, "m"]},
    {"name": "u", "type": "radio", "choices": [{"value": "e\u0301", "label": "E acute"}]},
)


def text_about(app: Flask, form: str, **request: Any) -> str:
    """The text of the mail about what this request sends."""
    return text_of(mail_about(app, form, **request))


class TestFiles:
    """Each is named, with its size and where it is fetched."""

    def test_are_listed_under_the_label_of_their_field(self, app: Flask) -> None:
        fields = [{"name": "cv", "type": "file", "label": "Your CV"}, {"name": "note", "type": "text"}]
        form = form_for(app, fields)
        body = multipart(
            text_part("note", "Hello"),
            file_part("cv", "Lebenslauf Jürgen.pdf", PDF + bytes(3000)),
            file_part("cv", "photo.png", PNG),
        )
        text = text_about(app, form, **body)
        address = f"https://site.example/forms/console/submissions/{only(app, form).id}/files"
        assert "note:\n  Hello\n" in text
        assert f"Your CV:\n  Lebenslauf Jürgen.pdf (2.952 kB)\n{address}/1\n" in text
        assert f"Your CV:\n  photo.png (76 bytes)\n{address}/2\n" in text

    def test_alone_are_no_empty_mail(self, app: Flask) -> None:
        text = text_about(app, form_for(app), **multipart(file_part("a", "b.png", PNG)))
        assert "a:\n  b.png (76 bytes)\nhttps://site.example/forms/console/submissions/" in text

    def test_are_not_attached(self, app: Flask) -> None:
        assert app.test_client().post(f"/f/{form_for(app)}", **multipart(file_part("a", "b.png", PNG))).status_code
        assert [part.get_content_type() for part in sent_mail(app).iter_parts()] == ["text/plain", "text/html"]


class TestChoices:
    """They are read by their labels, as people saw them."""

    def test_are_shown_by_their_labels(self, app: Flask) -> None:
        data = {"topics": ["s2", "other"], "size": "xl", "u": "\u00e9"}
        text = text_about(app, form_for(app, FIELDS), json=data)
        assert "Topics:\n  Support, other\n" in text
        assert "size:\n  Extra large\n" in text
        assert "u:\n  E acute\n" in text

    def test_without_a_label_are_shown_as_they_are(self, app: Flask) -> None:
        assert "size:\n  m\n" in text_about(app, form_for(app, FIELDS), json={"size": "m"})

    def test_with_commas_stand_on_lines_of_their_own(self, app: Flask) -> None:
        text = text_about(app, form_for(app, FIELDS), json={"topics": ["s1", "s2"]})
        assert "Topics:\n  Sales, and more\n  Support\n" in text

    def test_in_a_field_without_choices_are_text(self, app: Flask) -> None:
        assert "extra:\n  s1\n" in text_about(app, form_for(app, FIELDS), json={"extra": "s1", "size": "m"})

    def test_keep_the_labels_that_they_were_sent_under(self, app: Flask) -> None:
        form = form_for(app, FIELDS)
        assert app.test_client().post(f"/f/{form}", json={"size": "xl"}).status_code == 200
        with app.app_context():
            caller = service.Caller(get_published_form(form).owner_id, "owner")
            renamed = {"name": "size", "type": "select", "choices": [{"value": "xl", "label": "Huge"}]}
            service.change(form, caller, {"fields": [renamed]})
        assert "size:\n  Extra large\n" in text_of(sent_mail(app))


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("_replyto", "call me: 0664 1234567"),
        ("replyto", "ann@example.com"),
        ("replyTo", "Ann <ann@example.com>"),
        ("from_name", "Ann Example"),
        ("_cc", "boss@example.com"),
        ("ccemail", "boss@example.com"),
        ("_subject", "x" * 500),
        ("subject", "Prices"),
    ],
)
def test_what_a_person_wrote_into_a_special_field_is_a_line(app: Flask, name: str, typed: str) -> None:
    form = form_for(app, [{"name": "age", "type": "integer"}])
    assert f"\n{name}:\n  {typed}\n" in text_about(app, form, json={"age": "7", name: typed}).replace("\r\n", "\n")


def test_what_a_page_orders_is_no_line(app: Flask) -> None:
    data = {"name": "Ann", "_next": "/thanks", "access_key": "secret", "_template": "box", "_captcha": "false"}
    text = text_about(app, form_for(app), json=data)
    assert not any(name in text for name in ("_next", "access_key", "_template", "_captcha"))


def test_of_a_link_in_a_label_the_mail_has_the_words(app: Flask) -> None:
    label = "I accept the [privacy policy](https://site.example/privacy)"
    form = form_for(app, [{"name": "agree", "type": "consent", "label": label}])
    text = text_about(app, form, json={"agree": "on"})
    assert "I accept the privacy policy" in text
    assert "[privacy" not in text
    assert "site.example/privacy" not in text

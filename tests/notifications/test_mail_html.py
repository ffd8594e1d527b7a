"""The HTML part: what visitors typed is text, nothing is fetched, and old mail programs can show it."""

import re
from pathlib import Path

import pytest
from flask import Flask

from forms_service.delivery import digests
from tests.notifications.conftest import Choose
from tests.support.definitions import PNG, file_part, multipart, text_part
from tests.support.html_documents import Document
from tests.support.mails import html_of, text_of
from tests.support.notification_mails import mail_about
from tests.support.sample_mails import rendered_html
from tests.support.servers import ROOT
from tests.support.visitors import ANN, CONTACT, form_for

TEMPLATES = ROOT / "forms_service/templates/mails"
TAGS = {"html", "head", "meta", "title", "style", "body", "table", "tr", "td", "h1", "p", "a", "br", "bdi"}

TYPED = (
    "{{7*7}}",
    "{{ config }} {% for x in y %}{# no #}",
    "{name} {reference}",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</td></tr></table><h1>Your account is closed</h1>",
    "<a href='https://evil.example'>Sign in</a>",
    "<!-- --> <![CDATA[ ]]> <style>p { display: none }</style>",
    "&lt;b&gt; &amp; &#60;",
    "javascript:alert(1) https://evil.example/path",
    "**bold** _italic_ [link](https://evil.example)",
)


@pytest.mark.parametrize("content", ["full", "summary"])
@pytest.mark.parametrize("typed", TYPED)
def test_what_a_visitor_typed_is_shown_as_typed(app: Flask, choose: Choose, typed: str, content: str) -> None:
    choose(content=content)
    mail = mail_about(app, form_for(app, CONTACT), {**ANN, "message": typed, typed: "x", "_subject": typed})
    document = Document(html_of(mail))
    assert document.text.count(typed) == 4  # title, value, name of a field, special field
    assert text_of(mail).count(typed) == 3
    assert document.tags <= TAGS
    links = [value for name, value in document.attributes if name in ("href", "src", "action")]
    (inbox,) = links
    assert inbox.startswith("https://site.example/forms/console/submissions/")
    assert not any(name.startswith("on") for name, _ in document.attributes)


def test_names_of_forms_and_files_are_text_too(app: Flask) -> None:
    form = form_for(app, name="<b>Tom</b> & Jerry {{7*7}}")
    document = Document(html_of(mail_about(app, form, **multipart(file_part("<i>a</i>", "x'&b.png", PNG)))))
    for text in ("<b>Tom</b> & Jerry {{7*7}}", "<i>a</i>", "x'&b.png"):
        assert text in document.text


def test_an_address_to_reply_to_is_text(app: Flask) -> None:
    address = "o'neil&co@example.com"
    mail = mail_about(app, form_for(app), {"email": address})
    assert f"From {address}" in Document(html_of(mail)).text
    assert f"Reply to this mail to write to {address}." in Document(html_of(mail)).text
    assert "o&#39;neil&amp;co@example.com" in html_of(mail)
    assert f"Reply to this mail to write to {address}." in text_of(mail)


def test_lines_are_kept(app: Flask) -> None:
    mail = mail_about(app, form_for(app), {"a": "one\r\ntwo\n\n  three\rfour"})
    assert ">one<br>two<br><br>  three<br>four</p>" in html_of(mail)
    assert "\n  one\n  two\n  \n    three\n  four\n" in text_of(mail)


def test_an_empty_value_is_a_dash(app: Flask) -> None:
    assert ">–</p>" in html_of(mail_about(app, form_for(app), {"a": "", "b": "x"}))


def test_values_are_in_the_order_of_the_form_and_what_was_added_follows(app: Flask) -> None:
    mail = mail_about(app, form_for(app, CONTACT), {"extra": "x", "message": "Hi", **dict(reversed(ANN.items()))})
    labels = ["Your name", "E-mail", "Message", "extra"]
    for part in (text_of(mail), html_of(mail)):
        places = [re.search(rf"(^|>){label}(:|<)", part, re.M) for label in labels]
        positions = [place.start() for place in places if place]
        assert len(positions) == 4
        assert positions == sorted(positions)


def test_the_only_links_are_ours(app: Flask, choose: Choose) -> None:
    choose(unsubscribe_url="https://site.example/forms/unsubscribe?token=abc")
    body = multipart(text_part("site", "https://evil.example/"), file_part("a", "b.png", PNG))
    document = Document(html_of(mail_about(app, form_for(app), **body)))
    links = [value for name, value in document.attributes if name == "href"]
    assert len(links) == 3
    assert all(link.startswith("https://site.example/forms/") for link in links)
    assert "https://evil.example/" in document.text


def test_the_part_fits_phones_dark_screens_and_every_direction_of_writing(app: Flask) -> None:
    html = html_of(mail_about(app, form_for(app), {"الاسم": "محمد"}))
    for text in (
        '<html lang="en">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        "@media (prefers-color-scheme: dark)",
    ):
        assert text in html
    assert re.search(r'<p dir="auto"[^>]*>محمد</p>', html)
    assert re.search(r'<p class="quiet" dir="auto"[^>]*>الاسم</p>', html)


def test_a_digest_has_the_same_layout(app: Flask) -> None:
    forms = [{"name": "<b>Contact</b>", "count": 12, "link": "https://site.example/forms/console/forms/x?since=y"}]
    document = Document(rendered_html(app, digests.KIND, {"count": 12, "max_mails": 20, "forms": forms}))
    assert "12 more submissions" in document.text
    assert "<b>Contact</b>" in document.text
    assert ("href", forms[0]["link"]) in document.attributes
    assert document.tags <= TAGS


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*/html.html")), ids=lambda path: path.parent.name)
def test_every_mail_has_one_layout_that_old_programs_show(template: Path) -> None:
    """Outlook shows tables and inline styles; nothing may be fetched, which tells that a mail was read."""
    layout = (TEMPLATES / "layout.html").read_text()
    source = template.read_text()
    assert source.startswith('{% extends "mails/layout.html" %}')
    for text in (layout, source):
        assert not re.search(r"flex|grid|position:|float|<img|<link|<script|url\(|@import|@font-face|src=", text)
        for table in re.findall("<table[^>]*>", text):
            assert 'role="presentation"' in table

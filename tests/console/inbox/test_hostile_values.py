"""Values of strangers are text in the list, the submission and the search, whatever they look like."""

import html
from html.parser import HTMLParser

import pytest
from flask import Flask

from tests.support.console import Visitor
from tests.support.stored import attach, submit

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    '<a href="javascript:alert(1)" hx-get="/console" hx-trigger="load" data-hx-post="/x">x</a>',
    "{{ 7*7 }}{% raw %}${7*7}#{7*7}<%= 7*7 %>",
    "</title><script>alert(1)</script>",
    "--><!-- <script>",
    "\u202e\u2066txt.exe \ufeff\u200b",
    "javascript:alert(1)//@example.com",
    "<iframe srcdoc='<script>alert(1)</script>'>",
)
ALLOWED = {"script", "iframe", "img"}


class Tags(HTMLParser):
    """Collects elements, their event handlers and their URLs."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.suspicious: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            is_url = name in ("href", "src", "action") or name.startswith("hx-get")
            if (
                name.startswith("on")
                or name == "srcdoc"
                or (is_url and not (value or "").startswith(("/", "#", "mailto:")))
            ):
                self.suspicious.append(f"{name}={value}")
            if name.startswith(("hx-", "data-hx-")) and not any(other == "hx-nonce" for other, _ in attrs):
                self.suspicious.append(name)


@pytest.mark.parametrize("value", HOSTILE)
def test_it_is_text_everywhere(app_on_each_db: Flask, form: str, signed_in: Visitor, value: str) -> None:
    plain = submit(app_on_each_db, form, {"name": "Ann", "email": "ann@example.com", "message": "Hello"})
    harmless = Tags(signed_in.get(f"/console/submissions/{plain}").text)
    submission = submit(app_on_each_db, form, {value: value, "email": f"{value}@example.com", "message": value})
    attach(app_on_each_db, submission, value, b"x", field=value)
    search = f"/console/forms/{form}/search"
    pages = [signed_in.get(f"/console/forms/{form}"), signed_in.get(f"/console/submissions/{submission}")]
    pages.append(signed_in.post(search, {"csrf_token": signed_in.token(search), "q": value}))
    for page in pages:
        tags = Tags(page.text)
        assert tags.suspicious == []
        assert set(tags.tags) - set(harmless.tags) <= {"li", "ul", "iframe", "details", "summary"}
        assert tags.tags.count("script") == harmless.tags.count("script")
    assert html.escape(value, quote=False)[:20].replace('"', "&#34;").replace("'", "&#39;") in pages[1].text

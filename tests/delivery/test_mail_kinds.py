"""Every mail has a text and an HTML part that say the same and fetch nothing."""

import re
import uuid
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

import pytest
from flask import Flask

from forms_service.database.types import now
from forms_service.delivery.mail_rendering import render_mail
from forms_service.delivery.message import OutgoingMessage
from tests.accounts.test_account_mails import KINDS as ACCOUNT_KINDS
from tests.support.html_documents import Document
from tests.support.mail_kinds import KINDS, SITE, TYPED
from tests.support.mails import html_of, text_of
from tests.support.servers import ROOT
from tests.support.visitors import OWNER

TEMPLATES = ROOT / "forms_service/templates/mails"
TAGS = {"html", "head", "meta", "title", "style", "body", "table", "tr", "td", "h1", "p", "a", "br", "bdi"}
WORDS = re.compile(r"\w{4,}")
MAX_OTHER_WORDS = 6
"""Such as "open this page:" before a URL that is behind a link in the HTML part."""


def render(app: Flask, kind: str, values: dict[str, Any]) -> EmailMessage:
    outgoing = OutgoingMessage(id=uuid.uuid4(), kind=kind, created_at=now(), target=OWNER, values=values)
    with app.app_context():
        content = render_mail(outgoing).content
    return cast("EmailMessage", message_from_bytes(content, policy=default))


def test_every_kind_has_an_html_part_but_the_operators_test() -> None:
    kinds = {path.parent.name for path in TEMPLATES.glob("*/text.txt")}
    assert {path.parent.name for path in TEMPLATES.glob("*/html.html")} == kinds - {"test"}
    assert kinds == {*KINDS, *ACCOUNT_KINDS, "submission", "digest", "test"}


@pytest.mark.parametrize("kind", KINDS)
class TestEachKind:
    def test_what_was_typed_is_text(self, app: Flask, kind: str) -> None:
        document = Document(html_of(render(app, kind, KINDS[kind])))
        assert document.tags <= TAGS
        if TYPED in str(KINDS[kind]):
            assert TYPED in document.text

    def test_it_fetches_nothing_and_links_only_to_the_service(self, app: Flask, kind: str) -> None:
        document = Document(html_of(render(app, kind, KINDS[kind])))
        names = {name for name, _ in document.attributes}
        assert not names & {"src", "background", "srcset", "poster"}
        links = [value for name, value in document.attributes if name == "href"]
        assert all(link.startswith(f"{SITE}/") for link in links)

    def test_both_parts_have_the_same_words_and_links(self, app: Flask, kind: str) -> None:
        mail = render(app, kind, KINDS[kind])
        document, text = Document(html_of(mail)), text_of(mail)
        links = {value for name, value in document.attributes if name == "href"}
        assert set(re.findall(r"https?://\S+", text)) == links
        shown = " ".join((document.text, *links)).lower()
        of_one_part = set(WORDS.findall(text.lower())) - set(WORDS.findall(shown))
        assert len(of_one_part) <= MAX_OTHER_WORDS, of_one_part


def test_line_breaks_of_an_owners_text_are_kept(app: Flask) -> None:
    html = html_of(render(app, "reply", KINDS["reply"]))
    assert "{name} &amp;amp; &lt;b&gt;bold&lt;/b&gt;,<br><br>we answer soon." in html
    assert "محمد<br>  بن" in html


def test_the_link_of_a_double_opt_in_is_the_only_one(app: Flask) -> None:
    document = Document(html_of(render(app, "opt_in", KINDS["opt_in"])))
    assert [value for name, value in document.attributes if name == "href"] == [KINDS["opt_in"]["link"]]


@pytest.mark.parametrize("kind", ["opt_in", "reply"])
def test_a_mail_to_a_person_does_not_name_the_service(app: Flask, kind: str) -> None:
    mail = render(app, kind, KINDS[kind])
    assert "forms-service" not in text_of(mail) + Document(html_of(mail)).text

"""Signs of spam, each reason by its code, and false positives."""

import os
import time
from typing import Any

import pytest
from flask import Flask

from forms_service.encryption.keyring import current_key_ring
from forms_service.errors import ServiceUnavailableError
from forms_service.form_schema.settings import Blocklist
from forms_service.forms import page_tokens
from forms_service.forms.cache import PublishedForm
from forms_service.spam import checks
from forms_service.spam.checks import MAX_LINKS, find_spam_reasons
from forms_service.submissions.parsed_submission import ParsedSubmission
from tests.conftest import MakeApp
from tests.support.definitions import form_of
from tests.uploads.test_uploads import NearlyFull

ANY = form_of()
LETTER = {"name": "Ann", "email": "ann@example.com", "message": "Hello, I would like to know more about your work."}


def submission(data: dict[str, Any] | None = None, **more: Any) -> ParsedSubmission:
    values = {"control": {}, "honeypots": (), "challenge": {}, "started": None, "client": "192.0.2.7", **more}
    return ParsedSubmission(LETTER if data is None else data, **values)


def judged(app: Flask, incoming: ParsedSubmission, form: PublishedForm = ANY) -> list[str]:
    with app.app_context():
        return find_spam_reasons(form, incoming, current_key_ring())


@pytest.fixture(scope="module")
def service(make_shared_app: MakeApp) -> Flask:
    """For all but those that count clients."""
    return make_shared_app()


def test_an_ordinary_letter_is_none(service: Flask) -> None:
    assert judged(service, submission()) == []


def test_a_honeypot_that_is_filled_in(service: Flask) -> None:
    assert judged(service, submission(honeypots=("_gotcha",))) == ["honeypot"]


def test_several_reasons_are_all_given(service: Flask) -> None:
    with service.app_context():
        token = page_tokens.issue_start()
    incoming = submission({"message": "http://spam.example " * 9}, honeypots=("_gotcha",), started=token)
    assert judged(service, incoming) == ["honeypot", "too_fast", "links"]


def test_filled_in_faster_than_a_person_can(service: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with service.app_context():
        token = page_tokens.issue_start()
    assert judged(service, submission(started=token)) == ["too_fast"]
    clock = time.time
    monkeypatch.setattr(time, "time", lambda: clock() + 2.5)
    assert judged(service, submission(started=token)) == []
    monkeypatch.setattr(time, "time", lambda: clock() + 86_400 * 30)
    assert judged(service, submission(started=token)) == [], "somebody left the page open"


@pytest.mark.parametrize("token", [None, "", "1", "junk.junk", "1e999.x", "NaN.", "9" * 500, "ü.ü", "."])
def test_a_time_that_is_not_ours_says_nothing(service: Flask, token: str | None) -> None:
    assert judged(service, submission(started=token)) == []


@pytest.mark.parametrize(
    ("text", "spam"),
    [
        ("http://a.example " * MAX_LINKS, False),
        ("http://a.example " * (MAX_LINKS + 1), True),
        ("www.a.example " * (MAX_LINKS + 1), True),
        ("HTTPS://WWW.A.EXAMPLE " * (MAX_LINKS + 1), True),
        ("https://www.a.example " * MAX_LINKS, False),
        ("ann@example.com, example.com, 10:30, 1/2, a://b", False),
    ],
)
def test_links_are_counted(service: Flask, text: str, spam: bool) -> None:
    assert judged(service, submission({"message": text})) == (["links"] if spam else [])
    nested = {"list": [text], "object": {"of": [{"objects": text}]}}
    assert judged(service, submission(nested)) == (["links"] if spam or text.count("://") * 2 > MAX_LINKS else [])


def test_a_field_that_asks_for_a_link_may_have_one(service: Flask) -> None:
    pages = {f"page{number}": "https://example.com" for number in range(8)}
    asking = form_of(*({"name": name, "type": "url"} for name in pages))
    assert judged(service, submission(pages), asking) == []
    assert judged(service, submission({**pages, "more": "http://x " * 6}), asking) == ["links"]


def blocking(**listed: tuple[str, ...]) -> PublishedForm:
    return form_of(blocklist=Blocklist(**listed))


@pytest.mark.parametrize(
    ("word", "text", "spam"),
    [
        ("casino", "Best CASINO in town", True),
        ("Casino", "best casino", True),
        ("casino", "casinos", False),
        ("class", "a classic mistake", False),
        ("straße", "STRASSE", True),
        ("free money", "get FREE   money now", True),
        ("free money", "carefree money", False),
        ("free money", "free.money", True),
        ("c++", "we write C++", True),
        ("c++", "vitamin c", False),
        ("$$$", "make $$$ fast", True),
        ("赌场", "最好的赌场在这里", True),
        ("ｃａｓｉｎｏ", "casino", True),
        (" ", "anything at all", False),
    ],
)
def test_words_of_the_block_list(service: Flask, word: str, text: str, spam: bool) -> None:
    assert judged(service, submission({"message": [text]}), blocking(words=("other", word))) == (
        ["blocklist"] if spam else []
    )


def test_a_phrase_is_found_within_one_text_alone(service: Flask) -> None:
    apart = submission({"message": ["get free", "money c", "++"]})
    assert judged(service, apart, blocking(words=("free money", "c++"))) == []


@pytest.mark.parametrize(
    ("listed", "address", "spam"),
    [
        ("bob@spam.example", "Bob@SPAM.example", True),
        ("bob@spam.example", " bob@spam.example ", True),
        ("bob@spam.example", "rob@spam.example", False),
        ("@spam.example", "anybody@spam.example", True),
        ("@spam.example", "anybody@notspam.example", False),
        ("@spam.example", "see bob@spam.example", False),
        ("bob@spam.example", "Bob <bob@spam.example>", True),
        ("bob@spam.example", "mailto:bob@spam.example", True),
        ("bob@spam.example", "bob@spam.example\u200b", True),
        ("@bücher.example", "x@xn--bcher-kva.example", True),
    ],
)
def test_addresses_of_the_block_list(service: Flask, listed: str, address: str, spam: bool) -> None:
    form = blocking(addresses=("other@example.org", listed))
    reasons = ["blocklist"] if spam else []
    assert judged(service, submission({"email": address}), form) == reasons
    assert judged(service, submission({"a": "b"}, control={"_replyto": address}), form) == reasons


@pytest.mark.parametrize(
    ("network", "client", "spam"),
    [
        ("192.0.2.0/24", "192.0.2.7", True),
        ("192.0.2.7/32", "192.0.2.7", True),
        ("192.0.3.0/24", "192.0.2.7", False),
        ("2001:db8::/32", "2001:db8::1", True),
        ("2001:db8::/32", "192.0.2.7", False),
        ("0.0.0.0/0", "unknown", False),
    ],
)
def test_networks_of_the_block_list(service: Flask, network: str, client: str, spam: bool) -> None:
    form = blocking(networks=("198.51.100.0/24", network))
    assert judged(service, submission(client=client), form) == (["blocklist"] if spam else [])


def from_clients(app: Flask, count: int, data: dict[str, Any], form: PublishedForm = ANY) -> list[list[str]]:
    return [judged(app, submission(data, client=f"192.0.2.{number}"), form) for number in range(count)]


def test_the_same_letter_from_many_clients(app: Flask) -> None:
    verdicts = from_clients(app, 6, LETTER)
    assert verdicts == [[]] * checks.MAX_CLIENTS + [["repeated"]] * 3
    assert judged(app, submission({**LETTER, "name": "Bob"})) == []
    assert judged(app, submission(), form_of({"name": "name", "type": "text"})) == ["repeated"]


def test_the_same_letter_from_one_client_again_and_again_is_no_wave(app: Flask) -> None:
    assert [judged(app, submission()) for _ in range(10)] == [[]] * 10


URL = "https://www.site.example/docs/getting-started/installation"
CHOICE = "I could not find what I was looking for on this page, and gave up"


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ({"coming": "yes", "menu": ["vegetarian"], "seats": "2"}, {}),
        ({"helpful": "yes", "page": URL}, {}),
        ({"helpful": "yes", "page": URL, "recipient": "sales@site.example"}, {}),
        ({"helpful": "yes", "page": URL}, {"helpful": "radio", "page": "hidden"}),
        ({"helpful": "yes", "page": URL}, {"helpful": "text", "page": "text"}),
        ({"ok": "yes", "campaign": "spring " * 20}, {"ok": "consent", "campaign": "hidden"}),
        ({"ok": "I agree to what is written in the terms of service"}, {"ok": "consent"}),
        ({"why": CHOICE}, {"why": "select"}),
        ({"why": [CHOICE]}, {"why": "multiselect"}),
        ({"why": CHOICE}, {}),
    ],
)
def test_answers_that_are_alike_are_no_wave(app: Flask, data: dict[str, Any], fields: dict[str, str]) -> None:
    form = form_of(*({"name": name, "type": kind} for name, kind in fields.items()))
    assert from_clients(app, 9, data, form) == [[]] * 9


@pytest.mark.parametrize("fields", [{}, {"message": "textarea"}, {"name": "text"}])
def test_what_a_person_writes_is_a_wave_without_an_address_too(app: Flask, fields: dict[str, str]) -> None:
    form = form_of(*({"name": name, "type": kind} for name, kind in fields.items()))
    assert from_clients(app, 4, {"message": LETTER["message"]}, form)[-1] == ["repeated"]


@pytest.mark.parametrize("fields", [{}, {"pages": "hidden", "message": "textarea"}])
def test_links_of_the_page_are_nobodys(service: Flask, fields: dict[str, str]) -> None:
    form = form_of(*({"name": name, "type": kind} for name, kind in fields.items()))
    tracking = {f"page{number}": URL for number in range(9)} if not fields else {"pages": f"{URL} " * 9}
    assert judged(service, submission({**tracking, "message": "Hello"}), form) == []
    assert judged(service, submission({**tracking, "message": f"{URL} " * 6}), form) == ["links"]


def test_a_wave_is_forgotten_after_a_day(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    assert from_clients(app, 4, LETTER)[-1] == ["repeated"]
    clock = time.time
    monkeypatch.setattr(time, "time", lambda: clock() + checks.DUPLICATE_WINDOW + 1)
    assert judged(app, submission()) == []


def test_two_services_in_a_process_count_by_themselves(make_app: MakeApp) -> None:
    one, other = make_app(), make_app()
    assert from_clients(one, 4, LETTER)[-1] == ["repeated"]
    assert from_clients(other, 1, LETTER) == [[]]


def test_spam_is_refused_when_the_disk_is_nearly_full(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "statvfs", lambda path: NearlyFull)
    assert judged(app, submission()) == []
    with pytest.raises(ServiceUnavailableError):
        judged(app, submission(honeypots=("_gotcha",)))

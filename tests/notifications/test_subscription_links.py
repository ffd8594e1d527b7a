"""Links in mails to recipients: only POST acts, at once, without a session."""

import logging
import re
from email.message import EmailMessage

import pytest
from sqlalchemy import select, update

from forms_service.config.parsers import Rate
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.delivery.models import Message
from forms_service.extensions import db
from forms_service.rate_limiting.limits import LIMITS
from tests.support.recipients import BOB, BROWSER, Recipients, links
from tests.support.stored import OWNER, make_form

ONE_CLICK = {"data": "List-Unsubscribe=One-Click", "content_type": "application/x-www-form-urlencoded"}


def mail_to(recipients: Recipients, email: str) -> EmailMessage:
    (mail,) = [mail for mail in recipients.deliver() if mail["To"] == email]
    return mail


@pytest.fixture
def notification(recipients: Recipients) -> EmailMessage:
    """A mail about a submission to BOB, who confirmed."""
    recipients.add_confirmed()
    recipients.submit()
    mail = mail_to(recipients, BOB)
    recipients.server.received.clear()
    return mail


def one_click_url(mail: EmailMessage) -> str:
    match = re.fullmatch(
        r"<(https://forms\.example\.com/recipients/unsubscribe\?token=[\w-]+)>", mail["List-Unsubscribe"]
    )
    assert match
    return match[1]


def test_every_mail_to_a_recipient_can_be_unsubscribed_by_one_click(
    recipients: Recipients, notification: EmailMessage
) -> None:
    assert notification["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    answer = recipients.post(one_click_url(notification), **ONE_CLICK)
    assert (answer.status_code, answer.json["message"]) == (200, "Unsubscribed.")
    assert "Set-Cookie" not in answer.headers
    assert recipients.statuses() == {OWNER: "active", BOB: "unsubscribed"}
    recipients.submit(name="Bob")
    assert recipients.mailed() == [OWNER]


@pytest.mark.parametrize("content_type", ["multipart/form-data; boundary=x", "text/plain", ""])
def test_one_click_needs_no_body_that_can_be_read(
    recipients: Recipients, notification: EmailMessage, content_type: str
) -> None:
    assert recipients.post(one_click_url(notification), data=b"?", content_type=content_type).status_code == 200
    assert recipients.statuses()[BOB] == "unsubscribed"


def test_one_click_again_says_that_it_is_done(recipients: Recipients, notification: EmailMessage) -> None:
    url = one_click_url(notification)
    pages = [recipients.post(url, headers=BROWSER) for _ in range(2)]
    assert [page.status_code for page in pages] == [200, 200]
    assert all("You are unsubscribed" in page.text for page in pages)


def test_what_was_queued_before_is_not_sent(recipients: Recipients, notification: EmailMessage) -> None:
    recipients.submit(name="Carol")
    recipients.post(one_click_url(notification), **ONE_CLICK)
    assert recipients.mailed() == [OWNER]
    with recipients.app.app_context():
        assert set(db.session.scalars(select(Message.state))) == {"sent", "suppressed"}


def test_the_owners_own_mails_are_paused_for_that_form_alone(recipients: Recipients) -> None:
    recipients.submit()
    mail = mail_to(recipients, OWNER)
    recipients.post(one_click_url(mail), **ONE_CLICK)
    recipients.server.received.clear()
    recipients.submit(name="Bob")
    assert recipients.deliver() == []
    assert recipients.statuses() == {OWNER: "unsubscribed"}
    recipients.form_id = make_form(recipients.app)
    recipients.submit()
    assert recipients.mailed() == [OWNER]


def test_get_and_head_of_every_link_change_nothing(recipients: Recipients, notification: EmailMessage) -> None:
    recipients.add("carol@example.com")
    mails = [notification, mail_to(recipients, "carol@example.com")]
    before = recipients.statuses()
    urls = {url for mail in mails for url in links(mail)}
    assert len(urls) == 3
    for url in urls:
        path = url.removeprefix("https://forms.example.com")
        assert recipients.get(url).status_code == 200
        assert recipients.client.head(path).status_code == 200
        assert recipients.client.get(path, headers={"Accept": "*/*"}).status_code == 200
    assert recipients.statuses() == before


def test_pages_have_one_button_and_leak_no_token(recipients: Recipients, notification: EmailMessage) -> None:
    recipients.add("carol@example.com")
    for url in (*links(notification), *links(mail_to(recipients, "carol@example.com"))):
        page = recipients.get(url)
        assert page.text.count("<button>") == 1
        assert "Contact" in page.text
        assert "<script" not in page.text
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["Cache-Control"] == "no-store"


def test_a_used_confirmation_says_so(recipients: Recipients) -> None:
    recipients.add()
    (url,) = links(mail_to(recipients, BOB), "confirm")
    assert "Confirmed" in recipients.post(url, headers=BROWSER).text
    for page in (recipients.get(url), recipients.post(url, headers=BROWSER)):
        assert "Confirmed already" in page.text
        assert "<button>" not in page.text


def test_a_confirmation_does_not_undo_an_unsubscription(recipients: Recipients) -> None:
    recipients.add()
    mail = mail_to(recipients, BOB)
    recipients.post(one_click_url(mail), **ONE_CLICK)
    assert "You are unsubscribed" in recipients.post(links(mail, "confirm")[0], headers=BROWSER).text
    assert recipients.statuses()[BOB] == "unsubscribed"


def test_people_may_subscribe_again(recipients: Recipients, notification: EmailMessage) -> None:
    url = one_click_url(notification)
    page = recipients.post(url, headers=BROWSER)
    (again,) = re.findall(r'action="(/recipients/subscribe\?token=[\w-]+)"', page.text)
    page = recipients.post(again, headers=BROWSER)
    assert "You are subscribed again" in page.text
    assert "<button" not in page.text
    assert recipients.statuses()[BOB] == "active"
    recipients.submit(name="Bob")
    assert recipients.mailed() == [BOB, OWNER]


def test_people_may_stop_the_mails_of_all_forms(recipients: Recipients, notification: EmailMessage) -> None:
    page = recipients.post(one_click_url(notification), headers=BROWSER)
    (block,) = re.findall(r'action="(/recipients/block\?token=[\w-]+)"', page.text)
    assert "all other forms" in recipients.post(block, headers=BROWSER).text
    recipients.form_id = make_form(recipients.app)
    added = recipients.add()
    assert (added["status"], added["suppressed_reason"]) == ("suppressed", "unsubscribe")
    assert recipients.deliver() == []


def test_one_link_of_a_digest_of_several_forms_unsubscribes_from_all_of_them(recipients: Recipients) -> None:
    """Sent in place of single mails, beyond 20 in 10 minutes."""
    forms = [recipients.form_id, make_form(recipients.app)]
    for number in range(24):
        recipients.form_id = forms[number % 2]
        recipients.submit(number=number)
    recipients.deliver()
    recipients.server.received.clear()
    with recipients.app.app_context(), write_session():
        db.session.execute(update(Message).where(Message.kind == "digest").values(next_attempt_at=now()))
        db.session.commit()
    (digest,) = recipients.deliver()
    recipients.post(one_click_url(digest), **ONE_CLICK)
    for recipients.form_id in forms:
        assert recipients.statuses() == {OWNER: "unsubscribed"}


@pytest.mark.parametrize("path", ["confirm", "unsubscribe", "subscribe", "block"])
def test_a_token_of_another_kind_or_none_does_nothing(
    recipients: Recipients, notification: EmailMessage, path: str
) -> None:
    token = one_click_url(notification).partition("=")[2]
    wrong = {"confirm": token}.get(path, token[:-2] + "AA")
    for sent in (wrong, "", "é", "A" * 5000, token[:10]):
        answer = recipients.client.post(f"/recipients/{path}", query_string={"token": sent})
        assert (answer.status_code, answer.json["codes"]) == (422, {"token": ["invalid_token"]})
    assert recipients.statuses()[BOB] == "active"


@pytest.mark.parametrize("path", ["confirm", "unsubscribe"])
def test_a_page_says_that_its_link_is_broken(recipients: Recipients, path: str) -> None:
    page = recipients.get(f"/recipients/{path}?token=broken")
    assert page.status_code == 422
    assert "<h1>This link is not valid</h1>" in page.text
    assert "This link is invalid. Open it again from the mail" in page.text


def test_a_link_of_a_removed_recipient_says_that_it_is_done(recipients: Recipients, notification: EmailMessage) -> None:
    (bob,) = [item for item in recipients.all() if item["email"] == BOB]
    recipients.remove(bob["id"])
    page = recipients.get(one_click_url(notification))
    assert (page.status_code, page.text.count("<button>")) == (200, 0)
    assert "You are unsubscribed" in page.text


def test_no_token_is_logged(
    recipients: Recipients, notification: EmailMessage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = one_click_url(notification)
    recipients.get(url)
    recipients.post(url, **ONE_CLICK)
    token = url.partition("token=")[2]
    assert caplog.records
    assert not any(token in f"{record.getMessage()} {vars(record)}" for record in caplog.records)


def test_one_link_changes_only_so_much_an_hour(recipients: Recipients) -> None:
    recipients.add_confirmed()
    recipients.submit()
    (mail,) = [mail for mail in recipients.deliver() if mail["To"] == BOB]
    unsubscribe = links(mail, "unsubscribe")[0]
    subscribe = unsubscribe.replace("/unsubscribe?", "/subscribe?")
    rate = LIMITS["subscription"].rate
    assert isinstance(rate, Rate)
    statuses = [recipients.post((unsubscribe, subscribe)[turn % 2]).status_code for turn in range(rate.requests + 1)]
    assert statuses == [*[200] * (rate.requests - 1), 429, 429]  # one was spent to confirm
    assert recipients.get(unsubscribe).status_code == 200

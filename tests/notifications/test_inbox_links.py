"""Links to the console in mails: for the owner of the form, who alone can open them."""

from collections import defaultdict
from email.message import EmailMessage

import pytest

from forms_service.delivery.digests import MAX_MAILS
from forms_service.notifications.recipients import digests
from tests.notifications.test_recipient_digests import make_due
from tests.support.definitions import PNG, file_part, multipart, text_part
from tests.support.delivery_clock import movable_clock
from tests.support.mails import html_of, text_of
from tests.support.recipients import BOB, Recipients
from tests.support.stored import OWNER

CONSOLE = "https://forms.example.com/console/"


@pytest.fixture
def everybody(recipients: Recipients) -> Recipients:
    recipients.add_confirmed()
    return recipients


def texts(recipients: Recipients) -> dict[str, str]:
    """Address → the plain parts of all mails to it."""
    plain: dict[str, str] = defaultdict(str)
    for mail in recipients.deliver():
        plain[mail["To"]] += lines_of(mail)
    return plain


def lines_of(mail: EmailMessage) -> str:
    return text_of(mail).replace("\r\n", "\n")


def test_the_owner_gets_links_to_submission_and_file_and_others_get_none(everybody: Recipients) -> None:
    body = multipart(text_part("name", "Ann"), file_part("cv", "photo.png", PNG))
    assert everybody.client.post(f"/f/{everybody.form_id}", **body).status_code == 200
    (submission,) = everybody.client.get(f"/api/forms/{everybody.form_id}/submissions", headers=everybody.headers).json[
        "data"
    ]
    address = f"{CONSOLE}submissions/{submission['id']}"
    mails = {mail["To"]: mail for mail in everybody.deliver()}
    assert f"Open in the inbox: {address}\n" in lines_of(mails[OWNER])
    assert f'<a href="{address}">Open in the inbox</a>' in html_of(mails[OWNER])
    assert f"  photo.png (76 bytes)\n{address}/files/1\n" in lines_of(mails[OWNER])
    for part in (lines_of(mails[BOB]), html_of(mails[BOB])):
        assert CONSOLE not in part
        assert "photo.png" in part
        assert "Open in the inbox" not in part


def test_a_mail_without_content_has_the_link_too(recipients: Recipients) -> None:
    (owner,) = recipients.all()
    recipients.change(owner["id"], content="none")
    recipients.submit(name="Ann")
    assert f"Open in the inbox: {CONSOLE}submissions/" in texts(recipients)[OWNER]


def test_a_digest_links_each_submission_for_the_owner(everybody: Recipients) -> None:
    for recipient in everybody.all():
        everybody.change(recipient["id"], frequency="daily")
    everybody.submit(name="Ann")
    make_due(everybody)
    with everybody.app.app_context():
        digests.queue_due()
    mails = texts(everybody)
    assert f"\n  {CONSOLE}submissions/" in mails[OWNER]
    assert f"All of them: {CONSOLE}forms/{everybody.form_id}\n" in mails[OWNER]
    assert CONSOLE not in mails[BOB]
    assert "All of them" not in mails[BOB]


def test_a_flood_leads_the_owner_to_the_inbox(everybody: Recipients, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(MAX_MAILS + 1):
        everybody.submit(name=f"Ann {number}")
    clock = movable_clock(monkeypatch)
    everybody.deliver()
    clock(minutes=1)
    mails = texts(everybody)
    assert f"Contact: 1 more\n{CONSOLE}forms/{everybody.form_id}?since=" in mails[OWNER]
    assert "Contact: 1 more\n\n" in mails[BOB]
    assert CONSOLE not in mails[BOB]

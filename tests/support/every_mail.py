"""Everything that makes the service send a mail, so that each kind leaves at least once."""

from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

from flask import Flask
from sqlalchemy import select, update

from forms_service.accounts import emails
from forms_service.accounts.models import Account
from forms_service.accounts.service import email_index
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.delivery import service, worker
from forms_service.delivery.models import Message
from forms_service.extensions import db
from forms_service.notifications.recipients import digests
from forms_service.notifications.recipients.models import Recipient
from forms_service.webhooks.models import Webhook
from tests.support.mail_server import MailServer
from tests.support.people import People
from tests.support.puzzles import solved
from tests.support.receiver import Receiver, Reply
from tests.support.recipients import Recipients, links
from tests.support.servers import ROOT
from tests.support.visitors import CONTACT, OWNER, form_for

MAILS = ROOT / "forms_service/templates/mails"
KINDS = {path.parent.name for path in MAILS.glob("*/subject.txt")}

SETTINGS = {
    "BACKGROUND_WORK": "outside",
    "OUTBOUND_ALLOW": "127.0.0.1/32",
    "PUBLIC_URL": "https://forms.example.com",
    "MAIL_FROM": "forms@service.example",
    "RATE_LIMIT_ENABLED": "false",
    "REPLY_RATE_LIMITS": "3/3600,50/86400,1000/86400",
}
"""Of a service whose forms soon reach their limit of replies."""

REPLY = {"subject": "We got it, {name}", "text": "Hello {name},\n{message}\n{form}", "copy": True}
OPT_IN = {"subject": "Please confirm, {name}", "text": "{name}, {message}: open {link} of {form}"}


class EveryMail:
    """A service with an owner, visitors and recipients who type the same text everywhere."""

    def __init__(self, app: Flask, server: MailServer, receiver: Receiver, headers: dict[str, str], typed: str) -> None:
        self.app, self.server, self.receiver, self.headers, self.typed = app, server, receiver, headers, typed
        self.people = People(app, server)
        self.form = form_for(app, CONTACT, name=typed, subject="{name}: {form}")
        self.careful = form_for(
            app, CONTACT, name=typed, challenge="altcha", reply=REPLY, double_opt_in=OPT_IN, subject="{name}"
        )

    def send_all(self, move_clock: Callable[..., None]) -> list[EmailMessage]:
        """Send each kind; return all mails."""
        self.send_account_mails()
        self.tell_recipients()
        self.invite_members()
        self.ask_people()
        self.reach_limits()
        self.fail_webhooks()
        move_clock(minutes=11)
        self.people.deliver()
        return self.server.received

    def kinds(self) -> set[str]:
        """The kinds that have left."""
        with self.app.app_context():
            query = select(Message.kind).where(Message.channel == "mail", Message.state == "sent")
            return set(db.session.scalars(query))

    def answers(self, email: str) -> dict[str, Any]:
        return {"name": self.typed, "email": email, "message": f"{self.typed}\n{self.typed}", "more": self.typed}

    def fill(self, form: str, email: str = "ann@example.com", **more: Any) -> dict[str, Any]:
        """Somebody fills in a form."""
        response = self.people.submit(form, **self.answers(email), **more)
        self.people.deliver()
        data: dict[str, Any] = response.json["data"]
        return data

    def fill_carefully(self, email: str) -> dict[str, Any]:
        """Somebody fills in the form with a challenge and a double opt-in."""
        return self.fill(self.careful, email, altcha=solved(self.app, self.careful))

    def send_account_mails(self) -> None:
        with self.app.app_context():
            with write_session():
                owner = db.session.scalars(select(Account).where(Account.email_index == email_index(OWNER))).one()
                for send in (
                    emails.send_confirmation,
                    emails.send_already_registered,
                    emails.send_reset_link,
                    emails.send_password_changed,
                    emails.send_password_reset,
                    emails.send_address_changing,
                ):
                    send(owner)
                emails.send_new_address_link(owner, "new@example.com")
                emails.send_address_changed(owner, "old@example.com")
                emails.send_new_key(owner, self.typed)
                db.session.commit()
            service.send_test("operator@example.com")
            worker.deliver_due()

    def tell_recipients(self) -> None:
        """One at once, one by digest, one who has not confirmed."""
        recipients = Recipients(self.app, self.headers, self.form, self.server)
        for email, frequency in (("bob@example.com", "instant"), ("carol@example.com", "hourly")):
            recipients.add(email, frequency=frequency)
            (mail,) = self.people.mails_to(email)
            assert recipients.post(links(mail, "confirm")[0]).status_code == 200
        recipients.add("dora@example.com")
        self.fill(self.form)
        with self.app.app_context():
            with write_session():
                due = update(Recipient).where(Recipient.next_digest_at.is_not(None))
                db.session.execute(due.values(next_digest_at=now()))
                db.session.commit()
            digests.queue_due()
        self.people.deliver()

    def invite_members(self) -> None:
        body = {"email": "colleague@example.com", "role": "editor"}
        answer = self.people.client.post(f"/api/forms/{self.form}/members", json=body, headers=self.headers)
        assert answer.status_code == 201, answer.text

    def ask_people(self) -> None:
        """One who confirms and withdraws, one who confirms, one who does nothing."""
        for email, pages in (
            ("withdrawn@example.com", ("confirm", "withdraw")),
            ("confirmed@example.com", ("confirm",)),
            ("waiting@example.com", ()),
        ):
            self.fill_carefully(email)
            for page in pages:
                assert self.people.press(self.people.link_to(email, page)).status_code == 200
                self.people.deliver()

    def reach_limits(self) -> None:
        for settings in ({"reply": {"subject": "Thanks", "text": "Hello, {form}"}}, {"double_opt_in": OPT_IN}):
            form = form_for(self.app, CONTACT, name=self.typed, **settings)
            for number in range(5):
                self.fill(form, f"stranger{number}@example.com")
        for number in range(16):  # the owner's digest
            self.fill(self.form, f"more{number}@example.com")

    def fail_webhooks(self) -> None:
        """An endpoint fails for hours, and then says that it is gone."""
        form = form_for(self.app, CONTACT, name=self.typed)
        hook = {"url": self.receiver.url(), "description": self.typed}
        response = self.people.client.post(f"/api/forms/{form}/webhooks", json=hook, headers=self.headers)
        assert response.status_code == 201, response.text
        for number, status in enumerate((500, 500, 410)):
            self.receiver.reply = Reply(status)
            self.fill(form, f"after{number}@example.com")
            self.people.deliver()
            with self.app.app_context(), write_session():
                failing = update(Webhook).where(Webhook.failing_since.is_not(None))
                db.session.execute(failing.values(failing_since=now() - timedelta(hours=2)))
                db.session.commit()

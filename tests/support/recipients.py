"""Recipients of a form, as its owner manages them and as mails reach them."""

import re
from email.message import EmailMessage
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from forms_service.delivery import suppressions, worker
from tests.support.mail_server import MailServer

BOB = "bob@example.com"
BROWSER = {"Accept": "text/html"}


class Recipients:
    """The recipients of one form."""

    def __init__(self, app: Flask, headers: dict[str, str], form_id: str, server: MailServer) -> None:
        self.app, self.headers, self.form_id, self.server = app, headers, form_id, server
        self.client = app.test_client()

    @property
    def path(self) -> str:
        return f"/api/forms/{self.form_id}/recipients"

    def add(self, email: str = BOB, status: int = 201, **values: Any) -> Any:
        """Add one; what the answer says about it."""
        answer = self.client.post(self.path, json={"email": email, **values}, headers=self.headers)
        assert answer.status_code == status, answer.text
        return answer.json["data"] if status == 201 else answer.json

    def add_confirmed(self, email: str = BOB, **values: Any) -> Any:
        """Add one who confirms; the mail for that is forgotten."""
        added = self.add(email, **values)
        (mail,) = [mail for mail in self.deliver() if mail["To"] == email]
        assert self.post(links(mail, "confirm")[0]).status_code == 200
        self.server.received.clear()
        return added

    def change(self, recipient_id: str, status: int = 200, **values: Any) -> Any:
        answer = self.client.patch(f"/api/recipients/{recipient_id}", json=values, headers=self.headers)
        assert answer.status_code == status, answer.text
        return answer.json["data"] if status == 200 else answer.json

    def remove(self, recipient_id: str, status: int = 200) -> None:
        answer = self.client.delete(f"/api/recipients/{recipient_id}", headers=self.headers)
        assert answer.status_code == status, answer.text

    def all(self) -> list[dict[str, Any]]:
        answer = self.client.get(self.path, headers=self.headers)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json["data"]
        return items

    def statuses(self) -> dict[str, str]:
        return {item["email"]: item["status"] for item in self.all()}

    def submit(self, **data: Any) -> None:
        """Somebody fills in the form."""
        answer = self.client.post(f"/f/{self.form_id}", json=data or {"name": "Ann"})
        assert answer.status_code == 200, answer.text

    def deliver(self) -> list[EmailMessage]:
        """Deliver what is due; every mail so far."""
        with self.app.app_context():
            worker.deliver_due()
        return self.server.received

    def mailed(self) -> list[str]:
        """Who got the mails so far, in the alphabet's order."""
        return sorted(mail["To"] for mail in self.deliver())

    def suppress(self, email: str, reason: str = "bounce") -> None:
        with self.app.app_context():
            suppressions.suppress(email, reason)

    def get(self, url: str) -> TestResponse:
        """Open a page by a link of a mail, without a session."""
        return self.app.test_client().get(url.removeprefix("https://forms.example.com"), headers=BROWSER)

    def post(self, url: str, **values: Any) -> TestResponse:
        """Press the button behind a link, without a session."""
        client = self.app.test_client(use_cookies=False)
        return client.post(url.removeprefix("https://forms.example.com"), **values)


def links(mail: EmailMessage, purpose: str = "") -> list[str]:
    """The URLs of ours in a mail: header and all parts."""
    texts = [mail.get("List-Unsubscribe", "")]
    texts += [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    pattern = rf"https://forms\.example\.com/recipients/{purpose or '[a-z]+'}\?token=[\w-]+"
    return list(dict.fromkeys(url for text in texts for url in re.findall(pattern, text)))

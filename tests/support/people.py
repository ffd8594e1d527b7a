"""People who submit a form and read the mails they get."""

import re
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forms_service.delivery import worker
from tests.support.mail_server import MailServer
from tests.support.visitors import JSON

URL = re.compile(r"https?://\S+")
REPLY = {"subject": "We got it ({reference})", "text": "Hello {name},\nwe answer soon. {form}"}
OPT_IN = {"subject": "Please confirm", "text": "Please open {link} to confirm."}


class People:
    """Visitors of a service whose mails leave when `deliver` is called."""

    def __init__(self, app: Flask, server: MailServer) -> None:
        self.app, self.server = app, server
        self.client: FlaskClient = app.test_client()

    def submit(self, form_id: str, **data: Any) -> TestResponse:
        response = self.client.post(f"/f/{form_id}", json=data, headers=JSON)
        assert response.status_code == 200, response.text
        return response

    def deliver(self) -> None:
        with self.app.app_context():
            worker.deliver_due()

    def mails_to(self, address: str) -> list[EmailMessage]:
        """Deliver what waits; return all mails that the address has had so far."""
        self.deliver()
        return [mail for mail in self.server.received if mail["To"] == address]

    def one_mail_to(self, address: str) -> EmailMessage:
        (mail,) = self.mails_to(address)
        return mail

    def link_to(self, address: str, page: str) -> str:
        """Return path and query of the link to a page in the newest mail to an address that has one."""
        for mail in reversed(self.mails_to(address)):
            for url in URL.findall(text_of(mail)):
                parts = urlsplit(url)
                if parts.path.endswith(f"/{page}"):
                    return f"{parts.path}?{parts.query}"
        raise AssertionError(f"no link to {page}")

    def press(self, link: str) -> TestResponse:
        """Press the button on the page behind a link."""
        path, _, token = link.partition("?token=")
        return self.client.post(path, data={"token": token}, headers={"Accept": "text/html"})


def text_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")

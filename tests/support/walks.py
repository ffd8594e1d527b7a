"""People in browsers: their clicks are counted, and they read the mails that a served instance writes to files."""

import re
import time
from collections.abc import Mapping
from email import message_from_string
from email.policy import default
from typing import Any

from tests.support.accounts import PASSWORD
from tests.support.servers import TIMEOUT, Server


class Person:
    """Somebody with a browser of their own; `clicks` since the last `clicks = 0`."""

    def __init__(self, browser: Any, server: Server, email: str, has_scripts: bool) -> None:
        self.server, self.email, self.has_scripts = server, email, has_scripts
        self.context = browser.new_context(java_script_enabled=has_scripts)
        self.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.tab = self.context.new_page()
        self.tab.set_default_timeout(1000 * TIMEOUT)
        self.messages: list[str] = []
        self.tab.on("console", lambda message: self.messages.append(message.text))
        self.clicks = 0

    def open(self, path: str) -> None:
        self.tab.goto(self.server.url + path)

    def click(self, selector: str) -> None:
        self.clicks += 1
        self.tab.click(selector)

    def fill(self, values: Mapping[str, str]) -> None:
        for name, value in values.items():
            self.tab.fill(f"main [name={name}]", value)

    def text(self, selector: str = "main") -> str:
        return str(self.tab.inner_text(selector))

    def sign_up(self, first_name: str) -> None:
        """Sign up, and confirm by the link in the mail."""
        self.open("/signup")
        self.fill({"first_name": first_name, "last_name": "Example", "email": self.email, "password": PASSWORD})
        self.click("main button")
        self.follow_mail("confirm")
        self.fill({"password": PASSWORD})
        self.click("main button")

    def sign_in(self) -> None:
        self.fill({"email": self.email, "password": PASSWORD})
        self.click("main button")

    def follow_mail(self, kind: str, path: str = r"/\S+", about: str = "") -> None:
        """Click the first link to such a path in the newest mail of a kind, once it is there."""
        self.clicks += 1
        self.open(self._link_in_mail(kind, path, about))

    def _link_in_mail(self, kind: str, path: str, about: str) -> str:
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            for file in sorted(self.server.folder.rglob(f"outbox/*-{kind}-*.eml"), reverse=True):
                mail = message_from_string(file.read_text(), policy=default)
                text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]  # there is one
                if mail["To"] == self.email and about in text:
                    return str(re.findall(rf"http://[^/\s]+({path})", text)[0])
            time.sleep(0.1)
        raise AssertionError(f"no {kind} mail for {self.email}")

    def close(self) -> None:
        self.context.close()

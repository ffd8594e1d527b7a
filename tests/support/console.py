"""Browsers without a script: they keep cookies, follow links and press buttons of the console."""

import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.accounts import BROWSER, PASSWORD

TOKEN = re.compile(r'name="csrf_token" value="([0-9a-f]{64})"')
ORIGIN = "http://127.0.0.1:5000"


class Visitor:
    """Somebody at the console."""

    def __init__(self, app: Flask, path: str = "", origin: str = ORIGIN) -> None:
        self.client: FlaskClient = app.test_client()
        self.path, self.origin = path, origin

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, base_url=self.origin, headers={**BROWSER, **headers})

    def post(self, path: str, fields: dict[str, Any], **headers: str) -> TestResponse:
        """Send a form as a browser over plain http does; `Origin=""` leaves the header out."""
        sent = {name: value for name, value in {**BROWSER, "Origin": self.origin, **headers}.items() if value}
        return self.client.post(path, base_url=self.origin, data=fields, headers=sent)

    def press(self, page: str, action: str | None = None, **headers: str) -> TestResponse:
        """Open a page and press one of its buttons."""
        fields = {"csrf_token": self.token(page), **({"action": action} if action else {})}
        return self.post(page, fields, **headers)

    def send(self, path: str, page: str = "", **fields: Any) -> TestResponse:
        """Fill in a form of a page and send it to a path, by default the page's own."""
        return self.post(path, {"csrf_token": self.token(page or path), **fields})

    def token(self, page: str) -> str:
        match = TOKEN.search(self.get(page).text)
        assert match
        return match[1]

    def sign_in(self, email: str = "owner@example.com", password: str = PASSWORD, next_path: str = "") -> TestResponse:
        query = f"?next={next_path}" if next_path else ""
        token = self.token(f"/console/sign-in{query}")
        values = {"email": email, "password": password, "next": next_path, "csrf_token": token}
        return self.post("/console/sign-in", values)

    def cookie(self, name: str = "forms_session", path: str = "/console") -> str | None:
        held = self.client.get_cookie(name, "127.0.0.1", path)
        return held.value if held else None

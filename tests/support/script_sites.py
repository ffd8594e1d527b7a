"""A service with forms for scripts, and another site whose pages load them under a strict policy."""

import json
import time
from pathlib import Path
from typing import Any

from tests.conftest import QUICK
from tests.support import servers
from tests.support.api_keys import make_key
from tests.support.servers import Server, free_port
from tests.support.visitors import form_for
from tests.support.websites import Site

FIELDS = [
    {"name": "name", "type": "text", "label": "Your name", "required": True},
    {
        "name": "email",
        "type": "email",
        "label": "E-mail",
        "required": True,
        "help": "See [privacy](https://a.example/).",
    },
    {"name": "topics", "type": "multiselect", "label": "Topics", "choices": ["sales", "support"]},
    {"name": "cv", "type": "file", "label": "CV", "accept": ".pdf"},
    {"name": "message", "type": "textarea", "label": "Message"},
    {"name": "action", "type": "hidden"},
]
Fields = list[dict[str, Any]]
FORMS: dict[str, dict[str, Any]] = {
    "any": {},
    "altcha": {"challenge": "altcha"},
    "others": {"allowed_origins": ["https://other.example"]},
    "closed": {"closed": True},
}


class ScriptSite:
    """The service under a path, and the site."""

    def __init__(self, folder: Path, built: Path | None = None, fields: Fields = FIELDS) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/forms"
        self.built = built or folder
        self.site = Site(built)
        environment = {**QUICK, "RATE_LIMIT_ENABLED": "false", "PUBLIC_URL": self.url}
        with servers.filled(folder, environment) as app:
            self.app, self.key = app, make_key(app)
            listed = {"allowed_origins": [self.site.origin], "redirect_urls": []}
            self.forms = {name: form_for(app, fields, **more) for name, more in {**FORMS, "listed": listed}.items()}
            self.forms["loose"] = form_for(app, FIELDS[1:2])
        self.server = Server(folder, environment, "--bind", f"127.0.0.1:{port}")

    def address(self, form: str) -> str:
        return f"{self.url}/f/{self.forms[form]}"

    def open(self, page: Any, path: str, form: str = "any", **values: str) -> None:
        """Show a page of the site with this form."""
        self.site.values = {
            "service": self.url,
            "form": self.address(form),
            "id": self.forms[form],
            "next": "",
            **values,
        }
        page.goto(f"{self.site.origin}/script/{path}")

    def stored(self, form: str = "any") -> list[dict[str, Any]]:
        """Submissions of a form, newest first; a script is too fast for a person, so spam as well."""
        path = f"/api/forms/{self.forms[form]}/submissions?status=inbox,spam"
        return list(self.server.get(path, headers=self.key).json()["data"])

    def wait_for(self, email: str, form: str = "any", count: int = 1) -> list[dict[str, Any]]:
        """The submissions of an address, once there are so many."""
        until = time.monotonic() + 20
        while True:
            submissions = [item for item in self.stored(form) if item["data"].get("email") == email]
            if len(submissions) >= count or time.monotonic() > until:
                assert len(submissions) == count, json.dumps(submissions)
                return submissions
            time.sleep(0.1)

    def close(self) -> None:
        self.server.stop()
        self.site.close()

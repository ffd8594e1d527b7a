"""Recipients, a webhook that fails, a reply and members of the form of a sample service, all with long names."""

import time
from typing import Any

import requests

from tests.support.members import account_id_of
from tests.support.receiver import Receiver, Reply
from tests.support.sample_service import SampleService
from tests.support.servers import TIMEOUT
from tests.support.stored import OWNER

LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
ADDRESS = f"{LONG[:30].lower()}@{'a' * 60}.example"
SETTINGS = {
    "reply": {"subject": "We got it ({reference})", "text": f"Hello {{name}},\n{LONG}"},
    "theme": {"color": "#ffff00"},
    "retention_days": 365,
    "allowed_origins": [f"https://{'a' * 60}.example"],
}


class Connections:
    """They are made by the API; `arguments` are those of the console's pages about them."""

    def __init__(self, service: SampleService, receiver: Receiver) -> None:
        self.service, self.form = service, f"/api/forms/{service.form}"
        self._call("PATCH", self.form, settings=SETTINGS)
        recipient = self._call("POST", f"{self.form}/recipients", email=ADDRESS)
        for email in (ADDRESS, "colleague@example.com"):
            self._call("POST", f"{self.form}/members", email=email, role="editor")
        receiver.reply = Reply(500, body=LONG.encode())
        webhook = self._call("POST", f"{self.form}/webhooks", url=receiver.url(f"/{LONG}"), description=LONG)
        assert service.server.post(f"/f/{service.form}", json=visitor()).status_code == 200
        self._wait_for_failure(webhook["id"])
        self.arguments = {
            "form_id": service.form,
            "submission_id": service.submission,
            "recipient_id": recipient["id"],
            "webhook_id": webhook["id"],
            "account_id": str(account_id_of(service.app, OWNER)),
            "number": 1,
        }

    def _call(self, method: str, path: str, **body: Any) -> Any:
        url, headers = self.service.url + path, self.service.headers
        answer = requests.request(method, url, json=body or None, headers=headers, timeout=TIMEOUT)
        assert answer.ok, answer.text
        return answer.json()["data"]

    def _wait_for_failure(self, webhook_id: str) -> None:
        deadline = time.monotonic() + TIMEOUT
        while not self._call("GET", f"/api/webhooks/{webhook_id}")["failing_since"]:
            assert time.monotonic() < deadline, "the webhook was not tried"
            time.sleep(0.1)


def visitor() -> dict[str, Any]:
    """Values that the form of a sample service accepts."""
    return {
        "name": "Ann",
        "email": "ann@example.com",
        "topic": "A project",
        "message": LONG,
        "agreed": "on",
    }

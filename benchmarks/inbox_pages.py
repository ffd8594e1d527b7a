"""`python -m benchmarks.inbox_pages [ROWS]`: the console's inbox of a form with that many submissions, and its HTML.

Each page stands beside the same page of a form with a thousand, and beside the account page, which reads no submission.
"""

import http.client
import re
import statistics
import tempfile
import time
from urllib.parse import urlencode

from benchmarks.inbox import LARGE, SMALL, fill
from benchmarks.servers import Running, running

PASSWORD = "Correct-horse-7"
REPEATED = 51
PAGES = (
    ("first page", "/console/forms/{form}"),
    ("unread only", "/console/forms/{form}?unread=true"),
    ("read only", "/console/forms/{form}?unread=false"),
    ("spam, empty", "/console/forms/{form}?status=spam"),
    ("second page", "{next}"),
    ("a submission", "{submission}"),
)


class Browser:
    """Signed in as the owner."""

    def __init__(self, server: Running) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self._origin = f"http://127.0.0.1:{server.port}"
        self._cookie = ""
        page = self.get("/console/sign-in")
        token = re.findall(r'name="csrf_token" value="(\w+)"', page)[0]
        self._send(
            "POST", "/console/sign-in", {"email": "owner@example.com", "password": PASSWORD, "csrf_token": token}
        )

    def get(self, path: str) -> str:
        """The HTML of a page."""
        return self._send("GET", path)

    def timed(self, path: str) -> tuple[float, int]:
        """Milliseconds of a page, the median, and its size in bytes."""
        took = []
        for _ in range(REPEATED):
            started = time.perf_counter()
            text = self.get(path)
            took.append((time.perf_counter() - started) * 1000)
        return statistics.median(took[1:]), len(text.encode())

    def _send(self, method: str, path: str, fields: dict[str, str] | None = None) -> str:
        headers = {"Accept": "text/html", "Cookie": self._cookie, "Origin": self._origin}
        headers |= {"Content-Type": "application/x-www-form-urlencoded"} if fields else {}
        self._connection.request(method, path, urlencode(fields) if fields else None, headers)
        answer = self._connection.getresponse()
        text = answer.read().decode()
        if answer.status not in (200, 303):
            raise SystemExit(f"{path}: {answer.status} {text[:200]}")
        cookie = answer.headers["Set-Cookie"]
        self._cookie = cookie.partition(";")[0] if cookie and "forms_session" in cookie else self._cookie
        return text


def paths(browser: Browser, form: str) -> list[tuple[str, str]]:
    """What to ask for of a form: its pages, and one submission in the middle of the first."""
    text = browser.get(f"/console/forms/{form}")
    older = re.findall(r'href="([^"]*cursor=[^"]*)">Older', text)[0].replace("&amp;", "&")
    submission = re.findall(r'href="(/console/submissions/[^"]*)"', text)[12]
    return [(name, path.format(form=form, next=older, submission=submission)) for name, path in PAGES]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        fill(folder)
        settings = {"INSTANCE_PATH": folder, "RATE_LIMIT_ENABLED": "false"}
        with running("wsgi:app", "/health/live", **settings) as server:
            browser = Browser(server)
            floor, _ = browser.timed("/console/account")
            print(f"{'':16}{'ms':>8}{'of 1,000':>10}{'of account':>12}{'kB':>7}")
            for (name, large), (_, small) in zip(paths(browser, LARGE), paths(browser, SMALL), strict=True):
                took, size = browser.timed(large)
                base, _ = browser.timed(small)
                print(f"{name:16}{took:8.1f}{took / base:10.2f}{took / floor:12.2f}{size / 1000:7.1f}")

"""The service under a path of a site: behind each proxy of `deploy/` with TLS, and in Apache by mod_wsgi."""

import email
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.policy import default
from pathlib import Path
from urllib.parse import urljoin

import pytest

from forms_service import setup_command
from tests.support import mod_wsgi
from tests.support.accounts import PASSWORD
from tests.support.certificates import Authority
from tests.support.html_forms import Forms
from tests.support.mails import text_of
from tests.support.reverse_proxies import program
from tests.support.servers import ROOT, TIMEOUT, Server, filled, free_port
from tests.support.tls_proxies import TLS_PROXIES, running
from tests.support.visitors import OWNER, form_for

pytestmark = pytest.mark.slow

NAME = "forms.example.com"
URL = f"https://{NAME}/forms"
SETTINGS = {
    "ENVIRONMENT": "testing",
    "PUBLIC_URL": URL,
    "TRUSTED_PROXIES": "1",
    "LOG_CLIENT": "full",
    "BCRYPT_ROUNDS": "4",
    "RATE_LIMIT_ENABLED": "false",
}
CHANGE = re.compile(r"^\| `deploy/(\S+)`.*?\| `(.+?)` \| `(.+?)` \|$", re.MULTILINE)
LINK = re.compile(r'(?:href|src)="((?:/|http)[^"#]+)"')
STARTED = "Background work started."


def edited(name: str, text: str, port: int) -> str:
    """A shipped file, changed for the path as the documentation says."""
    if name == "caddy":
        values = setup_command.proxy_values(URL)
        text = setup_command.TEMPLATES.get_template("Caddyfile").render(values)
    for file, before, after in CHANGE.findall((ROOT / "docs/proxies.md").read_text()):
        if file.startswith(name.removesuffix("2")):
            assert before in text
            head, separator, tail = text.rpartition(before)  # in nginx.conf the server of port 443 is the last one
            text = head + separator.replace(before, after) + tail
    return text.replace("127.0.0.1:8000", f"127.0.0.1:{port}")


@dataclass
class Answer:
    status: int
    headers: str
    text: str

    @property
    def location(self) -> str:
        match = re.search(r"^location: (\S+)", self.headers, re.MULTILINE | re.IGNORECASE)
        assert match, self.headers
        return match[1]


@dataclass
class Site:
    """The service, as a browser at https://forms.example.com gets it."""

    folder: Path
    instance: Path
    log: Path
    port: int
    form: str

    def ask(self, path: str, *options: str) -> Answer:
        words = ["curl", "-sSi", "--http1.1", "--cacert", self.folder / "authority.pem", *options]
        words += ["--connect-to", f"::127.0.0.1:{self.port}", "-m", str(TIMEOUT), urljoin(f"{URL}/", path)]
        done = subprocess.run(words, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        head, _, body = done.stdout.decode().partition("\r\n\r\n")
        return Answer(int(head.split()[1]), head.replace("\r", ""), body)

    def browse(self, path: str, fields: dict[str, str] | None = None) -> Answer:
        """Keep cookies, as a browser does."""
        jar = str(self.folder / "cookies")
        data = [word for name, value in (fields or {}).items() for word in ("--data-urlencode", f"{name}={value}")]
        return self.ask(path, "-b", jar, "-c", jar, "-H", "Accept: text/html", "-H", f"Origin: https://{NAME}", *data)

    def post(self, message: str) -> int:
        return self.ask(f"f/{self.form}", "--json", f'{{"message": "{message}"}}').status


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """The service as all three proxies have it, with a form."""
    folder = tmp_path_factory.mktemp("behind")
    with filled(folder, SETTINGS) as app:
        form = form_for(app)
    started = Server(folder, SETTINGS)
    yield started, form
    started.stop()


@pytest.fixture(scope="module", params=[*TLS_PROXIES, "mod_wsgi"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    name = request.param
    if not program("apache2" if name == "mod_wsgi" else name):
        pytest.skip(f"needs {name}")
    # pytest's folders are private: mod_wsgi looks for the virtual environment as its user
    folder = Path(tempfile.mkdtemp()) if name == "mod_wsgi" else tmp_path_factory.mktemp(f"path-{name}")
    folder.chmod(0o755)
    Authority(folder).server_context(NAME)
    certificate, port = folder / f"{NAME}.pem", free_port()
    if name == "mod_wsgi":
        if not mod_wsgi.loads_this_python():
            pytest.skip("needs libapache2-mod-wsgi-py3 for this minor version of Python")
        clone = folder / "clone"
        clone.mkdir()
        with filled(clone / "instance", SETTINGS) as app:
            form = form_for(app)
        (clone / ".env").touch(0o600)
        (clone / ".env").write_text("".join(f"{key}={value}\n" for key, value in SETTINGS.items()))
        words = mod_wsgi.configure(folder, clone, certificate, port)
        made = Site(folder, clone / "instance", folder / "apache.log", port, form)
    else:
        service, form = request.getfixturevalue("server")
        edit = lambda text: edited(name, text, service.port)  # noqa: E731
        words = TLS_PROXIES[name](folder, certificate, port, free_port(), edit)
        made = Site(folder, service.folder, service.log, port, form)
    with running(words, folder, port):
        yield made
    if name == "mod_wsgi":
        shutil.rmtree(folder)


def test_a_visitor_finds_and_sends_the_form(site: Site) -> None:
    page = site.browse(f"f/{site.form}")
    assert page.status == 200, page
    for link in LINK.findall(page.text):
        assert site.ask(link).status == 200, link
    ((action, values),) = Forms(page.text).all
    sent = site.browse(action, {**values, "message": "Hello"})
    assert sent.status == 303, sent
    assert sent.location.removeprefix(f"https://{NAME}").startswith(f"/forms/f/{site.form}/thanks")
    assert site.browse(sent.location).status == 200
    script = site.ask(f"f/{site.form}.js")
    assert (script.status, f"{URL}/f/{site.form}" in script.text) == (200, True)
    assert site.ask("static/forms.js").status == 200
    assert site.ask("health/ready").status == 200


def test_the_owner_follows_the_link_of_a_mail_through_signing_in(site: Site) -> None:
    assert site.post("mailed") == 200
    until, mails = time.monotonic() + TIMEOUT, []
    while not mails and time.monotonic() < until:
        time.sleep(0.1)
        mails = list((site.instance / "outbox").glob("*-submission-*.eml"))
    text = text_of(email.message_from_bytes(mails[0].read_bytes(), policy=default))
    (link,) = re.findall(r"https://\S+/console/\S+", text)
    assert link.startswith(f"{URL}/console/")
    page = site.browse(site.browse(link).location)
    action, values = Forms(page.text).all[-1]
    signed_in = site.browse(action, {**values, "email": OWNER, "password": PASSWORD})
    assert urljoin(URL, signed_in.location) == link
    submission = site.browse(link)
    assert submission.status == 200
    assert {path for path in LINK.findall(submission.text) if path[0] == "/" and path[:7] != "/forms/"} == set()
    assert re.search(r"^Set-Cookie: __Host-forms_session=.*Path=/;", signed_in.headers, re.MULTILINE | re.IGNORECASE)


def test_nobody_chooses_the_address_they_are_counted_by(site: Site) -> None:
    forged = f"forged-{site.port}"
    assert site.ask("api/me", "-H", "X-Forwarded-For: 203.0.113.7", "-H", f"X-Request-ID: {forged}").status == 401
    assert "client=127.0.0.1 method=GET path=/api/me status=401" in site.log.read_text().split(forged)[-2]


@pytest.mark.parametrize("site", ["mod_wsgi"], indirect=True)
def test_mod_wsgi_restarts_without_a_failed_request(site: Site) -> None:
    starts = site.log.read_text().count(STARTED)
    with ThreadPoolExecutor(2) as threads:
        statuses = threads.map(site.post, map(str, range(20)))
        os.kill(int((site.folder / "apache.pid").read_text()), signal.SIGUSR1)  # as `apachectl graceful` does
        assert set(statuses) == {200}
    assert site.post("The next") == 200
    assert site.log.read_text().count(STARTED) == starts + 1

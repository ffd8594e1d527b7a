"""TLS of the reverse proxies of `deploy/`, and what they do with http: the real programs, with the shipped files."""

import http.client
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.support.certificates import Authority
from tests.support.reverse_proxies import program
from tests.support.servers import TIMEOUT, free_port
from tests.support.tls_proxies import TLS_PROXIES, running

pytestmark = pytest.mark.slow

NAME = "forms.example.com"
OLD_SUITES = "AES256-SHA256:AES128-GCM-SHA256:DHE-RSA-AES256-SHA:ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0"
"""Of TLS 1.2: without forward secrecy, or in CBC mode."""


@dataclass(frozen=True)
class Proxy:
    name: str
    https: int
    http: int


@pytest.fixture(scope="module", params=TLS_PROXIES)
def proxy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    if not program(request.param):
        pytest.skip(f"needs {request.param}")
    folder = tmp_path_factory.mktemp(f"tls-{request.param}")
    folder.chmod(0o755)
    Authority(folder).server_context(NAME)
    started = Proxy(request.param, free_port(), free_port())
    words = TLS_PROXIES[request.param](folder, folder / f"{NAME}.pem", started.https, started.http)
    with running(words, folder, started.https):
        yield started


def shake_hands(proxy: Proxy, version: ssl.TLSVersion, suites: str = "") -> str:
    """Return the version and suite that a client of one version gets."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers(suites or "DEFAULT:@SECLEVEL=0")  # the client itself speaks what is old
    context.minimum_version = context.maximum_version = version
    with (
        socket.create_connection(("127.0.0.1", proxy.https), timeout=TIMEOUT) as plain,
        context.wrap_socket(plain, server_hostname=NAME) as stream,
    ):
        suite = stream.cipher()
        assert suite
        return f"{stream.version()} {suite[0]}"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_only_recent_tls_is_spoken(proxy: Proxy) -> None:
    assert shake_hands(proxy, ssl.TLSVersion.TLSv1_3).startswith("TLSv1.3")
    assert shake_hands(proxy, ssl.TLSVersion.TLSv1_2).startswith("TLSv1.2")
    for old in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        with pytest.raises(OSError):
            shake_hands(proxy, old)


def test_suites_have_forward_secrecy(proxy: Proxy) -> None:
    assert "ECDHE" in shake_hands(proxy, ssl.TLSVersion.TLSv1_2)
    if proxy.name == "caddy":
        return  # Go chooses its suites, which keep CBC for old clients
    with pytest.raises(OSError):
        shake_hands(proxy, ssl.TLSVersion.TLSv1_2, OLD_SUITES)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/f/mR7xQ2-kLp0aZ_9c", 301),
        ("POST", "/f/mR7xQ2-kLp0aZ_9c", 403),
        ("GET", "/api/me", 403),
        ("GET", "/metrics", 403),
    ],
)
def test_programs_are_not_redirected_from_http(proxy: Proxy, method: str, path: str, status: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.http, timeout=TIMEOUT)
    if proxy.name == "apache2":  # it has no site for http
        with pytest.raises(ConnectionRefusedError):
            connection.request(method, path)
        return
    connection.request(method, path, headers={"Host": NAME})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == status
    assert answer.headers["Location"] == (f"https://{NAME}{path}" if status == 301 else None)

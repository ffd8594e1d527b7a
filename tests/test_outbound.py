"""Outgoing HTTP: one lookup, no redirects or proxies, a deadline, allowed addresses only."""

import http.server
import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from forms_service import outbound
from forms_service.outbound import OutboundError, OutboundRequest, send
from forms_service.security.outbound_addresses import is_allowed
from tests.conftest import MakeApp

TIMEOUT = 30


class Site(http.server.BaseHTTPRequestHandler):
    """Answers with what it was asked, leads on, or never ends."""

    def do_GET(self) -> None:
        """Answer."""
        self.server.asked.append((self.path, self.headers["Host"]))  # type: ignore[attr-defined]
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/secret")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        while self.path == "/endless":
            self.wfile.write(b"x" * 65_536)
        while self.path == "/trickle":
            self.wfile.write(b"x")
            time.sleep(0.05)
        self.wfile.write(b"hello")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[Any]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.asked = []  # type: ignore[attr-defined]
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # it writes to who has gone
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def url_of(site: Any, path: str) -> str:
    return f"http://127.0.0.1:{site.server_port}{path}"


def test_a_redirect_is_the_answer(site: Any) -> None:
    assert send(OutboundRequest(url_of(site, "/moved")), TIMEOUT).status == 302
    assert [path for path, _ in site.asked] == ["/moved"]


def test_a_health_check_follows_nothing_and_heeds_no_proxy_variables(
    make_app: MakeApp, site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    urls = f"moved={url_of(site, '/moved')},well={url_of(site, '/well')}"
    answer = make_app(HEALTH_CHECK_URLS=urls).test_client().get("/health").json
    services = answer["checks"]["external_services"]["services"]
    assert {name: found["status"] for name, found in services.items()} == {"moved": "degraded", "well": "healthy"}
    assert sorted(path for path, _ in site.asked) == ["/moved", "/well"]


def test_an_answer_is_read_up_to_a_bound(site: Any) -> None:
    assert len(send(OutboundRequest(url_of(site, "/endless")), TIMEOUT).body) == outbound.MAX_RESPONSE_SIZE


def test_a_host_is_looked_up_once_checked_and_named_in_the_request(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lookups = []

    def look_up(host: str, port: int) -> list[str]:
        lookups.append(host)
        return ["127.0.0.1"] if len(lookups) == 1 else ["169.254.169.254"]

    monkeypatch.setattr(outbound, "_resolve", look_up)
    call = OutboundRequest(
        f"http://shop.example:{site.server_port}/a?b=c", allows_address=lambda address: address == "127.0.0.1"
    )
    assert send(call, TIMEOUT).body == b"hello"
    assert lookups == ["shop.example"]
    assert site.asked == [("/a?b=c", f"shop.example:{site.server_port}")]
    with pytest.raises(OutboundError, match="not allowed"):
        send(call, TIMEOUT)


def test_whoever_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(OutboundError):
        send(OutboundRequest(f"http://127.0.0.1:{silent.getsockname()[1]}/"), 0.1)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.com/", "http://", "nonsense", "http://[::1"])
def test_what_is_no_web_address_is_not_asked(url: str) -> None:
    with pytest.raises(OutboundError):
        send(OutboundRequest(url), TIMEOUT)


PRIVATE = [
    "0.0.0.0 10.1.2.3 127.0.0.1 100.64.0.1 169.254.169.254 172.16.0.1 192.0.0.1 192.0.2.1 192.88.99.1 192.168.1.1",
    "198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255 168.63.129.16 100.100.100.200",
    ":: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1::",
    "3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 ff02::1 nonsense",
]


@pytest.mark.parametrize("address", " ".join(PRIVATE).split())
def test_what_is_not_public_is_not_allowed(address: str) -> None:
    assert not is_allowed(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_what_is_public_is_allowed(address: str) -> None:
    assert is_allowed(address)


def test_an_operator_can_allow_private_networks_but_no_metadata() -> None:
    networks = [ipaddress.ip_network("172.18.0.0/16"), ipaddress.ip_network("169.254.0.0/16")]
    assert is_allowed("172.18.0.5", networks)
    assert is_allowed("::ffff:172.18.0.5", networks)
    assert not is_allowed("172.19.0.5", networks)
    assert not is_allowed("169.254.169.254", networks)


def test_an_answer_that_trickles_holds_no_thread_beyond_its_deadline(site: Any) -> None:
    with pytest.raises(OutboundError):
        send(OutboundRequest(url_of(site, "/trickle")), 0.3)
    for thread in [one for one in threading.enumerate() if one.name == "outbound"]:
        thread.join(TIMEOUT)
        assert not thread.is_alive()

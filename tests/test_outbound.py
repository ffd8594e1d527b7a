"""Outgoing HTTP: one lookup, no redirects or proxies, a deadline, verified certificates."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from forms_service import outbound
from forms_service.outbound import OutboundError, OutboundRequest, send
from tests.conftest import MakeApp
from tests.support.certificates import Authority
from tests.support.resolver import Resolver
from tests.support.web_server import WebServer, serving

TIMEOUT = 30


@pytest.fixture
def site() -> Iterator[WebServer]:
    with serving() as server:
        yield server


@pytest.fixture
def in_app(make_app: MakeApp) -> Iterator[Flask]:
    app = make_app()
    with app.app_context():
        yield app


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    return Resolver(monkeypatch)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def test_a_redirect_is_the_answer(in_app: Flask, site: WebServer) -> None:
    assert send(OutboundRequest(site.url("/moved"))).status == 302
    assert [path for path, _ in site.requests] == ["/moved"]


def test_a_health_check_follows_nothing_and_heeds_no_proxy_variables(
    make_app: MakeApp, site: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    urls = f"moved={site.url('/moved')},well={site.url('/well')}"
    answer = make_app(HEALTH_CHECK_URLS=urls).test_client().get("/health").json
    services = answer["checks"]["external_services"]["services"]
    assert {name: service["status"] for name, service in services.items()} == {"moved": "degraded", "well": "healthy"}
    assert sorted(path for path, _ in site.requests) == ["/moved", "/well"]


def test_an_answer_is_read_up_to_a_bound(in_app: Flask, site: WebServer) -> None:
    assert len(send(OutboundRequest(site.url("/endless"))).body) == outbound.MAX_RESPONSE_SIZE == 65_536


def test_a_host_is_looked_up_once_and_named_in_the_request(in_app: Flask, site: WebServer, resolver: Resolver) -> None:
    resolver.hosts["shop.example"] = ["127.0.0.1"]
    assert send(OutboundRequest(site.url("/a?b=c", host="shop.example"))).body == b"hello"
    assert resolver.lookups == ["shop.example"]
    assert site.requests == [("/a?b=c", f"shop.example:{site.server_port}")]


def test_unicode_is_encoded_as_browsers_do(in_app: Flask, site: WebServer, resolver: Resolver) -> None:
    resolver.hosts["xn--bcher-kva.example"] = ["127.0.0.1"]
    send(OutboundRequest(site.url("/größe?ä=1", host="Bücher.example")))
    assert site.requests == [("/gr%C3%B6%C3%9Fe?%C3%A4=1", f"xn--bcher-kva.example:{site.server_port}")]


def test_an_ipv6_address_needs_no_port(in_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = []

    def refuse(address: tuple[str, int], **_: object) -> socket.socket:
        addresses.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    for url in ("http://[fd00::5]/", "https://[fd00::5]/", "https://[fd00::5]:8443/"):
        with pytest.raises(OutboundError):
            send(OutboundRequest(url))
    assert addresses == [("fd00::5", 80), ("fd00::5", 443), ("fd00::5", 8443)]


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://example.com/", "http://", "nonsense", "http://[::1", "https://a.example:99999"]
)
def test_what_is_no_web_address_is_not_asked(in_app: Flask, url: str) -> None:
    with pytest.raises(OutboundError):
        send(OutboundRequest(url))


class TestDeadline:
    """No server holds the caller or a thread for longer."""

    def test_it_is_fifteen_seconds_in_all(self, in_app: Flask) -> None:
        assert outbound.TIMEOUT == 15

    def test_whoever_never_answers_is_given_up(self, in_app: Flask) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(OutboundError):
            send(OutboundRequest(f"http://127.0.0.1:{silent.getsockname()[1]}/"), 0.1)
        self.assert_no_thread_is_left()

    @pytest.mark.parametrize("path", ["/trickle", "/slow-head"])
    def test_an_answer_that_trickles_ends_with_its_thread(self, in_app: Flask, site: WebServer, path: str) -> None:
        begin = time.monotonic()
        with pytest.raises(OutboundError):
            send(OutboundRequest(site.url(path)), 0.3)
        assert time.monotonic() - begin < TIMEOUT / 2
        assert len(site.requests) == 1
        self.assert_no_thread_is_left()

    @pytest.mark.parametrize("path", ["/trickle", "/slow-head"])
    def test_so_does_one_over_tls(self, make_app: MakeApp, authority: Authority, path: str) -> None:
        app = make_app(OUTBOUND_CA_FILE=str(authority.file))
        with app.app_context(), serving(authority.server_context()) as site:
            with pytest.raises(OutboundError):
                send(OutboundRequest(site.url(path, scheme="https")), 0.5)
            assert len(site.requests) == 1
            self.assert_no_thread_is_left()

    def test_so_does_a_handshake_that_trickles(self, in_app: Flask) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            threading.Thread(target=self.trickle_handshake, args=(server,), daemon=True).start()
            with pytest.raises(OutboundError):
                send(OutboundRequest(f"https://127.0.0.1:{server.getsockname()[1]}/"), 0.3)
            self.assert_no_thread_is_left()

    @staticmethod
    def trickle_handshake(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xf0")
            while True:
                connection.sendall(b"\x00")
                time.sleep(0.05)

    @staticmethod
    def assert_no_thread_is_left() -> None:
        for thread in [one for one in threading.enumerate() if one.name == "outbound"]:
            thread.join(5)
            assert not thread.is_alive()


class TestCertificates:
    """OUTBOUND_CA_FILE adds authorities; nothing turns verification off."""

    def test_a_server_of_ones_own_authority_needs_its_file(self, make_app: MakeApp, authority: Authority) -> None:
        with serving(authority.server_context()) as site:
            call = OutboundRequest(site.url(scheme="https"))
            with make_app().app_context(), pytest.raises(OutboundError, match="SSLCertVerificationError"):
                send(call)
            assert site.requests == []
            with make_app(OUTBOUND_CA_FILE=str(authority.file)).app_context():
                assert send(call).body == b"hello"

    def test_the_systems_authorities_stay_trusted(
        self, make_app: MakeApp, tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        system = Authority(tmp_path, "system")
        monkeypatch.setenv("SSL_CERT_FILE", str(system.file))
        context = make_app(OUTBOUND_CA_FILE=str(authority.file)).app_context()
        with context, serving(system.server_context()) as one, serving(authority.server_context()) as other:
            assert [send(OutboundRequest(site.url(scheme="https"))).status for site in (one, other)] == [200, 200]

    @pytest.mark.parametrize("host", ["shop.example", "shop.example."])
    def test_the_name_is_sent_and_verified(
        self, make_app: MakeApp, authority: Authority, resolver: Resolver, host: str
    ) -> None:
        resolver.hosts |= {host: ["127.0.0.1"], "other.example": ["127.0.0.1"]}
        app = make_app(OUTBOUND_CA_FILE=str(authority.file))
        with app.app_context(), serving(authority.server_context("shop.example")) as site:
            assert send(OutboundRequest(site.url(scheme="https", host=host))).body == b"hello"
            assert site.server_names == ["shop.example"]
            assert site.requests == [("/", f"{host}:{site.server_port}")]
            with pytest.raises(OutboundError, match="SSLCertVerificationError"):
                send(OutboundRequest(site.url(scheme="https", host="other.example")))
            assert len(site.requests) == 1

    def test_a_health_check_trusts_them_too(self, make_app: MakeApp, authority: Authority) -> None:
        with serving(authority.server_context()) as site:
            urls = {"HEALTH_CHECK_URLS": f"shop={site.url(scheme='https')}"}
            for settings, status in (({}, "unhealthy"), ({"OUTBOUND_CA_FILE": str(authority.file)}, "healthy")):
                answer = make_app(**urls, **settings).test_client().get("/health").json
                assert answer["checks"]["external_services"]["services"]["shop"]["status"] == status

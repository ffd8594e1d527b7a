"""The reverse proxies of `deploy/`: each real one, with the shipped file, before the service."""

import json
from collections.abc import Iterator

import pytest
import requests

from tests.support.reverse_proxies import PROXIES, Proxy, program
from tests.support.servers import TIMEOUT, Server

pytestmark = pytest.mark.slow

LIMIT = 27 * 2**20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The service as it runs behind one proxy."""
    settings = {"ENVIRONMENT": "testing", "TRUSTED_PROXIES": "1", "LOG_CLIENT": "full", "RATE_LIMIT_ENABLED": "false"}
    started = Server(tmp_path_factory.mktemp("behind"), {**settings, "MAX_CONTENT_LENGTH": str(LIMIT)})
    yield started
    started.stop()


@pytest.fixture(scope="module", params=PROXIES)
def proxy(request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Each of the proxies."""
    if not program(request.param):
        pytest.skip(f"needs {request.param}")
    folder = tmp_path_factory.mktemp(request.param)
    folder.chmod(0o755)
    started = Proxy(request.param, folder, server.port)
    yield started
    started.stop()


def sign_up(proxy: Proxy, size: int) -> requests.Response:
    """A sign-up of that many bytes, none of which says who."""
    body = json.dumps({"x": ""})
    padded = body.replace('""', f'"{"a" * (size - len(body))}"')
    headers = {"Content-Type": "application/json"}
    return requests.post(f"{proxy.url}/api/signup", padded, headers=headers, timeout=TIMEOUT)


def test_a_large_body_reaches_the_service(proxy: Proxy) -> None:
    answer = sign_up(proxy, LIMIT)
    assert (answer.status_code, answer.json()["error_type"]) == (422, "ValidationError")


def test_a_larger_body_is_refused(proxy: Proxy) -> None:
    assert sign_up(proxy, LIMIT + 1).status_code == 413


def test_the_service_learns_who_asks_and_believes_nobody_else(proxy: Proxy, server: Server) -> None:
    forged = {"X-Forwarded-For": "203.0.113.7", "X-Request-ID": f"forged.{proxy.port}"}
    assert requests.get(f"{proxy.url}/api/me", headers=forged, timeout=TIMEOUT).status_code == 401
    lines = [line for line in server.log.read_text().splitlines() if forged["X-Request-ID"] in line]
    assert any("client=127.0.0.1" in line for line in lines)
    assert not any("203.0.113.7" in line for line in lines)


def test_what_the_service_says_arrives_whole(proxy: Proxy, server: Server) -> None:
    through = requests.get(f"{proxy.url}/api/openapi.json", timeout=TIMEOUT)
    assert through.content == server.get("/api/openapi.json").content


def test_a_refusal_before_the_body_arrives(proxy: Proxy) -> None:
    answer = requests.post(f"{proxy.url}/f/nothinghere1234", b"a" * 1_000_000, timeout=TIMEOUT)
    assert answer.status_code == 404

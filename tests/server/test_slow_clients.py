"""Slow clients occupy no thread, and are cut off in the end."""

import json
import re
import secrets
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient

from forms_service.server.environ import SCRATCH
from tests.support.servers import TIMEOUT, Server

pytestmark = pytest.mark.slow

SETTINGS = {
    "ENVIRONMENT": "testing",
    "BCRYPT_ROUNDS": "4",
    "RATE_LIMIT_ENABLED": "false",
    "MAX_CONTENT_LENGTH": "3000000",
}
MANY = 110
"""More than a process has threads."""

LOGIN = b"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 300\r\n\r\n"
SLOW = {
    "silent": b"",
    "in the middle of a head": b"POST /api/login HTTP/1.1\r\nHost: x\r\nX-A",
    "after the head": LOGIN,
    "in the middle of a body": LOGIN + b'{"email": "',
    "in the middle of a chunk": LOGIN.replace(b"Content-Length: 300", b"Transfer-Encoding: chunked") + b"20\r\n{",
}


def connect(server: Server, *, buffer: int = 0) -> socket.socket:
    client = socket.socket()
    client.settimeout(TIMEOUT)
    if buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    client.connect(("127.0.0.1", server.port))
    return client


def send(server: Server, data: bytes, **options: int) -> socket.socket:
    client = connect(server, **options)
    client.sendall(data)
    return client


def until_closed(client: socket.socket) -> bytes:
    answer = bytearray()  # bytes would be copied with each of thousands of chunks
    while chunk := client.recv(65_536):
        answer += chunk
    client.close()
    return bytes(answer)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The service as it is shipped, without rate limits."""
    started = Server(tmp_path_factory.mktemp("shipped"), SETTINGS)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service that waits a second where others wait for a minute."""
    folder = tmp_path_factory.mktemp("impatient")
    (folder / "config.py").write_text(
        "from forms_service.gunicorn_conf import *\n"
        "from forms_service.server import loop\n"
        "loop.HEAD_TIMEOUT = loop.BODY_TIMEOUT = keepalive = 1\n"
    )
    started = Server(folder, SETTINGS, "-c", str(folder / "config.py"))
    yield started
    started.stop()


@pytest.fixture
def crowded() -> Iterator[Callable[..., None]]:
    """Fills a service with clients that stop where they are."""
    clients: list[socket.socket] = []

    def crowd(server: Server, data: bytes, **options: int) -> None:
        with ThreadPoolExecutor(20) as threads:
            clients.extend(threads.map(lambda _: send(server, data, **options), range(MANY)))

    yield crowd
    for client in clients:
        client.close()


@pytest.mark.parametrize("name", SLOW)
def test_others_are_answered_while_many_send_slowly(
    server: Server, crowded: Callable[..., None], ann: dict[str, Any], name: str
) -> None:
    crowded(server, SLOW[name])
    assert server.get("/health/live").status_code == 200
    assert server.post("/api/signup", json=ann | {"email": f"{secrets.token_hex(4)}@example.com"}).status_code == 201


def test_others_are_answered_while_many_read_slowly(
    server: Server, crowded: Callable[..., None], ann: dict[str, Any]
) -> None:
    size = len(server.get("/api/openapi.json").content)
    request = b"GET /api/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
    crowded(server, request * (8_000_000 // size), buffer=4096)
    assert server.post("/api/signup", json=ann | {"email": f"{secrets.token_hex(4)}@example.com"}).status_code == 201


def test_who_reads_slowly_gets_all_of_it(server: Server) -> None:
    page = server.get("/api/openapi.json").content
    count = 8_000_000 // len(page)
    request = b"GET /api/openapi.json HTTP/1.1\r\nHost: x\r\n"
    requests = (request + b"\r\n") * (count - 1) + request + b"Connection: close\r\n\r\n"
    client = send(server, requests, buffer=4096)
    assert server.get("/health/live").status_code == 200
    assert until_closed(client).count(page) == count


@pytest.mark.parametrize("digits", [1, 3, 19, 30])
def test_a_body_is_never_taken_for_the_next_request(server: Server, digits: int) -> None:
    hidden = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    length = str(len(hidden)).encode().rjust(digits, b"0")
    head = b"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    last = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answers = until_closed(send(server, head + b"Content-Length: " + length + b"\r\n\r\n" + hidden + last))
    assert b'"live"' not in answers
    assert b"HTTP/1.1 400" in answers


HALVES = {
    "fields": (b"application/x-www-form-urlencoded", b"name=Ann&text=The+first+hal"),
    "JSON": (b"application/json", b'{"name": "Ann"}'),
    "multipart": (
        b"multipart/form-data; boundary=b",
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--',
    ),
}


@pytest.mark.parametrize("name", HALVES)
def test_half_a_body_is_never_read(server: Server, name: str) -> None:
    content_type, half = HALVES[name]
    for announced in len(half) + 1, 500:
        head = b"POST /api/signup HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
        client = send(server, head % (content_type, announced) + half)
        client.shutdown(socket.SHUT_WR)
        answer = until_closed(client)
        assert b" 400 " in answer
        assert b"The body is incomplete." in answer


def test_a_head_without_an_end_is_refused(server: Server) -> None:
    assert b" 400 " in until_closed(send(server, b"GET / HTTP/1.1\r\nX-A: " + b"a" * 200_000))


@pytest.mark.parametrize("framing", ["sized", "chunked"])
def test_a_connection_is_kept_after_a_refusal_that_promised_it(server: Server, framing: str) -> None:
    body, head = b"a" * 900_000, b"POST /f/nobody HTTP/1.1\r\nHost: x\r\n"
    if framing == "sized":
        refused = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    else:
        refused = head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    last = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    for _ in range(5):
        answers = until_closed(send(server, refused + last))
        promised = b"\r\nConnection: keep-alive\r\n" in answers.partition(b"\r\n\r\n")[0]
        assert answers.endswith(b'{"status":"live"}') is promised


def test_a_request_has_one_answer_though_its_chunks_are_none(server: Server) -> None:
    head = b"POST /f/nobody HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert until_closed(send(server, head + b"zz\r\nabc\r\n0\r\n\r\n")).count(b"HTTP/1.1 ") == 1


def test_a_client_that_stops_is_cut_off(impatient: Server) -> None:
    clients = [send(impatient, data) for data in SLOW.values()]
    assert [until_closed(client) for client in clients] == [b""] * len(SLOW)


def test_a_connection_that_is_kept_alive_ends_when_it_idles(impatient: Server) -> None:
    answer = until_closed(send(impatient, b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"Connection: keep-alive" in answer


REFUSED = {
    401: b"POST /api/me/password HTTP/1.1\r\n",
    404: b"POST /f/nothinghere1234 HTTP/1.1\r\n",
    413: b"POST /api/signup HTTP/1.1\r\n",
}


@pytest.mark.parametrize("status", REFUSED)
def test_a_refusal_does_not_wait_for_the_body(server: Server, status: int) -> None:
    head = REFUSED[status] + b"Host: x\r\nContent-Type: application/json\r\nContent-Length: 90000000\r\n\r\n{"
    answer = until_closed(send(server, head))
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nConnection: close\r\n" in answer


def test_a_body_that_comes_late_is_asked_for(server: Server, ann: dict[str, Any]) -> None:
    body = json.dumps(ann | {"email": "late@example.com"}).encode()
    head = b"POST /api/signup HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
    client = send(server, head + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body))
    assert client.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.sendall(body[:10])
    client.sendall(body[10:])
    assert until_closed(client).startswith(b"HTTP/1.1 201 ")


def test_a_request_that_is_shown_twice_is_charged_once(client: FlaskClient) -> None:
    scratch: dict[str, Any] = {}
    for _ in range(2):
        answer = client.post("/api/signup", json={}, environ_overrides={SCRATCH: scratch})
        assert answer.headers["X-RateLimit-Remaining"] == "9"


def test_who_asks_first_is_refused_before_the_body(server: Server) -> None:
    head = REFUSED[404] + b"Host: x\r\nExpect: 100-continue\r\nContent-Length: 90000\r\n\r\n"
    assert until_closed(send(server, head)).startswith(b"HTTP/1.1 404 ")


def test_requests_behind_each_other_are_answered_in_order(server: Server, ann: dict[str, Any]) -> None:
    body = json.dumps(ann).encode()
    post = b"POST /api/signup HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    sized = post + b"Content-Length: %d\r\n\r\n" % len(body) + body
    chunked = post + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\nX-T: 1\r\n\r\n" % (len(body), body)
    last = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = until_closed(send(server, sized + chunked + b"HEAD /signup HTTP/1.1\r\nHost: x\r\n\r\n" + last))
    assert re.findall(rb"HTTP/1\.1 (\d+) ", answer) == [b"201", b"201", b"200", b"200"]


def test_a_large_body_waits_on_disk_and_is_read_whole(server: Server) -> None:
    body = b"xylophone " * 200_000
    head = b"POST /api/signup HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    client = send(server, head + b"Content-Length: %d\r\n\r\n" % (len(body) + 1) + body)
    assert server.get("/health/live").status_code == 200
    client.sendall(b" ")
    assert client.recv(65_536).startswith(b"HTTP/1.1 400 ")
    client.close()

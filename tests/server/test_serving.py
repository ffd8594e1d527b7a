"""The service as in production: gunicorn, several processes, real sockets."""

import json
import os
import re
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.conftest import QUICK
from tests.support.accounts import PASSWORD
from tests.support.servers import TIMEOUT, Server, free_port, in_process, python

Serve = Callable[..., Server]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The service with its defaults, for tests that leave it as it was."""
    server = Server(tmp_path_factory.mktemp("one"), QUICK)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two processes, which gunicorn's own setting asks for."""
    server = Server(tmp_path_factory.mktemp("two"), {**QUICK, "GUNICORN_CMD_ARGS": "--workers 2"})
    yield server
    server.stop()


def raw(server: Server, request: bytes) -> bytes:
    """Send these bytes and return the response, until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return answer


def sign_ups(server: Server, ann: dict[str, Any], count: int) -> Counter[int]:
    """The statuses of that many sign-ups at once, each with an address of its own."""

    def post(number: int) -> int:
        return server.post("/api/signup", json=ann | {"email": f"ann{number}@example.com"}).status_code

    with ThreadPoolExecutor(50) as threads:
        return Counter(threads.map(post, range(count)))


def test_exactly_ten_of_two_hundred_pass_one_process_in_memory(serve: Serve, ann: dict[str, Any]) -> None:
    statuses = sign_ups(serve(), ann, 200)
    assert statuses[429] == 190
    assert statuses[201] + statuses[503] == 10, "on a busy machine the queue for hashing may refuse one that has passed"


def affinities(server: Server) -> list[set[frozenset[int]]]:
    """The cores that the threads of each worker may run on."""
    workers = psutil.Process(server.process.pid).children()
    tasks = [Path(f"/proc/{worker.pid}/task").iterdir() for worker in workers]
    return [{frozenset(os.sched_getaffinity(int(task.name))) for task in threads} for threads in tasks]


def pinned_cores(server: Server) -> list[frozenset[int]]:
    """The core of each worker whose threads all keep to one."""
    return [cores for threads in affinities(server) if len(threads) == 1 for cores in threads if len(cores) == 1]


@pytest.mark.skipif(not psutil.LINUX or psutil.cpu_count() == 1, reason="needs Linux and two cores")
def test_each_worker_keeps_to_a_core_of_its_own(one_server: Server, two_workers: Server, ann: dict[str, Any]) -> None:
    assert sign_ups(one_server, ann, 3) == {201: 3}
    assert len(pinned_cores(one_server)) == 1, "after hashing on all of them, too"
    until = time.monotonic() + TIMEOUT
    while not (pinned := pinned_cores(two_workers))[1:] and time.monotonic() < until:
        time.sleep(0.1)  # the second worker is still starting
    first, second = pinned
    assert first != second


def test_processes_that_gunicorn_is_told_of_are_counted_together_too(two_workers: Server) -> None:
    server = two_workers
    assert "rate limits count for each process alone" in server.log.read_text()
    for _ in range(20):
        assert server.get("/nothing").status_code == 404
    counted = 'forms_http_requests_total{method="other",route="none",status="404"} 20.0'
    assert all(counted in server.get("/metrics").text for _ in range(5))


def test_a_flood_of_sign_ups_leaves_the_rest_answering(serve: Serve, ann: dict[str, Any]) -> None:
    server = serve(RATE_LIMIT_ENABLED="false", BCRYPT_ROUNDS="10")
    with ThreadPoolExecutor(1) as thread:
        flood = thread.submit(sign_ups, server, ann, 40)
        answered = 0
        while not flood.done():
            assert server.get("/health/live").status_code == 200
            answered += 1
    statuses = flood.result()
    assert set(statuses) <= {201, 503}, "whoever does not get a turn in time is told so"
    assert statuses[201] > 10
    assert answered > 10


POST = b"POST /api/signup HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
BAD = {
    "bad chunk": CHUNKED + b"ZZ\r\n{}\r\n0\r\n\r\n",
    "cut chunk": CHUNKED + b"5\r\n{}",
    "cut body": POST + b"Content-Length: 50\r\n\r\n{}",
    "negative length": POST + b"Content-Length: -1\r\n\r\n{}",
    "both lengths": POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
    "NUL": b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "version": b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    "nonsense": b"nonsense\r\n\r\n",
    "long": b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("name", BAD)
def test_bad_bytes_are_refused_and_the_next_request_is_served(one_server: Server, name: str) -> None:
    status = re.match(rb"HTTP/1\.1 (\d{3})", raw(one_server, BAD[name]))
    assert status is None or status[1].startswith(b"4") or status[1] in (b"501", b"505")
    assert one_server.get("/health/live").status_code == 200


def test_bytes_that_are_no_http_are_answered_as_all_else_and_not_repeated(one_server: Server) -> None:
    response = raw(one_server, b"GET /confirm?token=hidden token HTTP/1.1\r\nHost: x\r\n\r\n").decode()
    head, _, body = response.partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 400 ")
    for header in ("X-Request-ID", "X-Process-Time", "Content-Security-Policy", "X-Content-Type-Options"):
        assert f"\r\n{header}: " in head
    assert json.loads(body)["error_type"] == "BadRequestError"
    assert "hidden" not in response + one_server.log.read_text()


@pytest.mark.parametrize(
    ("head", "fault"),
    [
        (b"GET /f/mR7xQ2-kLp0aZ_9c?message=" + b"a" * 4100 + b" HTTP/1.1\r\nHost: x", "The URL is too long."),
        (b"GET / HTTP/1.1\r\nHost: x\r\nCookie: " + b"a" * 9000, "The headers are too large."),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 120 + b"Z: z", "The headers are too large."),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000, "The headers are too large."),
    ],
    ids=["URL", "header", "headers", "head"],
)
def test_a_head_beyond_a_limit_is_told_which(one_server: Server, head: bytes, fault: str) -> None:
    status, _, body = raw(one_server, head + b"\r\n\r\n").decode().partition("\r\n\r\n")
    assert status.startswith("HTTP/1.1 400 ")
    assert json.loads(body)["message"].startswith(fault)


def test_bytes_that_are_no_http_are_promised_tls_where_the_service_has_it(serve: Serve) -> None:
    server = serve(PUBLIC_URL="https://forms.example.com")
    response = raw(server, b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n").decode()
    assert response.startswith("HTTP/1.1 400 ")
    assert "\r\nStrict-Transport-Security: max-age=31536000; includeSubDomains\r\n" in response
    assert "frame-ancestors 'none'" in response


def test_a_body_in_good_chunks_is_read(one_server: Server, ann: dict[str, Any]) -> None:
    def chunks() -> Any:
        for character in json.dumps(ann):
            yield character.encode()

    answer = one_server.post("/api/signup", data=chunks(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 201


def test_a_body_in_chunks_is_read_whole_or_refused(serve: Serve) -> None:
    server = serve(MAX_CONTENT_LENGTH="2000")
    for length, status in (2000, 422), (2001, 413), (90_000, 413):
        body = b"{}".ljust(length)
        request = CHUNKED + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        assert raw(server, request).startswith(b"HTTP/1.1 %d " % status), length


def test_what_is_typed_is_in_no_file_of_the_service(serve: Serve) -> None:
    # with a mail server that is away: a mail to a file is one to be read
    server = serve(LOG_LEVEL="DEBUG", SMTP_SERVER="127.0.0.1", SMTP_PORT=str(free_port()))
    fields = {
        "email": "zebedee@quagmire.example",
        "first_name": "Zebedee",
        "last_name": "Quagmire",
        "phone": "5559876543",
    }
    assert server.post("/api/signup", json=fields | {"password": "Xylophone-77"}).status_code == 201
    server.post("/api/signup", json=fields | {"password": "xylophone"})
    server.post("/api/signup?token=xylophone", data=fields)
    server.stop()
    held = b"".join(file.read_bytes() for file in server.folder.rglob("*") if file.is_file()).lower()
    assert b"accounts" in held
    for word in (b"zebedee", b"quagmire", b"xylophone", b"5559876543"):
        assert word not in held


def test_the_server_itself_believes_no_proxy(one_server: Server, serve: Serve) -> None:
    forged = {"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https"}
    assert "Strict-Transport-Security" not in one_server.get("/", headers=forged).headers
    assert "Strict-Transport-Security" in serve(TRUSTED_PROXIES="1").get("/", headers=forged).headers


def test_under_a_path_by_script_name(serve: Serve) -> None:
    public = serve(PUBLIC_URL="https://site.example/forms")
    assert 'action="/forms/api/signup"' in public.get("/forms/signup").text


def test_production_logs_json_lines(serve: Serve) -> None:
    server = serve(LOG_FORMAT="json")
    server.get("/health/live?token=hidden")
    server.stop()
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
    assert {line["path"] for line in lines if line["message"] == "request"} == {"/health/live"}
    assert "hidden" not in server.log.read_text()


def test_gunicorns_own_lines_come_out_whole_until_the_end(serve: Serve) -> None:
    server = serve()
    server.stop()
    log = server.log.read_text()
    assert "Worker exiting" in log
    assert "Traceback" not in log


@pytest.mark.parametrize(("settings", "bound"), [({}, "127.0.0.1:8000"), ({"PORT": "8123"}, "0.0.0.0:8123")])
def test_gunicorn_listens_where_a_host_says(tmp_path: Path, settings: dict[str, str], bound: str) -> None:
    script = "import runpy; print(runpy.run_path('gunicorn.conf.py')['bind'])"
    assert python(tmp_path, script, INSTANCE_PATH=str(tmp_path), **settings).stdout == f"{bound}\n"


def test_links_and_commands_name_the_address_that_gunicorn_answers_at(serve: Serve) -> None:
    server = serve(BACKGROUND_WORK="outside")
    in_process(server.folder, "accounts", "create", "olga@example.com", "--role", "owner", stdin=PASSWORD)
    made = in_process(server.folder, "forms", "create", "Contact", "--owner", "olga@example.com").stdout
    assert f'action="{server.url}/f/' in made
    assert server.get(f"/f/{made[:16]}").status_code == 200

"""Load from keep-alive clients, in a process of its own so that it does not share the service's GIL."""

import asyncio
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context


@dataclass(frozen=True)
class Result:
    """The time of each response (by status, in seconds), and the latencies in milliseconds."""

    answers: dict[int, list[float]]
    latencies: list[float]

    def per_second(self, status: int = 200) -> float:
        """Return the rate of a status, from its first response to its last."""
        times = sorted(self.answers.get(status, [])) or [0.0, 1.0]
        return (len(times) - 1) / (times[-1] - times[0])

    def count(self, status: int = 200) -> int:
        return len(self.answers.get(status, []))

    def percentile(self, percent: int) -> float:
        """Return a percentile of the latency in milliseconds."""
        return statistics.quantiles(self.latencies, n=100, method="inclusive")[percent - 1]


def get(path: str) -> bytes:
    """Build a GET request."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def sign_up(number: int) -> bytes:
    """Build a sign-up with an unused address."""
    address = f"p{number}.{time.time_ns()}@example.com"
    fields = {"email": address, "first_name": "Ann", "last_name": "Example", "password": "Correct-horse-7"}
    body = json.dumps(fields).encode()
    head = "POST /api/signup HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def start(pool: ProcessPoolExecutor, port: int, request: Callable[[], bytes], **how: float) -> "asyncio.Future[Result]":
    """Start a load in a process of the pool; `clients`, `seconds`, and a `pause` between a client's requests."""
    return pool.submit(_run, port, request, how)  # type: ignore[return-value]


def pool() -> ProcessPoolExecutor:
    """Create the processes for loads."""
    return ProcessPoolExecutor(2, mp_context=get_context("spawn"))


def _run(port: int, request: Callable[[], bytes], how: dict[str, float]) -> Result:
    return asyncio.run(_clients(port, request, **how))


async def _clients(
    port: int, request: Callable[[], bytes], clients: float = 8, seconds: float = 5, pause: float = 0
) -> Result:
    answers: dict[int, list[float]] = defaultdict(list)
    latencies: list[float] = []
    started = time.perf_counter()

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() - started < seconds:
            sent_at = time.perf_counter()
            writer.write(request())
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.split(b":")[1]))
            now = time.perf_counter()
            if now - started < seconds:  # later the load is not whole any more
                latencies.append((now - sent_at) * 1000)
                answers[int(head.split(b" ", 2)[1])].append(now)
            if pause:
                await asyncio.sleep(pause)
        writer.close()

    await asyncio.gather(*(client() for _ in range(int(clients))))
    return Result(dict(answers), latencies)

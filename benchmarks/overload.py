"""`python -m benchmarks.overload [SECONDS]`: five times the capacity; exits with 1 if a bound does not hold.

Clients that wait for each response measure the capacity. Then submissions arrive at five times that rate, whether the
service answers or not, as from many visitors; other processes ask for its health meanwhile.
"""

import asyncio
import functools
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from benchmarks import load
from benchmarks.servers import running
from benchmarks.submissions import EVERYTHING_ON, make_form, submission
from forms_service.cpu_affinity import cores

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
FACTOR = 5
CLIENTS = 64
RECOVERY = 5.0
CONNECTIONS = 1500
"""Of the visitors; each waits for its answer, and none is opened beyond."""

MIN_GOODPUT, MAX_REFUSAL_MS, MAX_HEALTH_MS = 0.9, 100.0, 100.0


class Visits(NamedTuple):
    """What visitors met: milliseconds by status, and those who found no free connection of ours."""

    milliseconds: dict[int, list[float]]
    missed: int


async def _arrive(port: int, path: str, rate: float, seconds: float) -> Visits:
    milliseconds: dict[int, list[float]] = {}
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    visits: set[asyncio.Task[None]] = set()
    missed = 0

    async def visit() -> None:
        reader, writer = idle.pop() if idle else await asyncio.open_connection("127.0.0.1", port)
        sent_at = time.perf_counter()
        try:
            writer.write(submission(path))
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
        except (asyncio.IncompleteReadError, OSError):
            milliseconds.setdefault(0, []).append((time.perf_counter() - sent_at) * 1000)
            return
        milliseconds.setdefault(int(head[9:12]), []).append((time.perf_counter() - sent_at) * 1000)
        if b"connection: close" in head:
            writer.close()
        else:
            idle.append((reader, writer))

    started = time.perf_counter()
    sent = 0
    while (now := time.perf_counter() - started) < seconds:
        while sent < now * rate:
            sent += 1
            if len(visits) >= CONNECTIONS:
                missed += 1
                continue
            task = asyncio.ensure_future(visit())
            visits.add(task)
            task.add_done_callback(visits.discard)
        await asyncio.sleep(0.002)
    if visits:
        await asyncio.wait(visits, timeout=30)
    return Visits(milliseconds, missed)


def arrive(port: int, path: str, rate: float, seconds: float) -> Visits:
    """Send submissions at that rate, in this process."""
    return asyncio.run(_arrive(port, path, rate, seconds))


def percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values or [0.0, 0.0], n=100, method="inclusive")[percent - 1]


def seconds_to_recover(port: int, path: str, bound_ms: float) -> float:
    """Seconds after the overload until ten submissions in a row are taken as fast as before it."""
    started, in_a_row = time.perf_counter(), 0
    while in_a_row < 10 and time.perf_counter() - started < 60:
        visits = arrive(port, path, 20, 0.05)
        latencies = visits.milliseconds.get(200, [])
        in_a_row = in_a_row + 1 if latencies and max(latencies) < bound_ms else 0
    return time.perf_counter() - started - 0.5


def main() -> int:
    print(f"{cores()} cores, {SECONDS:g} s, one worker, SQLite, {FACTOR} times the capacity")
    with tempfile.TemporaryDirectory() as folder, load.pool() as pool, _visitors() as visitors:
        path = f"/f/{make_form(Path(folder))}"
        settings = {**EVERYTHING_ON, "INSTANCE_PATH": folder, "LOG_LEVEL": "WARNING"}
        with running("wsgi:app", "/health/live", log=Path(folder, "log"), **settings) as server:
            post = functools.partial(submission, path)
            capacity = load.start(pool, server.port, post, clients=CLIENTS, seconds=min(10.0, SECONDS)).result()
            rate, usual = capacity.per_second(), capacity.percentile(99)
            print(f"capacity with {CLIENTS} clients: {rate:.0f}/s, p99 {usual:.0f} ms")
            flood = visitors.submit(arrive, server.port, path, FACTOR * rate, SECONDS)
            checks = [
                load.start(
                    pool,
                    server.port,
                    functools.partial(load.get, f"/health/{name}"),
                    clients=1,
                    seconds=SECONDS,
                    pause=0.05,
                )
                for name in ("live", "ready")
            ]
            visits, (live, ready) = flood.result(), [check.result() for check in checks]
            recovery = seconds_to_recover(server.port, path, 2 * usual)
    return report(rate, visits, (live, ready), recovery)


def report(rate: float, visits: Visits, health: tuple[load.Result, load.Result], recovery: float) -> int:
    """Print the figures; 1 if a bound does not hold."""
    accepted, refused = visits.milliseconds.get(200, []), visits.milliseconds.get(503, [])
    goodput = len(accepted) / SECONDS / rate
    sent = sum(map(len, visits.milliseconds.values())) + visits.missed
    live, ready = (one.percentile(99) for one in health)
    others = {status: len(values) for status, values in visits.milliseconds.items() if status not in (200, 503)}
    print(
        f"arrived: {sent / SECONDS:.0f}/s, of these {visits.missed} waited for a connection in vain; others: {others}"
    )
    print(
        f"taken: {len(accepted) / SECONDS:.0f}/s, {goodput:.2f} of the capacity; p99 {percentile(accepted, 99):.0f} ms"
    )
    print(
        f"refused: {len(refused) / SECONDS:.0f}/s; p50 {percentile(refused, 50):.0f} ms,"
        f" p99 {percentile(refused, 99):.0f} ms"
    )
    print(f"health p99: live {live:.0f} ms, ready {ready:.0f} ms; ready was {ready_share(health[1]):.0%} of the time")
    print(f"recovered after {recovery:.1f} s")
    holds = (
        goodput >= MIN_GOODPUT
        and percentile(refused, 99) <= MAX_REFUSAL_MS
        and max(live, ready) <= MAX_HEALTH_MS
        and recovery <= RECOVERY
    )
    return 0 if holds else 1


def ready_share(result: load.Result) -> float:
    return result.count(200) / max(1, sum(map(len, result.answers.values())))


def _visitors() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


if __name__ == "__main__":
    sys.exit(main())

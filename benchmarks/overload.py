"""`python -m benchmarks.overload [SECONDS]`: five times the capacity; exits with 1 if a bound does not hold.

Clients that wait for each response measure the capacity. Then submissions arrive at five times that rate, whether the
service answers or not, as from many visitors; other processes ask for its health meanwhile.
"""

import functools
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from multiprocessing import get_context
from pathlib import Path

from benchmarks import load
from benchmarks.arrivals import Visits, arrive
from benchmarks.servers import running
from benchmarks.submissions import EVERYTHING_ON, make_form, submission
from forms_service.cpu_affinity import cores

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
FACTOR = 5
CLIENTS = 64
RECOVERY = 5.0
HEALTH_RATE = 20
"""Checks of `live` and of `ready` a second."""

MIN_GOODPUT, MAX_REFUSAL_MS, MAX_HEALTH_MS = 0.9, 100.0, 100.0


def percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values or [0.0, 0.0], n=100, method="inclusive")[percent - 1]


def seconds_to_recover(port: int, path: str, bound_ms: float) -> float:
    """Seconds after the overload until ten submissions in a row are taken as fast as before it."""
    started, in_a_row = time.perf_counter(), 0
    while in_a_row < 10 and time.perf_counter() - started < 60:
        visits = arrive(port, functools.partial(submission, path), 20, 0.05)
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
            flood = visitors.submit(arrive, server.port, post, FACTOR * rate, SECONDS)
            checks = [
                visitors.submit(arrive, server.port, functools.partial(load.get, path), HEALTH_RATE, SECONDS)
                for path in ("/health/live", "/health/ready")
            ]
            visits, (live, ready) = flood.result(), [check.result() for check in checks]
            recovery = seconds_to_recover(server.port, path, 2 * usual)
    return report(rate, visits, (live, ready), recovery)


def report(rate: float, visits: Visits, health: tuple[Visits, Visits], recovery: float) -> int:
    """Print the figures; 1 if a bound does not hold."""
    accepted, refused = visits.milliseconds.get(200, []), visits.milliseconds.get(503, [])
    goodput = len(accepted) / SECONDS / rate
    sent = sum(map(len, visits.milliseconds.values())) + visits.missed
    live, ready = (percentile([*chain(*one.milliseconds.values())], 99) for one in health)
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
    print(
        f"read by the visitors after p50 {percentile(visits.late, 50):.1f} ms, p99 {percentile(visits.late, 99):.0f} ms"
    )
    print(f"recovered after {recovery:.1f} s")
    holds = (
        goodput >= MIN_GOODPUT
        and percentile(refused, 99) <= MAX_REFUSAL_MS
        and max(live, ready) <= MAX_HEALTH_MS
        and recovery <= RECOVERY
    )
    return 0 if holds else 1


def ready_share(visits: Visits) -> float:
    return len(visits.milliseconds.get(200, [])) / max(1, sum(map(len, visits.milliseconds.values())))


def _visitors() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(3, mp_context=get_context("spawn"))


if __name__ == "__main__":
    sys.exit(main())

"""`python -m benchmarks.fairness [DELIVERIES] [KILLS] [SCALE]`: do four endpoints in trouble delay the other 96?

Two services work at the same time, so that both have the same share of the machine: one sends to 96 endpoints, the
other also to one that hangs, one that answers 500, one that closes at once and one that is away for an hour (the delays
of retries and circuits are SCALE times as short; timeouts are the real ones). Then the worker of a third one, in which
nothing is scaled, is killed (-9) again and again. Uses databases of its own on the server of DATABASE_URL, or SQLite.
Exits with 1 if the others' median delay grows by 10 % or a delivery is lost or arrives under a second `webhook-id`.
"""

import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from benchmarks.endpoints import AWAY, COUNT, NEVER_WORKING
from benchmarks.webhook_service import Arrival, WebhookService

DELIVERIES, KILLS, SCALE = (int(word) for word in [*sys.argv[1:], *("10000", "100", "120")[len(sys.argv) - 1 :]])

MAX_GROWTH = 1.1
PATIENCE = 900
HOUR = 3600
TROUBLED = (*NEVER_WORKING, AWAY)
HEALTHY = [number for number in range(COUNT) if number not in TROUBLED]

chance = random.Random(1)  # the same moments in every run


def wait_for(services: list[WebhookService]) -> None:
    """Wait until each has delivered all that can be."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and not all(service.is_done() for service in services):
        time.sleep(0.5)


def median_delay(service: WebhookService) -> float:
    """Return the median delay of first arrivals at the endpoints without trouble."""
    first: dict[str, Arrival] = {}
    for arrival in service.arrivals():
        first.setdefault(arrival.webhook_id, arrival)
    return statistics.median(one.at - service.started_at for one in first.values() if one.endpoint in HEALTHY)


def compare(stack: ExitStack, folder: Path) -> bool:
    """Run with and without the four at the same time."""
    without = stack.enter_context(WebhookService("without", folder, HEALTHY, DELIVERIES // COUNT))
    beside = stack.enter_context(WebhookService("beside", folder, range(COUNT), DELIVERIES // COUNT, HOUR / SCALE))
    for service in (without, beside):
        service.start_worker(SCALE)
    wait_for([without, beside])
    for service in (without, beside):
        service.stop_worker()
    alone, troubled = median_delay(without), median_delay(beside)
    print(f"median delay of the 96: {alone:.2f} s, beside the four {troubled:.2f} s, ratio {troubled / alone:.3f}")
    checks = [report(service) for service in (without, beside)]
    return all(checks) and troubled < alone * MAX_GROWTH


def kill_repeatedly(stack: ExitStack, folder: Path) -> bool:
    """Kill the worker after some deliveries, or when it is stuck."""
    service = stack.enter_context(WebhookService("killed", folder, range(COUNT), DELIVERIES // COUNT))
    started = time.monotonic()
    service.start_worker()
    for number in range(KILLS):
        before, until = len(service.arrivals()), time.monotonic() + 15
        while len(service.arrivals()) == before and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.3))
        service.kill_worker()
        print(f"\r{number + 1} kills, {len(service.arrivals())} arrivals", end="", flush=True)
        service.start_worker()
    wait_for([service])
    service.stop_worker()
    print(f"\n{KILLS} kills, {time.monotonic() - started:.0f} s")
    return report(service)


def report(service: WebhookService) -> bool:
    """Print what became of each delivery; True if each came under one id."""
    ids = Counter(arrival.webhook_id for arrival in service.arrivals())
    places = {(arrival.endpoint, arrival.submission) for arrival in service.arrivals()}
    lost, strange = service.deliverable - set(ids), set(ids) - service.deliverable
    doubles = sum(count > 1 for count in ids.values())
    print(
        f"{service.name}: {len(ids)} of {len(service.deliverable)} arrived, lost {len(lost)}, {doubles} more than once"
    )
    print(f"  unknown webhook-ids {len(strange)}, webhook-ids per endpoint and submission {len(ids) / len(places):.3f}")
    print(f"  states {service.states()}, attempts {service.outcomes()}")
    return not lost and not strange and len(ids) == len(places)


def main() -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        checks = [compare(stack, folder)] if DELIVERIES else []
        checks += [kill_repeatedly(stack, folder)] if KILLS else []
    sys.exit(0 if all(checks) else 1)


if __name__ == "__main__":
    main()

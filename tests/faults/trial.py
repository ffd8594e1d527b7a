"""One fault, tried under load: injected, watched, healed, and the books compared."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import Enum

import requests

from tests.faults.ledger import Answer, Comparison, Ledger
from tests.faults.service import Service, Setup

WARM_UP = 0.3
"""Seconds of load before the fault."""

HEAL_TIMEOUT = 30.0


class Writes(Enum):
    GO_ON = "go on"
    FAIL = "fail"
    MAY_FAIL = "may fail"
    """Some are in flight when it happens; none has to fail."""


@dataclass(frozen=True)
class Fault:
    """`act` injects it, and heals it at the end of its block."""

    name: str
    act: Callable[[Service], AbstractContextManager[None]]
    setup: Setup
    writes: Writes
    ends_process: bool = False
    """Connections break, and nothing answers until it is started again."""

    restarts: bool = False
    """The service is started again while it lasts: connections break."""

    max_unready: float = 1.0
    """Seconds until `ready` says so; with a lock, the first writer waits for it before."""


@dataclass(frozen=True)
class Bounds:
    """Seconds."""

    live_p99: float = 0.05
    refusal: float = 2.0
    healthy: float = 2.0
    slack: float = 1.0
    """Of everything, for a machine that is busy with other things."""

    spurious: float = 0.0
    """Share of refusals that such a machine causes by itself."""


@dataclass(frozen=True)
class Report:
    fault: Fault
    live_p99: float | None
    unready_after: float | None
    unready: float
    """Share of the answers of `ready`."""

    refused: int
    slowest_refusal: float | None
    comparison: Comparison
    healthy_after: float | None
    strange: list[int]
    """Statuses that are neither 200 nor 503 with Retry-After."""

    def problems(self, bounds: Bounds) -> list[str]:
        """Name what does not hold."""
        slack, fails = bounds.slack, self.fault.writes is Writes.FAIL
        rules = {
            "live is slow": self.live_p99 is not None and self.live_p99 > bounds.live_p99 * slack,
            "ready stays 200": fails and not self.fault.ends_process and self.unready_after is None,
            "ready is 503": self.fault.writes is Writes.GO_ON and self.unready > bounds.spurious,
            "ready is late": self.unready_after is not None and self.unready_after > self.fault.max_unready * slack,
            "no write fails": fails and not self.fault.ends_process and not self.refused,
            "writes fail": self.fault.writes is Writes.GO_ON
            and self.refused > bounds.spurious * self.comparison.acknowledged,
            "refused late": (self.slowest_refusal or 0) > bounds.refusal * slack,
            "strange answers": bool(self.strange),
            "nothing acknowledged": not self.comparison.acknowledged,
            "the books differ": not self.comparison.flawless,
            "not healthy": self.healthy_after is None or self.healthy_after > bounds.healthy * slack,
        }
        return [rule for rule, broken in rules.items() if broken]


class Monitor:
    """Asks `/health/NAME` again and again."""

    def __init__(self, service: Service, name: str, pause: float) -> None:
        self.answers: list[Answer] = []
        self._url = f"{service.url}/health/{name}"
        self._pause = pause
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def _ask(self) -> None:
        session = requests.Session()
        session.trust_env = False
        while not self._stopping.wait(self._pause):
            sent_at = time.monotonic()
            try:
                status = session.get(self._url, timeout=10).status_code
            except requests.RequestException:
                status = 0
            self.answers.append(Answer(sent_at, time.monotonic(), status, None))

    @contextmanager
    def asking(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            self._thread.join()


def try_fault(fault: Fault, service: Service, seconds: float) -> Report:
    """Inject it for `seconds`."""
    made = service.call("POST", "/api/forms", json={"name": fault.name})
    assert made.status_code == 201, made.text
    ledger = Ledger(service, made.json()["data"]["id"])
    live, ready = Monitor(service, "live", 0.02), Monitor(service, "ready", 0.04)
    with live.asking(), ready.asking(), ledger.filling():
        time.sleep(WARM_UP)
        with fault.act(service):
            injected_at = time.monotonic()
            time.sleep(seconds)
            healing_at = time.monotonic()
        healed_at = time.monotonic()
        healthy_at = _wait_until_healthy(service, ledger, ready, healed_at)
    return _report(fault, (injected_at, healing_at, healed_at), ledger, (live, ready), healthy_at)


def _wait_until_healthy(service: Service, ledger: Ledger, ready: Monitor, healed_at: float) -> float | None:
    until = healed_at + HEAL_TIMEOUT
    while time.monotonic() < until:
        moments = [
            next((one.answered_at for one in list(answers) if one.status == 200 and one.sent_at >= healed_at), None)
            for answers in (ready.answers, ledger.answers)
        ]
        if moments[0] and moments[1]:
            return max(moments[0], moments[1])
        time.sleep(0.02)
    return None


def _report(
    fault: Fault,
    moments: tuple[float, float, float],
    ledger: Ledger,
    monitors: tuple[Monitor, Monitor],
    healthy_at: float | None,
) -> Report:
    injected_at, healing_at, healed_at = moments
    live, ready = ([one for one in monitor.answers if injected_at <= one.sent_at < healing_at] for monitor in monitors)
    during = [one for one in ledger.answers if injected_at <= one.answered_at and one.sent_at < healing_at]
    refused = [one for one in during if one.status == 503]
    delays = sorted(one.answered_at - one.sent_at for one in live)
    unready = [one.answered_at - injected_at for one in ready if one.status == 503]
    proper = {0, 200} if fault.ends_process or fault.restarts else {200}
    strange = [
        one.status for one in ledger.answers if not (one.status in proper or (one.status == 503 and one.retry_after))
    ]
    return Report(
        fault=fault,
        live_p99=delays[int(len(delays) * 0.99)] if delays and not fault.ends_process else None,
        unready_after=unready[0] if unready else None,
        unready=len(unready) / max(1, len(ready)),
        refused=len(refused),
        slowest_refusal=max((one.answered_at - max(one.sent_at, injected_at) for one in refused), default=None),
        comparison=ledger.compare(),
        healthy_after=None if healthy_at is None else healthy_at - healed_at,
        strange=strange,
    )

"""`python -m benchmarks.submissions [SECONDS] [ROUNDS]`: taking submissions beside a view that inserts and commits.

Five fields, everything on: limits (too high to be met), checks, spam verdict, encryption, the mail to the owner in the
same commit and sent by the serving process itself. Floor and service take turns, so that both meet the same machine.
"""

import functools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks import load
from benchmarks.servers import ROOT, Running, running
from forms_service.cpu_affinity import cores

CLIENTS = (8, 64)
QUIET_SECONDS = 0.5
IDLE = 0.1
"""The part of a core that a process with nothing to do takes at most."""

COLUMNS = ("per second", "p50 ms", "p99 ms", "rate/baseline", "p99/baseline", "failed", "µs of CPU")
HIGH = "1000000/60"
EVERYTHING_ON = {"SUBMISSION_RATE_LIMIT": HIGH, "FORM_RATE_LIMIT": HIGH, "LOG_LEVEL": "INFO"}
FIELDS = [
    {"name": "name", "type": "text", "label": "Your name", "required": True, "max_length": 200},
    {"name": "email", "type": "email", "label": "E-mail", "required": True},
    {"name": "phone", "type": "tel", "label": "Phone"},
    {"name": "topic", "type": "select", "label": "About", "choices": ["sales", "support"]},
    {"name": "message", "type": "textarea", "label": "Message", "required": True},
]
MESSAGE = "Hello, I have seen your page and would like to know more about what you offer. " * 3
MAKE = """
from pathlib import Path
from forms_service.accounts import service as accounts
from forms_service.app import create_app
from forms_service.config import load_settings
from forms_service.forms import service as forms
app = create_app(load_settings(Path(".")))
with app.app_context():
    person = accounts.NewAccount("owner@example.com", "Olga", "Owner", "Correct-horse-7")
    owner = accounts.create(person, role="owner", status="active")
    print(forms.create({"name": "Contact", "fields": FIELDS, "settings": {}}, owner.id)["id"])
"""


@dataclass(frozen=True)
class Side:
    """A server to measure, and the path that takes submissions on it."""

    name: str
    server: Running
    path: str


@dataclass(frozen=True)
class Turn:
    """Result of one turn, and the microseconds of processor time that each submission took."""

    result: load.Result
    work: float


def submission(path: str) -> bytes:
    """One that nobody has sent before."""
    fields = {"name": "Ann Example", "email": f"ann{time.time_ns()}@example.com", "phone": "+49 170 1234567"}
    body = json.dumps({**fields, "topic": "sales", "message": MESSAGE}).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def make_form(folder: Path, **settings: str) -> str:
    """The id of a form of five fields in a new instance."""
    settings = {"INSTANCE_PATH": str(folder), "LOG_LEVEL": "WARNING", **settings}
    script = f"FIELDS = {FIELDS!r}\n{MAKE}"
    made = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=settings, stdout=subprocess.PIPE, check=True)
    return made.stdout.decode().strip()


def sides(stack: ExitStack) -> list[Side]:
    """The baseline, the baseline as most would write it, and the service."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    form = make_form(folder)
    baseline = stack.enter_context(running("benchmarks.inserting:app", "/"))
    orm = stack.enter_context(running("benchmarks.inserting:orm", "/"))
    service = stack.enter_context(
        running("wsgi:app", "/health/live", log=folder / "log", INSTANCE_PATH=str(folder), **EVERYTHING_ON)
    )
    servers = [("bare view, sqlite3", baseline), ("bare view, Flask-SQLAlchemy", orm), ("POST /f/{id}", service)]
    return [Side(name, server, f"/f/{form}") for name, server in servers]


def settle(server: Running) -> None:
    """Wait until the mails of the last turn are out: they would be sent during the next side's."""
    worked = -1.0
    while (now := server.processor_seconds()) - worked > IDLE * QUIET_SECONDS * len(server.workers):
        worked = now
        time.sleep(QUIET_SECONDS)


def measure(pool: ProcessPoolExecutor, side: Side, clients: int, seconds: float) -> Turn:
    """One turn of one side."""
    request = functools.partial(submission, side.path)
    before = side.server.processor_seconds()
    result = load.start(pool, side.server.port, request, clients=clients, seconds=seconds).result()
    worked = side.server.processor_seconds() - before
    settle(side.server)
    return Turn(result, worked / len(result.latencies) * 1e6)


def main(seconds: float = 5, rounds: int = 3) -> None:
    machine = f"{cores()} cores, Python {sys.version.split()[0]}"
    print(f"{machine}, {rounds} turns of {seconds:g} s each, one worker, SQLite", flush=True)
    with ExitStack() as stack, load.pool() as pool:
        every = sides(stack)
        compare(pool, every, rounds, seconds)


def compare(pool: ProcessPoolExecutor, every: list[Side], rounds: int, seconds: float) -> dict[int, float]:
    """Show the sides' figures for each number of clients, and return the last side's rates; the sides take turns."""
    rates = {}
    for clients in CLIENTS:
        results: dict[str, list[Turn]] = defaultdict(list)
        for _ in range(rounds):
            for side in every:
                results[side.name].append(measure(pool, side, clients, seconds))
        show(clients, results)
        rates[clients] = median_rate(results[every[-1].name])
    return rates


def median_rate(turns: list[Turn]) -> float:
    return statistics.median(turn.result.per_second() for turn in turns)


def show(clients: int, results: dict[str, list[Turn]]) -> None:
    """Medians over the turns, and the ratios to the baseline."""
    print(f"\n{f'{clients} clients':30}" + "".join(f"{title:>14}" for title in COLUMNS))
    baseline_rate = baseline_p99 = 0.0
    for name, turns in results.items():
        rate = median_rate(turns)
        p50, p99 = (statistics.median(turn.result.percentile(percent) for turn in turns) for percent in (50, 99))
        failed = sum(len(turn.result.latencies) - turn.result.count() for turn in turns)
        work = statistics.median(turn.work for turn in turns)
        baseline_rate, baseline_p99 = baseline_rate or rate, baseline_p99 or p99
        figures = (
            f"{rate:14.0f}{p50:14.1f}{p99:14.1f}{rate / baseline_rate:14.2f}{p99 / baseline_p99:14.2f}"
            f"{failed:14}{work:14.0f}"
        )
        print(f"{name:30}{figures}", flush=True)


if __name__ == "__main__":
    main(*(kind(word) for kind, word in zip((float, int), sys.argv[1:], strict=False)))

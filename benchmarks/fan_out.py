"""`python -m benchmarks.fan_out [SECONDS] [ROUNDS]`: what does taking a submission cost that many are told of?

Two forms of one service take turns: one tells its owner by mail, the other three recipients, the person by an
automatic reply, and two webhooks. Their outbox rows are part of the submission's commit; nothing is sent meanwhile
(BACKGROUND_WORK=outside), so this is the cost of taking alone. Exits with 1 above MAX_COST.
"""

import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

from benchmarks import load
from benchmarks.servers import ROOT, running
from benchmarks.submissions import CLIENTS, EVERYTHING_ON, FIELDS, Side, Turn, measure
from forms_service.cpu_affinity import cores

MAX_COST = 1.3
"""Processor time of a submission, of one with the owner's mail alone."""

ALONE, MANY = "the owner's mail", "three mails, a reply, two webhooks"
ALLOW = {"OUTBOUND_ALLOW": "127.0.0.0/8"}
MAKE = """
from pathlib import Path
from sqlalchemy import update
from forms_service.accounts import service as accounts
from forms_service.accounts.authentication import Caller
from forms_service.app import create_app
from forms_service.config import load_settings
from forms_service.database.transactions import write_session
from forms_service.extensions import db
from forms_service.forms import service as forms
from forms_service.notifications.recipients import service as recipients
from forms_service.notifications.recipients.models import Recipient
from forms_service.webhooks.management import service as webhooks
from forms_service.webhooks.management.schemas import NewWebhook
app = create_app(load_settings(Path(".")))
with app.app_context():
    person = accounts.NewAccount("owner@example.com", "Olga", "Owner", "Correct-horse-7")
    owner = accounts.create(person, role="owner", status="active")
    reply = {"subject": "Thank you, {name}", "text": "We have {reference}.", "copy": True}
    alone, many = (
        forms.create({"name": "Contact", "fields": FIELDS, "settings": settings}, owner.id)["id"]
        for settings in ({}, {"reply": reply})
    )
    caller = Caller(owner.id, "owner")
    for name in ("sales", "support"):
        recipients.add(many, caller, {"email": f"{name}@example.com", "when": [{"field": "topic", "is": "sales"}]})
        webhooks.create(many, caller, NewWebhook().load({"url": f"http://127.0.0.1:9/{name}"}))
    with write_session():
        db.session.execute(update(Recipient).values(status="active"))
        db.session.commit()
    print(alone, many)
"""


def make_forms(folder: Path) -> list[str]:
    """Return the ids of both forms, in a new instance."""
    settings = {"INSTANCE_PATH": str(folder), "LOG_LEVEL": "WARNING", **ALLOW}
    command = [sys.executable, "-c", f"FIELDS = {FIELDS!r}\n{MAKE}"]
    return subprocess.run(command, cwd=ROOT, env=settings, stdout=subprocess.PIPE, check=True, text=True).stdout.split()


def main(seconds: float = 5, rounds: int = 3) -> float:
    """Print the figures; return the highest cost."""
    print(f"{cores()} cores, Python {sys.version.split()[0]}, {rounds} turns of {seconds:g} s each, one worker, SQLite")
    with ExitStack() as stack, load.pool() as pool:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ids = make_forms(folder)
        settings = {"INSTANCE_PATH": str(folder), "BACKGROUND_WORK": "outside", **EVERYTHING_ON, **ALLOW}
        server = stack.enter_context(running("wsgi:app", "/health/live", log=folder / "log", **settings))
        sides = [Side(name, server, f"/f/{form}") for name, form in zip((ALONE, MANY), ids, strict=True)]
        costs = []
        for clients in CLIENTS:
            turns: dict[str, list[Turn]] = defaultdict(list)
            for _ in range(rounds):
                for side in sides:
                    turns[side.name].append(measure(pool, side, clients, seconds))
            costs.append(show(clients, turns))
    return max(costs)


def show(clients: int, turns: dict[str, list[Turn]]) -> float:
    """Print the medians; return the ratio of processor time."""
    print(f"\n{f'{clients} clients':36}{'per second':>12}{'p99 ms':>10}{'µs of CPU':>12}{'failed':>10}")
    work = {}
    for name, side in turns.items():
        work[name] = statistics.median(turn.work for turn in side)
        rate = statistics.median(turn.result.per_second() for turn in side)
        p99 = statistics.median(turn.result.percentile(99) for turn in side)
        failed = sum(len(turn.result.latencies) - turn.result.count() for turn in side)
        print(f"{name:36}{rate:12.0f}{p99:10.1f}{work[name]:12.0f}{failed:10}", flush=True)
    cost = work[MANY] / work[ALONE]
    print(f"{'cost':36}{cost:34.2f}")
    return cost


if __name__ == "__main__":
    sys.exit(main(*(kind(word) for kind, word in zip((float, int), sys.argv[1:], strict=False))) > MAX_COST)

"""Measures whether the time of an answer tells who has an account.

Known and unknown addresses are tried in random order, one client, the service otherwise idle. Of the AUC, 0.5 is a coin
and 1 is certainty; 0.60 is the most that is good enough.
"""

import http.client
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.servers import Running, running
from forms_service.accounts.models import Account
from forms_service.accounts.password_hashing import hash_password
from forms_service.accounts.service import email_index
from forms_service.app import create_app
from forms_service.config import load_settings
from forms_service.extensions import db

PAIRS = int(sys.argv[1]) if len(sys.argv) > 1 else 200
ENOUGH = 0.60
NO_LIMITS = {"RATE_LIMIT_ENABLED": "false", "BACKGROUND_WORK": "outside"}

Fields = dict[str, str]
REQUESTS: dict[str, tuple[str, Callable[[str], Fields]]] = {
    "/api/signup": (
        "active",
        lambda email: {"email": email, "first_name": "Ann", "last_name": "Example", "password": "Correct-horse-7"},
    ),
    "/api/login": ("active", lambda email: {"email": email, "password": "Wrong-horse-7"}),
    "/api/password/forgot": ("active", lambda email: {"email": email}),
    "/api/signup/resend": ("pending", lambda email: {"email": email}),
}
"""Path → what the known accounts are, and what is sent."""


def make_accounts(folder: str) -> None:
    """As many accounts of each kind as are asked for, with one password at today's cost."""
    os.environ |= {"INSTANCE_PATH": folder, "LOG_LEVEL": "WARNING", **NO_LIMITS}
    app = create_app(load_settings(Path(folder)))
    with app.app_context():
        password_hash = hash_password("Correct-horse-7")
        for path, (status, _) in REQUESTS.items():
            for number in range(PAIRS):
                email = known(path, number)
                person = {"first_name": "Ann", "last_name": "Example", "role": "user", "status": status}
                index = email_index(email)
                db.session.add(Account(email=email, email_index=index, password_hash=password_hash, **person))
        db.session.commit()
        db.engine.dispose()


def known(path: str, number: int) -> str:
    return f"known{path.replace('/', '.')}.{number}@example.com"


def probe(server: Running, path: str) -> tuple[list[float], list[float]]:
    """Seconds of the answers for known and for unknown addresses, which must be the same but for the address."""
    fields_for = REQUESTS[path][1]
    known_ones = [(known(path, number), True) for number in range(PAIRS)]
    unknown_ones = [(known(path, number).replace("known", "unkno"), False) for number in range(PAIRS)]
    pairs = list(zip(known_ones, unknown_ones, strict=True))
    random.shuffle(pairs)
    times: dict[bool, list[float]] = {True: [], False: []}
    bodies = set()
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    for email, _ in [(f"first.{number}@example.com", False) for number in range(3)]:
        ask(connection, path, fields_for(email))
    for pair in pairs:
        for email, is_known in random.sample(pair, 2):
            seconds, status, body = ask(connection, path, fields_for(email))
            times[is_known].append(seconds)
            bodies.add((status, body.replace(email, "…")))
    if len(bodies) > 1:
        raise SystemExit(f"{path}: the answers differ: {bodies}")
    return times[True], times[False]


def ask(connection: http.client.HTTPConnection, path: str, fields: Fields) -> tuple[float, int, str]:
    body = json.dumps(fields)
    started = time.perf_counter()
    connection.request("POST", path, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read().decode()
    return time.perf_counter() - started, answer.status, text


def auc(first: list[float], second: list[float]) -> float:
    """Chance that one of the first is above one of the second; below a half it is turned around, as a prober would."""
    above = sum((one > other) + (one == other) / 2 for one in first for other in second)
    share = above / (len(first) * len(second))
    return max(share, 1 - share)


def median(times: list[float]) -> float:
    return sorted(times)[len(times) // 2] * 1000


def main() -> None:
    print(f"{PAIRS} pairs a path\n{'':24}{'known ms':>10}{'unknown ms':>12}{'AUC':>8}")
    leaking_paths = []
    with tempfile.TemporaryDirectory() as folder:
        make_accounts(folder)
        with running("wsgi:app", "/health/live", INSTANCE_PATH=folder, **NO_LIMITS) as server:
            for path in REQUESTS:
                known_times, unknown_times = probe(server, path)
                area = auc(known_times, unknown_times)
                leaking_paths += [path] if area > ENOUGH else []
                print(f"{path:24}{median(known_times):10.2f}{median(unknown_times):12.2f}{area:8.3f}", flush=True)
    if leaking_paths:
        raise SystemExit(f"the time tells who has an account: {', '.join(leaking_paths)}")


if __name__ == "__main__":
    main()

"""`python -m tests.faults [NAME…]`: break what the service depends on, under load, and count what was lost."""

import argparse
import sys
import traceback
from itertools import groupby

from tests.faults import local_catalogue  # noqa: F401 (registers its faults)
from tests.faults.catalogue import FAULTS
from tests.faults.service import Service
from tests.faults.trial import Bounds, Fault, Report, try_fault

COLUMNS = ("live p99 ms", "ready 503 s", "refused", "refused in s", "stored", "lost", "altered", "doubled", "healthy s")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of a fault, or a part of it; all by default")
    parser.add_argument("--seconds", type=float, default=4.0, help="that each fault lasts")
    arguments = parser.parse_args()
    faults = [
        one for one in FAULTS.values() if not arguments.names or any(part in one.name for part in arguments.names)
    ]
    print(f"{'':36}{''.join(f'{column:>14}' for column in COLUMNS)}")
    failed = [fault.name for fault in faults_by_setup(faults, arguments.seconds)]
    print(f"{len(faults) - len(failed)} of {len(faults)} hold" + (f"; not {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


def faults_by_setup(faults: list[Fault], seconds: float) -> "list[Fault]":
    """Try them, those with the same setup on one service; return those that do not hold."""
    failed = []
    for setup, group in groupby(sorted(faults, key=lambda one: one.setup), key=lambda one: one.setup):
        service = Service(setup)
        try:
            for fault in group:
                try:
                    report = try_fault(fault, service, seconds)
                except Exception:
                    traceback.print_exc()
                    failed.append(fault)
                    service.close()
                    service = Service(setup)
                    continue
                problems = report.problems(Bounds())
                print(row(report), "; ".join(problems), flush=True)
                failed += [fault] if problems else []
        finally:
            service.close()
    return failed


def row(report: Report) -> str:
    books = report.comparison
    figures = (
        None if report.live_p99 is None else report.live_p99 * 1000,
        report.unready_after,
        report.refused,
        report.slowest_refusal,
        books.acknowledged,
        books.lost,
        books.altered,
        books.doubled,
        report.healthy_after,
    )
    shown = ("–" if one is None else f"{one:.2f}" if isinstance(one, float) else str(one) for one in figures)
    return f"{report.fault.name:36}{''.join(f'{one:>14}' for one in shown)}"


if __name__ == "__main__":
    sys.exit(main())

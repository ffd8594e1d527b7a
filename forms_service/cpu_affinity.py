"""CPU affinity of threads."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psutil

CAN_PIN = hasattr(os, "sched_setaffinity")  # not on macOS
ALL_CORES = frozenset(os.sched_getaffinity(0)) if CAN_PIN else frozenset(range(os.cpu_count() or 1))
"""At the start of the process."""


def cores() -> int:
    return len(ALL_CORES)


def choose_core(used: Sequence[int | None]) -> int | None:
    """Return the idlest of the cores that the fewest others use; None under an operator's affinity."""
    idle = [times.idle for times in psutil.cpu_times(percpu=True)]
    if not CAN_PIN or set(range(len(idle))) != ALL_CORES:
        return None
    return min(ALL_CORES, key=lambda core: (used.count(core), -idle[core]))


def pin_to(core: int) -> None:
    """Pin this thread and those it starts."""
    # on several cores, each system call hands the GIL to another core, which costs more than the call
    os.sched_setaffinity(0, {core})


@contextmanager
def all_cores() -> Iterator[None]:
    """Lift the pin, for CPU-bound work that releases the GIL."""
    if not CAN_PIN:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, ALL_CORES)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)

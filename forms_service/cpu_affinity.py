"""Which cores of the processor threads run on."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

CAN_PIN = hasattr(os, "sched_setaffinity")  # not on macOS
ALL_CORES = frozenset(os.sched_getaffinity(0)) if CAN_PIN else frozenset(range(os.cpu_count() or 1))
"""Those that the process was started on."""


def cores() -> int:
    """How many cores this process may use."""
    return len(ALL_CORES)


def pin_to_idlest_core() -> None:
    """Keep this thread, and those that it will start, on the core that was idle most.

    The interpreter runs one thread at a time. On several cores each system call hands its lock to a thread that wakes
    up on another core, and costs more than the call. Cores that somebody has chosen for the process stay as they are.
    """
    idle = [times.idle for times in psutil.cpu_times(percpu=True)]
    if CAN_PIN and set(range(len(idle))) == ALL_CORES:
        os.sched_setaffinity(0, {idle.index(max(idle))})


@contextmanager
def all_cores() -> Iterator[None]:
    """Let this thread run anywhere meanwhile: for long work that does not hold the interpreter's lock."""
    if not CAN_PIN:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, ALL_CORES)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)

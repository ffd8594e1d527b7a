"""Group commit: what arrives during a commit forms one batch, and a broken leader holds nobody up."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from forms_service.database import group_commit
from forms_service.database.group_commit import GroupCommit
from forms_service.errors import ServiceUnavailableError
from tests.intake.test_submission_repeats import AT_ONCE, sleep_until


def test_one_that_fails_does_not_take_its_group_down() -> None:
    def work(items: Any) -> list[Any]:
        return [ValueError("odd") if item % 2 else item for item in items]

    group: GroupCommit[int, int] = GroupCommit(work)

    def one(number: int) -> int | str:
        try:
            return group.submit(number)
        except ValueError as error:
            return str(error)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert list(pool.map(one, range(200))) == [number if number % 2 == 0 else "odd" for number in range(200)]


def test_who_comes_meanwhile_is_one_group() -> None:
    sizes: list[int] = []
    first_is_in, goes_on = threading.Event(), threading.Event()

    def work(items: Any) -> list[Any]:
        sizes.append(len(items))
        first_is_in.set()
        goes_on.wait(10)
        return list(items)

    group: GroupCommit[int, int] = GroupCommit(work)
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(group.submit, 0)
        first_is_in.wait(10)
        others = [pool.submit(group.submit, number) for number in range(1, 6)]
        sleep_until(lambda: group.waiting == 5)
        goes_on.set()
        assert [waiting.result(10) for waiting in (first, *others)] == list(range(6))
    assert sizes == [1, 5]


def test_the_first_waits_for_those_who_are_on_their_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "MAX_DELAY", 10)
    sizes: list[int] = []

    def work(items: Any) -> list[Any]:
        sizes.append(len(items))
        return list(items)

    group: GroupCommit[int, int] = GroupCommit(work, range(3))
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(group.submit, range(3))) == [0, 1, 2]
    assert sizes == [3]


def test_it_does_not_wait_long_for_one_who_turns_back() -> None:
    group: GroupCommit[int, int] = GroupCommit(list, range(2))
    assert group.submit(1) == 1


def test_nobody_waits_for_a_leader_that_breaks_off() -> None:
    first_is_in, goes_on = threading.Event(), threading.Event()

    def work(items: Any) -> list[Any]:
        if items == [0]:
            first_is_in.set()
            goes_on.wait(10)
            return [0]
        raise KeyboardInterrupt

    group: GroupCommit[int, int] = GroupCommit(work)
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(group.submit, 0)]
        first_is_in.wait(10)
        waiting += [pool.submit(group.submit, number) for number in (1, 2)]
        sleep_until(lambda: group.waiting == 2)
        goes_on.set()
        ended = {type(turn.exception(10)) for turn in waiting}
    assert ended == {type(None), KeyboardInterrupt, ServiceUnavailableError}

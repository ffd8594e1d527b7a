"""The faults that differ most, for a moment each; `python -m tests.faults` tries all of them for longer."""

from collections.abc import Iterator

import pytest

from tests.faults import local_catalogue  # noqa: F401 (registers its faults)
from tests.faults.catalogue import FAULTS
from tests.faults.service import Service, Setup
from tests.faults.trial import Bounds, try_fault

pytestmark = [pytest.mark.slow, pytest.mark.server]

SECONDS = 3.0
ON_A_BUSY_MACHINE = Bounds(slack=20.0, spurious=0.5)

ON_POSTGRES = ("postgresql-stopped", "postgresql-frozen", "redis-stopped")
ON_SQLITE = ("sqlite-disk-full", "gunicorn-killed")


@pytest.fixture(scope="module")
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    started = Service(Setup(request.param))
    yield started
    started.close()


@pytest.mark.parametrize(
    ("service", "name"),
    [*(("postgresql", name) for name in ON_POSTGRES), *(("sqlite", name) for name in ON_SQLITE)],
    indirect=["service"],
    scope="module",
)
def test_nothing_acknowledged_is_lost_and_the_service_comes_back(service: Service, name: str) -> None:
    report = try_fault(FAULTS[name], service, SECONDS)
    assert report.problems(ON_A_BUSY_MACHINE) == [], report

"""Portals in this process and clients of them, for unit tests of whatever speaks HTTP."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.http.retry import RetryPolicy
from airflow_provider_harvest.portal.http.transport import Transport
from tests.support.fake_portal.direct_client import dialect_of
from tests.support.fake_portal.scripted import FakeClock
from tests.support.fake_portal.server import API, Door, InProcess
from tests.support.fake_portal.state import KEY
from tests.support.fork_server import ForkServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GENERATIONS = ("A", "B", "C", "D")


def pytest_collection_finish() -> None:
    """Take off the console handler that Airflow puts on: pytest keeps what is logged, and shows it if a test fails."""
    logging.getLogger().handlers.clear()


@pytest.fixture(params=GENERATIONS)
def server(request: pytest.FixtureRequest) -> Iterator[Door]:
    """A portal of each generation in turn, in this process."""
    with InProcess(request.param) as running:
        yield running


@pytest.fixture
def newest() -> Iterator[Door]:
    """A portal of the newest generation, in this process."""
    with InProcess("D") as running:
        yield running


@pytest.fixture
def client_of() -> Iterator[Callable[..., HarvestClient]]:
    """Makes clients with a key whose delays take no time; they know the release, so that tests see one request."""
    made: list[HarvestClient] = []

    def make(server: Door, key: str | None = KEY, **options: Any) -> HarvestClient:
        known = dialect_of(server.portal.generation)
        defaults = {"dialect": known, "clock": FakeClock(), "retry": RetryPolicy(attempts=1)}
        made.append(HarvestClient(server.url, key, **{**defaults, **options}))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(server: Door, client_of: Callable[..., HarvestClient]) -> HarvestClient:
    """A client with a key, of each generation in turn."""
    return client_of(server)


@pytest.fixture(scope="session")
def fresh_airflow() -> Iterator[ForkServer]:
    """Processes that have loaded Airflow and nothing else."""
    with ForkServer("airflow") as fresh:
        yield fresh


@pytest.fixture
def clock() -> FakeClock:
    """A clock that moves only when somebody waits."""
    return FakeClock()


@pytest.fixture
def transport(newest: Door, clock: FakeClock) -> Iterator[Transport]:
    """A transport to the newest portal, with a key and the usual four attempts, whose delays take no time."""
    made = Transport(f"{newest.url}{API}", KEY, timeout=5, clock=clock)
    yield made
    made.close()

"""A portal of the newest generation, and a client of it on a fake clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.portal.client import HarvestClient
from tests.support.fake_portal.scripted import FakeClock
from tests.support.fake_portal.server import Door, InProcess
from tests.support.fake_portal.state import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[Door]:
    with InProcess("D") as running:
        yield running


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def client(server: Door, clock: FakeClock) -> Iterator[HarvestClient]:
    with HarvestClient(server.url, KEY, clock=clock) as client:
        yield client

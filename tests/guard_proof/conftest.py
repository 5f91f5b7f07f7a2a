"""A real portal of each release in turn; what one story leaves on it is removed before the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.portal.client import HarvestClient
from sandbox import Sandbox
from sandbox.catalogue import CatalogueServer
from tests.support.guarded_world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The newest release, the oldest, and one in between.
RELEASES = ("17.18.0", "16.6.1", "9.2.4")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--datasets", type=int, default=2000, help="datasets in test_forecast.py (2,000); 60 are quick")


@pytest.fixture(scope="session", params=RELEASES)
def running_portal(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The portal of a release."""
    with Sandbox.start(request.param, log_dir=tmp_path_factory.mktemp("udata")) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def catalogues() -> Iterator[CatalogueServer]:
    """The server of all catalogues."""
    with CatalogueServer() as server:
        yield server


@pytest.fixture
def world(running_portal: Sandbox, catalogues: CatalogueServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A portal without sources."""
    with HarvestClient(running_portal.url, running_portal.keys.admin) as admin:
        yield World(running_portal, admin, catalogues, monkeypatch)
    running_portal.control.reset()
    running_portal.control.wait_until_idle()
    running_portal.control.forget_sources()

"""A portal with a key for each task, a catalogue to make a source of, and what was written meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.clock import Clock
from tests.support.source_tasks import SourceTask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox import Sandbox


@pytest.fixture
def task(portal: Sandbox, monkeypatch: pytest.MonkeyPatch) -> SourceTask:
    return SourceTask(portal, monkeypatch)


@pytest.fixture
def client(portal: Sandbox) -> Iterator[HarvestClient]:
    """The portal's API with the sysadmin's key, to see what is really there."""
    with HarvestClient(portal.url, portal.keys.admin) as client:
        yield client


@pytest.fixture
def writes(portal: Sandbox) -> Callable[[], list[str]]:
    """What was written since the test began: method and the path's last part, ``POST sources``."""
    mark = portal.mark()

    def read() -> list[str]:
        log = portal.requests(mark)
        return [f"{r.method} {r.path.rstrip('/').rsplit('/', 1)[-1]}" for r in log if r.method != "GET"]

    return read


@pytest.fixture
def source(new_catalogue: Callable[..., Any], portal: Sandbox) -> dict[str, Any]:
    """What a source of a catalogue of three datasets is created by."""
    catalogue = new_catalogue(datasets=3)
    return {
        "name": catalogue.name,
        "url": catalogue.url,
        "backend": "dcat",
        "organization": portal.organization.slug,
    }


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Clock, "sleep", lambda self, seconds: None)

"""A portal that is examined again and again: what happens on it, and the passes over it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.health import HealthReport, examine
from airflow_provider_harvest.portal.http.retry import RetryPolicy

if TYPE_CHECKING:
    from tests.support.fake_portal.server import Door
    from tests.support.fake_portal.state import PortalState

#: The portal's clock when its life begins.
START = 1_780_000_000.0


def look(server: Door, previous: HealthReport | None = None, *, now: float = START, **options: Any) -> Any:
    """Make a pass, with a client that knows nothing yet; what it leaves goes through JSON on its way."""
    state = json.loads(json.dumps(previous.state)) if previous else None
    with HarvestClient(server.url, retry=RetryPolicy(attempts=1)) as client:
        return examine(client, previous=state, now=now, **options)


def harvested(portal: PortalState, name: str = "Town", status: str = "done", **counts: int) -> str:
    """Add a source that was harvested just now; return its id."""
    ident = portal.add_source(name)
    job = portal.add_job(ident)
    portal.add_items(job, **(counts or {"done": 20}))
    portal.end_job(job, status, ["404 Client Error"] if status == "failed" else [])
    return ident


def harvest(portal: PortalState, source_id: str, at: float, status: str = "done", **counts: int) -> None:
    """Harvest a source again."""
    portal.now = lambda: at
    job = portal.add_job(source_id)
    portal.add_items(job, **counts)
    portal.end_job(job, status)


def requests_of(server: Door) -> list[str]:
    """The paths that were requested since the last call."""
    paths = [request.path for request in server.requests]
    server.requests.clear()
    return paths

"""Fifty sources of one portal are harvested while as many tasks wait deferred, and DAGs start when harvests end.

The triggerer is killed in the middle. Every wait ends right, every event comes once, and the portal's access log counts
what it cost.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.waiting.reported_jobs import digest_of
from sandbox import Sandbox
from tests.crash.conftest import DAGS_OF_A_WHOLE_PORTAL
from tests.crash.live_airflow import LiveAirflow, wait_until
from tests.crash.releases import IS_AIRFLOW_3

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_harvest.portal.models import HarvestJob

pytestmark = pytest.mark.slow

SOURCES, FAILING = 50, 5
#: The assets with event triggers, and the DAGs that are scheduled on them.
WATCHED = ("on_end", "on_success", "on_failure")
#: What jobs end with that these events are for.
STATUSES = {"on_end": ("done", "done-errors"), "on_success": ("done",), "on_failure": ("done-errors",)}
#: Seconds for fifty tasks to be run twice each, on two cores.
PATIENCE = 900.0


@dataclass(frozen=True)
class Ended:
    """How it all ended.

    :param jobs: of the fifty tasks, the first to end first.
    :param states: how many tasks ended how.
    :param events: for each watched asset the ids of the jobs in its events, in order.
    :param read: what the DAGs read in the events that started them.
    :param requests: what the portal was asked between the deferral of the last task and the end, by kind.
    :param rounds: how many poll rounds there can have been meanwhile.
    """

    jobs: list[HarvestJob]
    states: Counter[str]
    events: dict[str, list[str]]
    read: dict[str, list[str]]
    requests: Counter[str]
    rounds: float


def wait_for_events(airflow: LiveAirflow, name: str, expected: set[str | None]) -> None:
    """Wait until an asset has an event of each job."""
    wait_until(lambda: expected <= set(airflow.event_jobs(name)), 120, lambda: f"Events of {name} are missing.")


@pytest.fixture(scope="module")
def whole_portal() -> Iterator[Sandbox]:
    """A portal with fifty accepted sources, of which five have a record that fails."""
    with Sandbox.start() as portal, HarvestClient(portal.url, portal.keys.admin) as admin:
        for number in range(SOURCES):
            name = f"town-{number:02}"
            url = portal.catalogue.put(name, datasets=3, failing=1 if number < FAILING else 0, prefix=f"{name}-")
            source = admin.create_source(name, url, "dcat", organization=portal.organization.id)
            admin.validate_source(source.id)
        portal.control.wait_until_idle(timeout=300)
        yield portal


@pytest.fixture(scope="module")
def ended(whole_portal: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    """The whole story in one test."""
    connection = {"conn_type": "harvest", "host": whole_portal.url, "password": whole_portal.keys.admin}
    settings = {
        "AIRFLOW_CONN_HARVEST_DEFAULT": json.dumps({**connection, "extra": {"min_poll_interval": 1}}),
        "CRASH_PORTAL": whole_portal.url,
        "CRASH_ORGANIZATION": whole_portal.organization.id,
    }
    home = tmp_path_factory.mktemp("airflow")
    with LiveAirflow(home, settings, dags=DAGS_OF_A_WHOLE_PORTAL) as airflow:
        yield _story(whole_portal, airflow)


def _story(portal: Sandbox, airflow: LiveAirflow) -> Ended:
    with HarvestClient(portal.url) as client:
        sources = [source.id for source in client.iter_sources()]

        def newest(source: str) -> HarvestJob:
            return next(client.iter_jobs(source))

        before = {source: str(newest(source).id) for source in sources}

        portal.control.hold_jobs()
        run = airflow.trigger("fifty", organization=portal.organization.id)
        wait_until(lambda: run.count("deferred") == SOURCES, PATIENCE, lambda: f"Not all are deferred: {run.states()}")
        requests, began = len(portal.requests()), time.monotonic()
        portal.control.delay_items(0.5)
        portal.control.release_jobs()

        def told() -> set[str]:
            """The ended jobs that everybody has heard of, and Airflow has stored that."""
            cursors = ["".join(airflow.cursor(name)["told"].values()) for name in WATCHED]
            return {job for job in ended_jobs() if all(digest_of(job) in digests for digests in cursors)}

        def ended_jobs() -> set[str]:
            return {str(job.id) for job in map(newest, sources) if job.ended} - set(before.values())

        wait_until(lambda: len(ended_jobs()) >= SOURCES // 5, 120, lambda: "Too few harvests have ended.")
        portal.control.hold_jobs()
        wait_until(lambda: all(newest(source).ended for source in sources), 120, lambda: "Harvests go on.")
        if IS_AIRFLOW_3:
            wait_until(lambda: ended_jobs() <= told(), 120, lambda: f"Not all are told: {told()}")
        airflow.kill("triggerer")
        portal.control.reset()
        portal.control.wait_until_idle(timeout=300)  # the others end while nobody looks
        airflow.revive()

        def all_ended() -> bool:
            return sum(run.count(state) for state in ("success", "failed")) == SOURCES

        wait_until(all_ended, PATIENCE, lambda: f"Not all have ended: {run.states()}")
        jobs = [newest(source) for source in sources]
        assert all(job.id != before[source] for source, job in zip(sources, jobs, strict=True))
        if IS_AIRFLOW_3:
            for name in WATCHED:
                wait_for_events(airflow, name, {job.id for job in jobs if job.status in STATUSES[name]})
        asked = portal.requests(since=requests)
    watched = WATCHED if IS_AIRFLOW_3 else ()
    return Ended(
        # Eight threads of the portal's worker end harvests, now and then two in one millisecond.
        jobs=sorted(jobs, key=lambda job: (job.ended.timestamp() if job.ended else 0.0, str(job.id))),
        states=run.states(),
        events={name: airflow.event_jobs(name) for name in watched},
        read={name: airflow.read_by(name) for name in watched},
        requests=Counter(_kind(request) for request in asked),
        rounds=(time.monotonic() - began) / 5.0,
    )


def _kind(request: Any) -> str:
    return "list" if request.path.endswith("/harvest/sources/") else "other"


def test_every_wait_ends_right(ended: Ended) -> None:
    assert ended.states == {"success": SOURCES - FAILING, "failed": FAILING}


def test_no_source_was_harvested_twice(ended: Ended) -> None:
    assert len({job.id for job in ended.jobs}) == SOURCES


needs_events = pytest.mark.skipif(not IS_AIRFLOW_3, reason="Airflow 2.11 has no event triggers.")


@needs_events
@pytest.mark.parametrize("watched", WATCHED)
def test_every_event_comes_once_and_in_order(ended: Ended, watched: str) -> None:
    wanted = {job.id: job.ended for job in ended.jobs if job.status in STATUSES[watched]}
    reported = [(job_id, wanted.get(job_id)) for job_id in ended.events[watched]]  # for whom it fails: the ends, too
    assert reported == list(wanted.items())


@needs_events
def test_the_dags_that_were_started_have_read_the_events(ended: Ended) -> None:
    assert ended.read["on_failure"]
    assert set(ended.read["on_failure"]) <= set(ended.events["on_failure"])


def test_the_list_was_requested_once_a_round(ended: Ended) -> None:
    assert 1 <= ended.requests["list"] <= ended.rounds + 5

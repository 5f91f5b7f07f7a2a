"""The example DAG of the guard: it holds, asks a person once, and releases what they accept."""

from __future__ import annotations

import importlib.metadata
import threading
from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.guard.holds import is_held

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox import Sandbox
    from sandbox.airflow_home import AirflowHome, DagOutcome

    MakeAirflow = Callable[..., AirflowHome]

pytestmark = [pytest.mark.integration, pytest.mark.airflow, pytest.mark.slow]

_HAS_APPROVAL_PAGE = importlib.metadata.version("apache-airflow") >= "3.1"
DAY = 86400.0


@pytest.fixture
def deferred() -> bool:
    """The guard waits for nothing."""
    return False


def lost(portal: Sandbox, client: HarvestClient, catalogue: str) -> str:
    """Make a source of 25 datasets whose newest harvest found 15 of them; return its id."""
    for other in list(client.iter_sources()):
        client.delete_source(other.id)
    portal.catalogue.put(catalogue, datasets=25, prefix=f"{catalogue}-")
    source = client.create_source(
        catalogue, portal.catalogue.url(catalogue), "dcat", organization=portal.organization.id
    )
    client.validate_source(source.id)
    portal.control.wait_until_idle()
    portal.control.backdate_records(source.id, DAY)
    portal.catalogue.put(catalogue, datasets=15, prefix=f"{catalogue}-")
    portal.control.run_scheduled(source.id)
    portal.control.wait_until_idle()
    return source.id


def run_with_person(airflow: AirflowHome, option: str) -> DagOutcome:
    answers: list[threading.Thread] = []

    def on_task(task: str) -> None:
        if task == "approve" and not answers and _HAS_APPROVAL_PAGE:
            answers.append(threading.Thread(target=airflow.answer, args=("harvest_guard", task, option)))
            answers[0].start()

    outcome = airflow.run_dag("harvest_guard", on_task=on_task)
    for answer in answers:
        answer.join()
    return outcome


@pytest.mark.parametrize("option", ["Approve", "Reject"])
def test_guard_holds_asks_once_and_releases_what_is_accepted(
    portal: Sandbox, catalogue: str, make_airflow: MakeAirflow, option: str
) -> None:
    client = HarvestClient(portal.url, portal.keys.org_admin)
    source_id = lost(portal, HarvestClient(portal.url, portal.keys.admin), catalogue)
    airflow = make_airflow(key=portal.keys.org_admin)

    outcome = run_with_person(airflow, option)

    assert outcome.xcoms["guard", "newly_held_ids"] == [source_id], outcome.log[-3000:]
    assert "10 of 25 records are missing" in outcome.xcoms["guard", "message"]
    source = client.get_source(source_id)
    if _HAS_APPROVAL_PAGE and option == "Approve":
        assert outcome.tasks["release"] == "success"
        assert (source.autoarchive, is_held(source)) == (True, False)
    else:
        assert outcome.tasks["release"] == "skipped"
        assert is_held(source)
        if not _HAS_APPROVAL_PAGE:
            assert f"airflow-harvest guard release {source_id}" in outcome.log
    mark = portal.mark()
    again = run_with_person(airflow, option)
    assert again.state == "success", again.log[-3000:]
    assert again.tasks["approve"] == again.tasks["release"] == "skipped"
    assert [request for request in portal.requests(mark) if request.method != "GET"] == []

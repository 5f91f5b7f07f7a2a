"""Each example DAG does on a real portal what its docstring says, on the worker and deferred."""

from __future__ import annotations

import importlib.metadata
import re
import threading
from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.portal.client import HarvestClient
from tests.support.portal_scheduler import run_once_polled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sandbox import Sandbox
    from sandbox.airflow_home import AirflowHome, DagOutcome

    MakeAirflow = Callable[..., AirflowHome]

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture
def client(portal: Sandbox) -> HarvestClient:
    """The portal's API with the sysadmin's key."""
    return HarvestClient(portal.url, portal.keys.admin)


def writes(portal: Sandbox, since: int) -> list[str]:
    """The portal's log of writes: method and last part of the path."""
    log = portal.requests(since)
    return [f"{r.method} {r.path.rstrip('/').rsplit('/', 1)[-1]}" for r in log if r.method != "GET"]


def remote_ids(portal: Sandbox, source_id: str) -> set[str]:
    """What the portal really publishes of a source."""
    return {dataset["harvest"]["remote_id"] for dataset in portal.datasets(source_id=source_id)}


def onboarded(portal: Sandbox, client: HarvestClient, catalogue: str) -> str:
    """Make an accepted source of a catalogue, harvested once; return its id."""
    source = client.create_source(
        catalogue, portal.catalogue.url(catalogue), "dcat", organization=portal.organization.id
    )
    client.validate_source(source.id)
    portal.control.wait_until_idle()
    return source.id


def last_mark(portal: Sandbox) -> int:
    """The number of the newest request that the portal has got."""
    return max((request.n for request in portal.requests()), default=0)


def was_deferred(outcome: DagOutcome, task: str) -> bool:
    """Whether a task waited in a triggerer."""
    return "Deferred: a triggerer polls" in outcome.log


def test_onboarding_brings_a_catalogue_onto_the_portal(
    portal: Sandbox, client: HarvestClient, catalogue: str, make_airflow: MakeAirflow, deferred: bool
) -> None:
    mark = last_mark(portal)
    portal.control.delay_items(0.8)

    outcome = make_airflow().run_dag("harvest_onboarding", {"name": catalogue})

    assert outcome.state == "success", outcome.log[-3000:]
    source_id = outcome.xcoms["create", "id"]
    assert client.get_source(source_id).schedule == "30 4 * * *"
    assert remote_ids(portal, source_id) == set(portal.catalogue.ids(catalogue))
    assert writes(portal, mark) == ["POST preview", "POST sources", "POST validate", "POST schedule"]
    assert was_deferred(outcome, "first_harvest") is deferred


def test_onboarding_again_changes_nothing(
    portal: Sandbox, client: HarvestClient, catalogue: str, make_airflow: MakeAirflow, deferred: bool
) -> None:
    airflow = make_airflow()
    first = airflow.run_dag("harvest_onboarding", {"name": catalogue})
    source_id = first.xcoms["create", "id"]
    jobs = len(list(client.iter_jobs(source_id)))
    mark = last_mark(portal)

    second = airflow.run_dag("harvest_onboarding", {"name": catalogue})

    assert second.state == "success", second.log[-3000:]
    assert writes(portal, mark) == ["POST preview"]
    assert len(list(client.iter_jobs(source_id))) == jobs


def test_producer_harvests_what_it_published(
    portal: Sandbox, client: HarvestClient, catalogue: str, make_airflow: MakeAirflow, deferred: bool
) -> None:
    source_id = onboarded(portal, client, catalogue)
    portal.catalogue.put(catalogue, datasets=6, prefix=f"{catalogue}-")
    portal.control.delay_items(0.5)
    mark = last_mark(portal)

    outcome = make_airflow().run_dag("harvest_producer")

    assert outcome.state == "success", outcome.log[-3000:]
    assert remote_ids(portal, source_id) == set(portal.catalogue.ids(catalogue))
    assert outcome.xcoms["harvest", "harvest_result"]["remote_ids"]["done"] == 6
    assert writes(portal, mark) == ["POST run"]
    assert was_deferred(outcome, "harvest") is deferred


def test_producer_fails_on_a_dataset_that_was_not_updated(
    portal: Sandbox, client: HarvestClient, catalogue: str, make_airflow: MakeAirflow, deferred: bool
) -> None:
    onboarded(portal, client, catalogue)
    portal.catalogue.put(catalogue, datasets=4, failing=1, prefix=f"{catalogue}-")

    outcome = make_airflow().run_dag("harvest_producer")

    assert outcome.tasks["harvest"] == "failed"
    result = outcome.xcoms["harvest", "harvest_result"]
    broken = (set(portal.catalogue.ids(catalogue)) - remote_ids(portal, result["source_id"])).pop()
    assert result["remote_ids"]["failed"] == [broken]
    assert f"1 failed: '{broken}'" in outcome.log


def test_producer_without_the_right_to_run_waits_for_the_portals_own_run(
    portal: Sandbox, client: HarvestClient, catalogue: str, make_airflow: MakeAirflow, deferred: bool
) -> None:
    source_id = onboarded(portal, client, catalogue)
    client.schedule_source(source_id, "* * * * *")  # due within a minute, so polled often
    portal.catalogue.put(catalogue, datasets=5, prefix=f"{catalogue}-")
    mark = last_mark(portal)
    airflow = make_airflow(key="")
    own_run = threading.Thread(target=run_once_polled, args=(portal, source_id, mark))
    own_run.start()

    outcome = airflow.run_dag("harvest_producer")
    own_run.join()

    assert outcome.state == "success", outcome.log[-3000:]
    assert outcome.xcoms["harvest", "harvest_result"]["how"] == "waited"
    assert remote_ids(portal, source_id) == set(portal.catalogue.ids(catalogue))
    assert writes(portal, mark) == []


def test_nightly_sums_up_whatever_failed(
    portal: Sandbox, client: HarvestClient, catalogue: str, make_airflow: MakeAirflow, deferred: bool
) -> None:
    for other in list(client.iter_sources()):
        client.delete_source(other.id)
    portal.catalogue.put(f"{catalogue}-broken", mode="error-404")
    sources = [onboarded(portal, client, catalogue), onboarded(portal, client, f"{catalogue}-broken")]
    mark = last_mark(portal)

    outcome = make_airflow().run_dag("harvest_nightly")

    assert outcome.xcoms["summary", "counts"] == {"success": 1, "job": 1}
    assert outcome.state == "failed"
    assert writes(portal, mark) == ["POST run"] * len(sources)


# --- sources as code --------------------------------------------------------------------------------------------------

_HAS_APPROVAL_PAGE = importlib.metadata.version("apache-airflow") >= "3.1"


@pytest.fixture
def sources_file(portal: Sandbox, catalogue: str, tmp_path: Path) -> Path:
    """A file with two sources of the portal, of which one is to be harvested."""
    path = tmp_path / "sources.yaml"
    url = portal.catalogue.url(catalogue)
    path.write_text(
        f"version: 1\n"
        f"portal: {portal.url}\n"
        f"managed_by: {catalogue}\n"
        f"defaults: {{organization: {portal.organization.slug}, backend: dcat, validation: accepted}}\n"
        f"sources:\n"
        f"  first: {{name: First of {catalogue}, url: '{url}', active: true, schedule: 5 3 * * *}}\n"
        f"  second: {{name: Second of {catalogue}, url: '{url}?2', active: false, schedule: 5 4 * * *}}\n"
    )
    return path


def run_with_person(airflow: AirflowHome, path: Path, option: str) -> DagOutcome:
    """Run the DAG with a person who answers its question: on its page, or before Airflow 3.1 by the plan's digest."""
    params = {"path": str(path)}
    if not _HAS_APPROVAL_PAGE:
        looked_at = airflow.run_dag("harvest_sources_as_code", params)
        digest = looked_at.xcoms["plan", "digest"] if option == "Approve" else "another plan"
        return airflow.run_dag("harvest_sources_as_code", {**params, "approved": digest})
    return airflow.run_dag_answered("harvest_sources_as_code", "approve", option, params)[0]


def test_sources_as_code_writes_nothing_that_a_person_rejects(
    portal: Sandbox, catalogue: str, make_airflow: MakeAirflow, sources_file: Path, deferred: bool
) -> None:
    mark = last_mark(portal)

    outcome = run_with_person(make_airflow(), sources_file, "Reject")

    assert outcome.xcoms["plan", "counts"]["create"] == 2, outcome.log[-3000:]
    assert "2 to create" in outcome.xcoms["plan", "summary_markdown"]
    assert outcome.tasks["approve"] == "success"
    assert outcome.tasks["apply"] == "skipped"
    assert writes(portal, mark) == []


def test_sources_as_code_is_red_where_all_is_in_conflict(
    portal: Sandbox, client: HarvestClient, catalogue: str, make_airflow: MakeAirflow, sources_file: Path
) -> None:
    other = f"{portal.catalogue.url(catalogue)}?elsewhere"
    client.create_source(f"First of {catalogue}", other, "dcat", organization=portal.organization.id)
    sources_file.write_text(re.sub(r"  second: .*\n", "", sources_file.read_text()))

    outcome = make_airflow().run_dag("harvest_sources_as_code", {"path": str(sources_file)})

    assert outcome.tasks["has_changes"] == "failed"
    assert "Sources in conflict: 1" in outcome.log


def test_sources_as_code_applies_the_approved_plan_once(
    portal: Sandbox, catalogue: str, make_airflow: MakeAirflow, sources_file: Path, deferred: bool
) -> None:
    airflow = make_airflow()
    mark = last_mark(portal)

    outcome = run_with_person(airflow, sources_file, "Approve")
    again = airflow.run_dag("harvest_sources_as_code", {"path": str(sources_file)})

    assert outcome.state == "success", outcome.log[-3000:]
    assert [entry["steps"] for entry in outcome.xcoms["apply", "done"]] == [
        ["create", "validate", "schedule", "activate"],
        ["create", "validate", "schedule"],
    ]
    assert len(writes(portal, mark)) == 7
    assert again.state == "success", again.log[-3000:]
    assert again.tasks["approve"] == again.tasks["apply"] == "skipped"
    assert again.xcoms["plan", "has_changes"] is False


# --- typing errors in the form that starts a run ----------------------------------------------------------------------

MISTAKES = [
    ("harvest_producer", {"organization": "no-such-town"}, "There is no organization 'no-such-town' on"),
    ("harvest_onboarding", {"backend": "dcatt"}, "Did you mean 'dcat'?"),
    ("harvest_nightly", {"organization": "no-such-town"}, "they could not be listed: see the log of the task sources."),
    ("harvest_sources_as_code", {"path": "/no/such/folder"}, "the worker has no file or folder there"),
]


@pytest.mark.parametrize("deferred", [False], indirect=True)
@pytest.mark.parametrize("dag_id, params, sentence", MISTAKES, ids=[mistake[0] for mistake in MISTAKES])
def test_mistake_that_the_form_lets_through_is_named_and_nothing_is_written(
    portal: Sandbox, make_airflow: MakeAirflow, dag_id: str, params: dict[str, str], sentence: str
) -> None:
    mark = last_mark(portal)

    outcome = make_airflow().run_dag(dag_id, params)

    assert outcome.state == "failed"
    assert sentence in outcome.log
    assert "Error: object of type" not in outcome.log
    assert writes(portal, mark) == []

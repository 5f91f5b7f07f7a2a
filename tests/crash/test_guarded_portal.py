"""The example DAG of the guard in an Airflow whose triggerer is killed twice: held, asked and released once each.

A harvest that ends while no triggerer runs starts the guard when one runs again; an approval waits through it.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.guard.hold_and_release import is_held
from sandbox import Sandbox
from tests.crash.live_airflow import LiveAirflow, wait_until
from tests.crash.releases import IS_AIRFLOW_3

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not IS_AIRFLOW_3, reason="Airflow 2.11 has neither event triggers nor approvals."),
]

DAG_ID = "harvest_guard"
DAY = 86400.0
SECONDS = 240.0
_EXAMPLE = Path(__file__).resolve().parents[2] / "example_dags" / f"{DAG_ID}.py"


class Story:
    """A portal with one source of eight datasets, and an Airflow with the example DAG that watches it."""

    def __init__(self, portal: Sandbox, client: HarvestClient, airflow: LiveAirflow, source_id: str) -> None:
        self.portal, self.client, self.airflow, self.source_id = portal, client, airflow, source_id

    def harvest(self) -> None:
        """A day passes, and the portal harvests."""
        self.portal.control.pass_time(self.source_id, DAY)
        self.portal.control.run_scheduled(self.source_id)
        self.portal.control.wait_until_idle()

    def runs(self) -> list[str]:
        return [run["dag_run_id"] for run in self.airflow.api("GET", f"dags/{DAG_ID}/dagRuns?limit=100")["dag_runs"]]

    def states(self, task_id: str) -> Counter[str]:
        """How many runs have a task in which state."""
        path = f"dags/{DAG_ID}/dagRuns/~/taskInstances?limit=100"
        tasks = self.airflow.api("GET", path)["task_instances"]
        return Counter(str(task["state"]) for task in tasks if task["task_id"] == task_id)

    def wait_for(self, task_id: str, *states: str, runs: int = 1) -> None:
        def is_so() -> bool:
            return sum(self.states(task_id)[state] for state in states) >= runs

        wait_until(is_so, SECONDS, lambda: f"{task_id} is {self.states(task_id)}, not {states}, in {self.runs()}.")

    def looks(self) -> int:
        return sum(request.path.rstrip("/").endswith("/harvest/sources") for request in self.portal.requests())

    def wait_until_watched(self) -> None:
        looks = self.looks()
        wait_until(lambda: self.looks() >= looks + 2, SECONDS, lambda: "Nobody watches the portal.")

    @property
    def changes(self) -> int:
        """How often the source was changed since it was made."""
        path = f"/api/1/harvest/source/{self.source_id}"
        return sum(request.method == "PUT" and request.path.rstrip("/") == path for request in self.portal.requests())

    def approve(self) -> str:
        """Answer the one question that is open; return what it showed."""
        asked = [
            detail
            for detail in self.airflow.api("GET", f"dags/{DAG_ID}/dagRuns/~/hitlDetails")["hitl_details"]
            if not detail["response_received"]
        ]
        (question,) = asked
        run_id = question["task_instance"]["dag_run_id"]
        path = f"dags/{DAG_ID}/dagRuns/{run_id}/taskInstances/approve/-1/hitlDetails"
        self.airflow.api("PATCH", path, {"chosen_options": ["Approve"], "params_input": {}})
        return str(question["body"])


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    dags = tmp_path / "dags"
    dags.mkdir()
    text = _EXAMPLE.read_text()
    quick = text.replace("trigger=HarvestJobEventTrigger()", "trigger=HarvestJobEventTrigger(poll_interval=3)")
    assert quick != text
    (dags / _EXAMPLE.name).write_text(quick)
    home = tmp_path / "airflow"
    home.mkdir()
    with Sandbox.start() as portal, HarvestClient(portal.url, portal.keys.admin) as client:
        url = portal.catalogue.put("town", datasets=8)
        source = client.create_source("Town", url, "dcat", organization=portal.organization.id)
        client.validate_source(source.id)
        portal.control.wait_until_idle()
        portal.wait_for_next_second()
        connection: dict[str, Any] = {"conn_type": "harvest", "host": portal.url, "password": portal.keys.admin}
        settings = {
            "AIRFLOW_CONN_HARVEST_DEFAULT": json.dumps({**connection, "extra": {"min_poll_interval": 1}}),
        }
        with LiveAirflow(home, settings, dags=dags) as airflow:
            yield Story(portal, client, airflow, source.id)


def test_triggerer_killed_before_the_guard_and_while_a_person_is_asked(story: Story) -> None:
    story.wait_until_watched()
    story.airflow.kill("triggerer")
    story.portal.catalogue.put("town", datasets=3)
    story.harvest()
    story.airflow.revive()
    story.wait_for("guard", "success")
    assert is_held(story.client.get_source(story.source_id))
    story.wait_for("approve", "deferred", "awaiting_input")

    story.airflow.kill("triggerer")
    story.harvest()  # it is still lost, and still held
    story.airflow.revive()
    story.wait_for("guard", "success", runs=2)
    story.wait_for("approve", "skipped")
    assert story.changes == 1

    assert "5 of 8 records are missing" in story.approve()
    story.wait_for("release", "success")
    source = story.client.get_source(story.source_id)
    assert (source.autoarchive, is_held(source), story.changes) == (True, False, 2)
    assert story.portal.control.archived(story.source_id) == []
    story.portal.control.pass_time(story.source_id, 8 * DAY)
    story.harvest()
    assert len(story.portal.control.archived(story.source_id)) == 5

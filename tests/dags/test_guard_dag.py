"""The example DAG of the guard on a real portal: it holds, a person reads what would vanish, and decides."""

from __future__ import annotations

import importlib.metadata
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.portal.client import HarvestClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox import Sandbox
    from sandbox.airflow_home import AirflowHome, DagOutcome

    MakeAirflow = Callable[..., AirflowHome]

pytestmark = [pytest.mark.integration, pytest.mark.slow]

DAG_ID = "harvest_guard"
DAY = 86400.0
_HAS_APPROVAL_PAGE = importlib.metadata.version("apache-airflow") >= "3.1"
on_the_page = pytest.mark.skipif(not _HAS_APPROVAL_PAGE, reason="Before Airflow 3.1 there is no page for approvals.")
by_command = pytest.mark.skipif(_HAS_APPROVAL_PAGE, reason="From Airflow 3.1 on a person is asked on a page.")


@pytest.fixture
def deferred() -> bool:
    """The guard waits for nothing; an approval waits for its person in either case."""
    return False


@dataclass(frozen=True)
class Town:
    """A source of ten datasets whose catalogue lost six of them since yesterday, and was harvested since."""

    portal: Sandbox
    client: HarvestClient
    source_id: str
    lost: tuple[str, ...]

    @property
    def autoarchive(self) -> bool | None:
        return self.client.get_source(self.source_id).autoarchive

    @property
    def archived(self) -> list[str]:
        return self.portal.control.archived(self.source_id)

    def a_week_passes(self) -> None:
        """Eight days pass, and the source is harvested."""
        self.portal.control.pass_time(self.source_id, 8 * DAY)
        self.portal.control.run_scheduled(self.source_id)
        self.portal.control.wait_until_idle()


@pytest.fixture
def town(portal: Sandbox, catalogue: str) -> Iterator[Town]:
    with HarvestClient(portal.url, portal.keys.admin) as client:
        for other in list(client.iter_sources()):
            client.delete_source(other.id)
        url = portal.catalogue.put(catalogue, datasets=10)
        source = client.create_source(catalogue, url, "dcat", organization=portal.organization.id)
        client.validate_source(source.id)
        client.schedule_source(source.id, "15 3 * * *")
        portal.control.wait_until_idle()
        portal.wait_for_next_second()
        portal.control.pass_time(source.id, DAY)
        portal.catalogue.put(catalogue, datasets=4)
        portal.control.run_scheduled(source.id)
        portal.control.wait_until_idle()
        yield Town(portal, client, source.id, tuple(sorted(f"{catalogue}-{number}" for number in range(5, 11))))


def titles_in(text: str, town: Town) -> list[str]:
    """The lost datasets that a text names: each title ends in the identifier."""
    plain = text.replace("\\", "")
    return sorted(ident for ident in town.lost if f"[{ident}]" in plain)


def is_held(outcome: DagOutcome, town: Town) -> bool:
    return outcome.xcoms["guard", "held_ids"] == [town.source_id] and town.autoarchive is False


@on_the_page
def test_person_reads_what_would_vanish_and_accepts_it(town: Town, make_airflow: MakeAirflow) -> None:
    airflow = make_airflow()
    outcome, shown = airflow.run_dag_answered(DAG_ID, "approve", "Approve")

    assert outcome.state == "success", outcome.log[-3000:]
    assert outcome.xcoms["guard", "newly_held_ids"] == [town.source_id]
    assert "6 of 10 records are missing (60.0%)" in shown["body"]
    assert titles_in(shown["body"], town) == list(town.lost)
    archived_on = (datetime.now(timezone.utc) - timedelta(days=1)).date() + timedelta(days=8)
    assert shown["body"].count(f"- {archived_on}: ") == 6
    assert outcome.tasks["release"] == "success"
    assert town.autoarchive is True
    town.a_week_passes()
    assert town.archived == list(town.lost)
    again = airflow.run_dag(DAG_ID)
    assert (again.state, again.tasks["approve"], again.xcoms["guard", "held_ids"]) == ("success", "skipped", [])


@on_the_page
def test_person_rejects_and_the_hold_stays(town: Town, make_airflow: MakeAirflow) -> None:
    airflow = make_airflow()
    outcome, _ = airflow.run_dag_answered(DAG_ID, "approve", "Reject")

    assert outcome.tasks["approve"] == "success", outcome.log[-3000:]
    assert outcome.tasks["release"] == "skipped"
    assert is_held(outcome, town)
    town.a_week_passes()
    assert town.archived == []
    again = airflow.run_dag(DAG_ID)
    assert is_held(again, town)
    assert again.tasks["approve"] == "skipped"  # asked once for each hold


@by_command
def test_log_says_how_a_person_releases(town: Town, make_airflow: MakeAirflow) -> None:
    outcome = make_airflow().run_dag(DAG_ID)

    assert outcome.state == "success", outcome.log[-3000:]
    assert is_held(outcome, town)
    assert "6 of 10 records are missing (60.0%)" in outcome.xcoms["guard", "message"]
    assert outcome.tasks["release"] == "skipped"
    command = f"airflow-harvest guard release {town.source_id}"
    assert f"To accept the loss: {command}" in outcome.log
    town.a_week_passes()
    assert town.archived == []

    environment = {**os.environ, "HARVEST_PORTAL": town.portal.url, "HARVEST_API_KEY": town.portal.keys.org_admin}
    arguments = [sys.executable, "-m", "airflow_provider_harvest.cli.main", *shlex.split(command)[1:]]
    said = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)

    assert said.returncode == 0, said.stderr
    assert "released: the next runs archive what is missing" in said.stdout
    town.a_week_passes()
    assert town.archived == list(town.lost)

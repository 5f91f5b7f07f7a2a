"""The buttons of a task as Airflow's pages show them, with a real Airflow and its database."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.airflow_home import AirflowHome

if TYPE_CHECKING:
    from tests.dags.conftest import Airflows

pytestmark = pytest.mark.slow

SOURCE_URL = "https://portal.example/sources/1"
JOB_URL = "https://portal.example/jobs/2"

DAG = f'''
from datetime import datetime

from airflow import DAG
from airflow_provider_harvest.links.harvest import HarvestJobLink, HarvestSourceLink
from airflow_provider_harvest.operators._base import HarvestOperator


class Task(HarvestOperator):
    operator_extra_links = (HarvestSourceLink(), HarvestJobLink())

    def __init__(self, *, knows, fails, **kwargs):
        super().__init__(**kwargs)
        self.knows = knows
        self.fails = fails

    def execute(self, context):
        self.push_links(context, **self.knows)
        if self.fails:
            raise RuntimeError("so much for that")


with DAG("links", schedule=None, start_date=datetime(2024, 1, 1)):
    Task(task_id="ends_well", knows=dict(source_url="{SOURCE_URL}", job_url="{JOB_URL}"), fails=False)
    Task(task_id="fails_while_waiting", knows=dict(source_url="{SOURCE_URL}", job_url="{JOB_URL}"), fails=True)
    Task(task_id="fails_before_a_job", knows=dict(source_url="{SOURCE_URL}"), fails=True)
'''


@pytest.fixture(scope="module")
def buttons(airflows: Airflows, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """The address of each button, by task and label, after a run of the DAG above."""
    folder = tmp_path_factory.mktemp("links")
    airflow = airflows.make(folder, {}, AirflowHome)
    dag_file = airflow.dags / "links.py"
    dag_file.write_text(DAG)
    outcome = airflow.run_dag("links")
    assert outcome.tasks["ends_well"] == "success", outcome.log[-3000:]
    result = folder / "links.json"
    airflow.run_module("tests.dags.read_links", str(dag_file), "links", str(result))
    read: dict[str, Any] = json.loads(result.read_text())
    return read


@pytest.mark.parametrize(
    "task, source, job",
    [
        ("ends_well", SOURCE_URL, JOB_URL),
        ("fails_while_waiting", SOURCE_URL, JOB_URL),
        ("fails_before_a_job", SOURCE_URL, ""),
    ],
)
def test_buttons_lead_to_what_was_known(buttons: dict[str, dict[str, str]], task: str, source: str, job: str) -> None:
    shown = {label: address or "" for label, address in buttons[task].items()}
    assert shown == {"Harvest source": source, "Harvest job": job}

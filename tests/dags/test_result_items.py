"""Airflow stores few XComs for a wait, and gives another task each item of the result that it refers to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.portal.client import HarvestClient
from sandbox.airflow_home import AirflowHome
from sandbox.connect import airflow_settings

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox import Sandbox
    from tests.dags.conftest import Airflows

pytestmark = [pytest.mark.integration, pytest.mark.slow]

_DAG = """
from datetime import datetime, timezone

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2.11
    from airflow import DAG
    from airflow.decorators import task

from airflow_provider_harvest.operators.job import HarvestRunSourceOperator
from airflow_provider_harvest.sensors.job import HarvestJobSensor


@task
def read(outcome, items, text, page, whole, mapped):
    return {{
        "outcome": outcome, "items": items, "text": text, "page": page, "whole": whole, "mapped": list(mapped),
    }}


with DAG("result_items", start_date=datetime(2026, 1, 1, tzinfo=timezone.utc), schedule=None, catchup=False) as dag:
    run = HarvestRunSourceOperator(task_id="run", source_id="{source_id}", poll_interval=2)
    watch = HarvestJobSensor(task_id="watch", job_id=run.output["job_id"], source_id="{source_id}", poke_interval=2)
    mapped = HarvestRunSourceOperator.partial(task_id="mapped", poll_interval=2).expand(source_id=["{source_id}"])
    for waiting in (run, watch):
        waiting.worker_patience = {patience}
    watch >> mapped
    read(
        outcome=run.output["outcome"],
        items=watch.output["items"],
        text=f"{{run.output['status']}} by {{watch.output['how']}}",
        page=run.output["harvest_job_url"],
        whole=run.output,
        mapped=mapped.output["outcome"],
    )
"""
_ROWS = {"return_value", "harvest_result", "harvest_source_url", "harvest_job_url"}


def test_few_rows_and_the_same_access(
    portal: Sandbox, catalogue: str, deferred: bool, airflows: Airflows, tmp_path: Path
) -> None:
    with HarvestClient(portal.url, portal.keys.admin) as client:
        organization = portal.organization.id
        source = client.create_source(catalogue, portal.catalogue.url(catalogue), "dcat", organization=organization)
        client.validate_source(source.id)
    portal.control.wait_until_idle()
    text = _DAG.format(source_id=source.id, patience=0.0 if deferred else 600.0)
    settings = {**airflow_settings(portal), "AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE": str(deferred)}
    airflow = airflows.make(tmp_path, settings, AirflowHome)
    (airflow.dags / "result_items.py").write_text(text)

    outcome = airflow.run_dag("result_items")

    assert outcome.state == "success", outcome.log[-3000:]
    read = outcome.xcoms["read", "return_value"]
    result = outcome.xcoms["run", "harvest_result"]
    assert read.pop("whole") == result
    assert read == {
        "outcome": "success",
        "items": result["items"],
        "text": "done by waited",
        "page": result["job_url"],
        "mapped": ["success"],
    }
    names = ("run", "watch", "mapped")
    rows = {task: {key for name, key in outcome.xcoms if name.partition("[")[0] == task} for task in names}
    assert rows == {"run": _ROWS, "watch": _ROWS, "mapped": {*_ROWS, "outcome"}}

"""What a person reads in the log of a task that failed."""

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
    from airflow.sdk import DAG
except ImportError:  # Airflow 2.11
    from airflow import DAG

from airflow_provider_harvest.operators.job import HarvestRunSourceOperator

with DAG("fails", start_date=datetime(2026, 1, 1, tzinfo=timezone.utc), schedule=None, catchup=False) as dag:
    run = HarvestRunSourceOperator(task_id="run", source_id="{source_id}", poll_interval=2)
    run.worker_patience = {patience}
"""


#: Characters that fit a line of Airflow's log window.
_WIDTH = 110


def test_the_message_is_shown_once_in_lines_that_fit(
    portal: Sandbox, catalogue: str, deferred: bool, airflows: Airflows, tmp_path: Path
) -> None:
    portal.catalogue.put(catalogue, datasets=4, failing=3, prefix=f"{catalogue}-")
    with HarvestClient(portal.url, portal.keys.admin) as client:
        source = client.create_source(
            catalogue, portal.catalogue.url(catalogue), "dcat", organization=portal.organization.id
        )
        client.validate_source(source.id)
    portal.control.wait_until_idle()
    settings = {**airflow_settings(portal), "AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE": str(deferred)}
    airflow = airflows.make(tmp_path, settings, AirflowHome)
    (airflow.dags / "fails.py").write_text(_DAG.format(source_id=source.id, patience=0.0 if deferred else 600.0))
    airflow.register_dags()

    outcome = airflow.run_dag("fails")

    assert outcome.state == "failed"
    log = outcome.log.partition("ERROR - Task failed; ti=")[0]  # what follows is the test command's own (2.11)
    records = log.count("Task failed with exception")  # two on 2.11, whose test command has two handlers
    assert log.count("does not meet the criteria") == records > 0, log
    assert "HarvestOutcomeRejected" not in log
    message = log.partition("HarvestFailException: ")[2].partition("Clear the task to harvest again.")[0]
    assert f"{catalogue}-invalid-1" in message
    assert [line for line in message.splitlines() if len(line) > _WIDTH and "://" not in line] == []

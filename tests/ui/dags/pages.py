"""DAGs whose tasks and assets the tests of the pages open, on what ``airflow_and_portal.py`` harvests."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, AssetWatcher, task

from airflow_provider_harvest.assets import harvest_asset
from airflow_provider_harvest.operators._wait_arguments import HarvestWaitingTask
from airflow_provider_harvest.operators.job import HarvestRunSourceOperator
from airflow_provider_harvest.operators.portal import HarvestGuardOperator, HarvestPortalHealthOperator
from airflow_provider_harvest.sensors.job import HarvestJobSensor
from airflow_provider_harvest.triggers.event import HarvestJobEventTrigger
from tests.ui import fake_results

# What is deferred shall be so at once.
HarvestWaitingTask.worker_patience = 0.0

PORTAL = os.environ["HARVEST_PAGES_PORTAL"]
SOURCES: dict[str, str] = json.loads(os.environ["HARVEST_PAGES_SOURCES"])
#: Once this file is there, so many further sources have an asset.
MANY_FLAG = Path(os.environ["HARVEST_PAGES_MANY"])
BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)


def dag(dag_id: str, **options: object) -> DAG:
    """Return a DAG that runs when a test starts it."""
    usual: dict[str, Any] = {"schedule": None, "start_date": BEGIN, "catchup": False, "tags": ["harvest"], **options}
    # A busy machine loses a worker now and then; a harvest that failed is not tried again.
    return DAG(dag_id, default_args={"retries": 1, "retry_delay": timedelta(seconds=1)}, **usual)


for name in ("healthy", "failing", "hostile", "gone"):
    with dag(f"harvest_{name}"):
        HarvestRunSourceOperator(
            task_id="harvest",
            source_id=SOURCES[name],
            outlets=[harvest_asset(PORTAL, SOURCES[name])],
            deferrable=False,
            poll_interval=2,
        )

with dag("stores_elsewhere"):
    HarvestRunSourceOperator(task_id="harvest", source_id=SOURCES["elsewhere"], deferrable=False, poll_interval=2)

with dag("old_result"):

    @task
    def harvest(ti: object = None) -> None:
        """Push a result as a version before the first release did."""
        value = {"job_id": "1", "outcome": "success", "items": {"done": 7}, "source_name": "Ancienne source"}
        ti.xcom_push(key="harvest_result", value=value)  # type: ignore[attr-defined]

    harvest()

with dag("wait_for_portal"):
    HarvestJobSensor(task_id="wait", source_id=SOURCES["waiting"], deferrable=True, poke_interval=5, timeout=3600)

with dag("wait_for_job"):
    HarvestRunSourceOperator(task_id="harvest", source_id=SOURCES["slow"], deferrable=True, poll_interval=5)

with dag("watch_portal"):
    HarvestPortalHealthOperator(task_id="health")

with dag("guard_portal"):
    HarvestGuardOperator(task_id="guard", mode="hold", source_ids=[SOURCES["held"]])
    HarvestGuardOperator(task_id="report", mode="report", source_ids=[SOURCES["vanishing"]])

_every_end = AssetWatcher(name="every_end", trigger=HarvestJobEventTrigger("harvest_default", poll_interval=5))

with dag("follow_portal", schedule=[harvest_asset(PORTAL, watchers=[_every_end])], max_active_runs=1):

    @task
    def read() -> None:
        """Stand for whatever uses the datasets."""

    read()

with dag("not_about_harvests"):

    @task
    def add() -> int:
        """Do something else."""
        return 1 + 1

    add()

if MANY_FLAG.exists():
    ASSETS = [
        harvest_asset(PORTAL, fake_results.source_id(number)) for number in range(1, int(MANY_FLAG.read_text()) + 1)
    ]
    with dag("many_sources"):

        @task(outlets=ASSETS)
        def harvest_them(*, outlet_events: object = None) -> None:
            """Stand for the tasks that harvest them."""
            for number, asset in enumerate(ASSETS, 1):
                outlet_events[asset].extra = fake_results.result(PORTAL, number, 0)  # type: ignore[index]

        harvest_them()

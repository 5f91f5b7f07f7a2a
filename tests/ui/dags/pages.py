"""DAGs whose tasks and assets the tests of the pages open; what they harvest is made by ``tests/ui/portal.py``."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from pathlib import Path

from airflow.sdk import DAG, AssetWatcher, task

from airflow_provider_harvest.assets import harvest_asset
from airflow_provider_harvest.operators._waiting import HarvestWaitMixin
from airflow_provider_harvest.operators.job import HarvestRunSourceOperator
from airflow_provider_harvest.operators.portal import HarvestPortalHealthOperator
from airflow_provider_harvest.sensors.job import HarvestJobSensor
from airflow_provider_harvest.triggers.event import HarvestJobEventTrigger

# What is deferred shall be so at once.
HarvestWaitMixin.worker_patience = 0.0

PORTAL = os.environ["HARVEST_PAGES_PORTAL"]
SOURCES: dict[str, str] = json.loads(os.environ["HARVEST_PAGES_SOURCES"])
#: Once this file is there, so many further sources have an asset.
MANY_FLAG = Path(os.environ["HARVEST_PAGES_MANY"])
BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)

for name in ("healthy", "failing", "hostile", "gone"):
    with DAG(f"harvest_{name}", schedule=None, start_date=BEGIN, tags=["harvest"]):
        HarvestRunSourceOperator(
            task_id="harvest",
            source_id=SOURCES[name],
            outlets=[harvest_asset(PORTAL, SOURCES[name])],
            deferrable=False,
            poll_interval=2,
        )

with DAG("wait_for_portal", schedule=None, start_date=BEGIN, tags=["harvest"]):
    HarvestJobSensor(task_id="wait", source_id=SOURCES["waiting"], deferrable=True, poke_interval=5, timeout=1800)

with DAG("wait_for_job", schedule=None, start_date=BEGIN, tags=["harvest"]):
    HarvestRunSourceOperator(task_id="harvest", source_id=SOURCES["slow"], deferrable=True, poll_interval=5)

with DAG("watch_portal", schedule=None, start_date=BEGIN, tags=["harvest"]):
    HarvestPortalHealthOperator(task_id="health")

_every_end = AssetWatcher(name="every_end", trigger=HarvestJobEventTrigger("harvest_default", poll_interval=5))

with DAG("follow_portal", schedule=[harvest_asset(PORTAL, watchers=[_every_end])], start_date=BEGIN, tags=["harvest"]):

    @task
    def read() -> None:
        """Stand for whatever uses the datasets."""

    read()

with DAG("not_about_harvests", schedule=None, start_date=BEGIN):

    @task
    def add() -> int:
        """Do something else."""
        return 1 + 1

    add()

if MANY_FLAG.exists():
    MANY = int(MANY_FLAG.read_text())
    with DAG("many_sources", schedule=None, start_date=BEGIN, tags=["harvest"]):

        @task(outlets=[harvest_asset(PORTAL, f"{number:024x}") for number in range(1, MANY + 1)])
        def harvest_them() -> None:
            """Stand for the tasks that harvest them."""

        harvest_them()

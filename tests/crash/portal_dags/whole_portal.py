"""Tasks that wait deferred for all sources of one portal, and on Airflow 3 DAGs that run when they were harvested."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2.11
    from airflow import DAG
    from airflow.decorators import task  # type: ignore[attr-defined, no-redef]

from airflow_provider_harvest._compat import BaseEventTrigger, BaseTrigger
from airflow_provider_harvest.operators._wait_arguments import HarvestWaitingTask
from airflow_provider_harvest.operators.job import HarvestRunSourceOperator
from airflow_provider_harvest.operators.source import HarvestListSourcesOperator

HarvestWaitingTask.worker_patience = 0.0

with DAG("fifty", schedule=None, params={"organization": ""}):
    # On a machine that is busy Airflow may fail to start a task at all: this is not what is tried here.
    again: dict[str, Any] = {"retries": 3, "retry_delay": timedelta(seconds=5)}
    listed = HarvestListSourcesOperator(
        task_id="sources", organization="{{ params.organization }}", active=True, **again
    )

    @task(**again)
    def ids(sources: list[dict[str, str]]) -> list[str]:
        return [source["id"] for source in sources]

    HarvestRunSourceOperator.partial(task_id="harvest", poll_interval=5, deferrable=True).expand(
        source_id=ids(listed.output)
    )

if BaseEventTrigger is not BaseTrigger:  # Airflow 3
    from airflow.sdk import Asset, AssetWatcher

    from airflow_provider_harvest.assets import harvest_asset
    from airflow_provider_harvest.triggers.event import HarvestJobEventTrigger

    _PORTAL, _ORGANIZATION = os.environ["CRASH_PORTAL"], os.environ["CRASH_ORGANIZATION"]
    _WATCHED: dict[str, tuple[str, dict[str, Any]]] = {
        "on_end": (harvest_asset(_PORTAL).uri, {}),
        "on_success": (
            harvest_asset(_PORTAL, organization_id=_ORGANIZATION).uri,
            {"organization": _ORGANIZATION, "condition": "success"},
        ),
        "on_failure": ("crash://failures", {"condition": "failure"}),
    }
    for _dag_id, (_uri, _arguments) in _WATCHED.items():
        _trigger = HarvestJobEventTrigger(poll_interval=5, **_arguments)
        _asset = Asset(name=_dag_id, uri=_uri, watchers=[AssetWatcher(name=_dag_id, trigger=_trigger)])

        with DAG(_dag_id, schedule=[_asset]):

            @task
            def read(triggering_asset_events: Any = None) -> list[str]:
                events = [event for events in triggering_asset_events.values() for event in events]
                return [event.extra["payload"]["job_id"] for event in events]

            read()

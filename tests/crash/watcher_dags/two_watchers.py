"""A DAG that starts by an asset with two watchers of one portal: one for successes, one for failures."""

from __future__ import annotations

import os
from typing import Any

from airflow.sdk import DAG, Asset, AssetWatcher, task

from airflow_provider_harvest.assets import harvest_asset
from airflow_provider_harvest.triggers.event import HarvestJobEventTrigger

_WATCHERS = [
    AssetWatcher(name=condition, trigger=HarvestJobEventTrigger(condition=condition, poll_interval=5))
    for condition in ("success", "failure")
]

with DAG(
    "watched", schedule=[Asset(name="watched", uri=harvest_asset(os.environ["CRASH_PORTAL"]).uri, watchers=_WATCHERS)]
):

    @task
    def read(triggering_asset_events: Any = None) -> list[str]:
        events = [event for events in triggering_asset_events.values() for event in events]
        return [event.extra["payload"]["job_id"] for event in events]

    read()

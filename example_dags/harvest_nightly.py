"""Nightly: harvest all sources of an organization, a few at a time, and sum up the night whatever failed.

Takes a key that may start harvests. Five sources are harvested at one time, each by a task that waits on a worker. To
wait without worker slots, make a pool that counts deferred tasks, and give it to the mapped tasks instead:

    airflow pools set harvest 5 "Harvests at one time" --include-deferred
    HarvestRunSourceOperator.partial(task_id="harvest", pool="harvest", deferrable=True, ...)

Airflow does not say when a pool is missing: the tasks stay scheduled forever. So this DAG needs none.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone

try:
    from airflow.sdk import DAG, Param, task
except ImportError:  # Airflow 2.11
    from airflow import DAG
    from airflow.decorators import task
    from airflow.models.param import Param

from airflow_provider_harvest.operators.job import HarvestRunSourceOperator
from airflow_provider_harvest.operators.source import HarvestListSourcesOperator

# `python -m sandbox` prints this for its own portal.
ORGANIZATION = os.environ.get("HARVEST_EXAMPLE_ORGANIZATION", "your-organization")

with DAG(
    "harvest_nightly",
    description="All sources of an organization, a few at a time",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    schedule="0 1 * * *",
    catchup=False,
    max_active_runs=1,
    tags=["harvest"],
    params={
        "organization": Param(ORGANIZATION, type="string", minLength=1, description="Id or slug of the organization")
    },
    doc_md=__doc__,
) as dag:
    sources = HarvestListSourcesOperator(
        task_id="sources", organization="{{ params.organization }}", active=True, validation="accepted"
    )

    harvest = HarvestRunSourceOperator.partial(
        task_id="harvest",
        max_active_tis_per_dagrun=5,  # does not count deferred tasks, so these wait on the worker
        deferrable=False,
        max_failed_ratio=0.1,
        retries=1,
        retry_delay=timedelta(minutes=10),
    ).expand(source_id=sources.output.map(lambda source: source["id"]))

    @task(trigger_rule="all_done")
    def summary(listed: list[dict] | None, ti=None) -> dict[str, int]:
        """Log a line for each source, count the outcomes, and fail unless all were harvested as required.

        The last task decides whether a DAG run is green.
        """
        if listed is None:
            raise RuntimeError(
                "No source was harvested, since they could not be listed: see the log of the task sources."
            )
        pulled = ti.xcom_pull(task_ids="harvest", key="harvest_result", map_indexes=list(range(len(listed))))
        results = {result["source_id"]: result for result in pulled or [] if result}
        counts: dict[str, int] = {}
        for source in listed:
            result = results.get(source["id"])
            outcome = "no result" if result is None else result["failure_kind"] or result["outcome"]
            counts[outcome] = counts.get(outcome, 0) + 1
            done = "" if result is None else f"{result['items']['done']} done, {result['items']['failed']} failed"
            print(f"{outcome:20} {source['name']!r:40} {done}")
        ti.xcom_push(key="counts", value=counts)
        if set(counts) - {"success"}:
            raise RuntimeError(f"Not every source was harvested as required: {counts}")
        return counts

    harvest >> summary(sources.output)

"""Producer: my catalogue was refreshed; have it harvested, and fail if one of my datasets was not updated.

Works with any key, and without one. If the key may start a harvest, it is started now; if not (udata's default lets
only sysadmins), the DAG waits for the portal's own next run, without a worker slot.
"""

from __future__ import annotations

import os
import re
import urllib.request
from datetime import datetime, timezone

try:
    from airflow.sdk import DAG, Param, task
except ImportError:  # Airflow 2.11
    from airflow import DAG
    from airflow.decorators import task
    from airflow.models.param import Param

from airflow_provider_harvest.operators.job import HarvestRunSourceOperator
from airflow_provider_harvest.operators.source import HarvestListSourcesOperator

# `python -m sandbox` prints these two for its own portal.
CATALOGUE = os.environ.get("HARVEST_EXAMPLE_CATALOGUE", "https://catalogue.example.org/catalog.xml")
ORGANIZATION = os.environ.get("HARVEST_EXAMPLE_ORGANIZATION", "your-organization")

with DAG(
    "harvest_producer",
    description="My catalogue was refreshed: harvest it, and report which of my datasets were not updated",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    schedule=None,
    catchup=False,
    tags=["harvest"],
    params={
        "url": Param(CATALOGUE, type="string", pattern="^https?://", description="Address of my catalogue"),
        "organization": Param(ORGANIZATION, type="string", minLength=1, description="Id or slug of my organization"),
    },
    doc_md=__doc__,
) as dag:

    @task
    def refresh_catalogue(params=None) -> list[str]:
        """Stand for your own ETL: return the identifiers (dct:identifier) of the datasets that it published."""
        with urllib.request.urlopen(params["url"], timeout=60) as answer:
            catalogue = answer.read().decode()
        return re.findall(r"<dct:identifier>([^<]+)</dct:identifier>", catalogue)

    @task
    def my_source(sources: list[dict], params=None) -> str:
        """Return the id of the source that harvests my catalogue."""
        mine = [source["id"] for source in sources if source["url"] == params["url"]]
        if not mine:
            raise ValueError(f"No source of {params['organization']} harvests {params['url']}: run harvest_onboarding.")
        return mine[0]

    published = refresh_catalogue()
    sources = HarvestListSourcesOperator(task_id="sources", organization="{{ params.organization }}")

    harvest = HarvestRunSourceOperator(
        task_id="harvest",
        source_id=my_source(sources.output),
        remote_ids=published,  # judge my datasets only: each must be done
        on_run_refused="wait",
        retries=2,
    )

"""Onboarding: preview a catalogue, create its source, accept and schedule it, and wait for its first harvest.

Takes a sysadmin's key in the connection `harvest_default`, since accepting and scheduling do. Running it again
changes nothing: the source is adopted, its acceptance and its cron are left as they are.
"""

from __future__ import annotations

import os
from datetime import datetime, timezone

try:
    from airflow.sdk import DAG, Param
except ImportError:  # Airflow 2.11
    from airflow import DAG
    from airflow.models.param import Param

from airflow_provider_harvest.operators.source import (
    HarvestCreateSourceOperator,
    HarvestPreviewSourceOperator,
    HarvestScheduleSourceOperator,
    HarvestValidateSourceOperator,
)
from airflow_provider_harvest.sensors.job import HarvestJobSensor

# `python -m sandbox` prints these two for its own portal.
CATALOGUE = os.environ.get("HARVEST_EXAMPLE_CATALOGUE", "https://catalogue.example.org/catalog.xml")
ORGANIZATION = os.environ.get("HARVEST_EXAMPLE_ORGANIZATION", "your-organization")

with DAG(
    "harvest_onboarding",
    description="From a catalogue's address to its first harvest",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    schedule=None,
    catchup=False,
    tags=["harvest"],
    params={
        "name": Param("Open data of our cities", type="string", minLength=1),
        "url": Param(CATALOGUE, type="string", pattern="^(http|ftp)s?://", description="Address of the catalogue"),
        "backend": Param("dcat", type="string", minLength=1, description="One of the portal's harvest backends"),
        "organization": Param(
            ORGANIZATION, type="string", minLength=1, description="Id or slug of the organization it belongs to"
        ),
        "cron": Param(
            "30 4 * * *",
            type="string",
            pattern=r"^\s*\S+(\s+\S+){4}\s*$",
            description="When the portal harvests it: five fields, on the portal's clock",
        ),
    },
    doc_md=__doc__,
) as dag:
    source = {
        "name": "{{ params.name }}",
        "url": "{{ params.url }}",
        "backend": "{{ params.backend }}",
        "organization": "{{ params.organization }}",
    }

    # Reads the first 20 records and keeps nothing: a broken catalogue ends here, before anything is written.
    preview = HarvestPreviewSourceOperator(task_id="preview", max_failed_ratio=0.2, **source)

    create = HarvestCreateSourceOperator(task_id="create", if_exists="return", **source)

    # Accepting starts the first harvest, and gives the source the portal's default cron: the schedule comes after it.
    validate = HarvestValidateSourceOperator(
        task_id="validate", source_id=create.output["id"], comment="Previewed by harvest_onboarding"
    )

    schedule = HarvestScheduleSourceOperator(
        task_id="schedule", source_id=create.output["id"], cron="{{ params.cron }}"
    )

    first_harvest = HarvestJobSensor(
        task_id="first_harvest",
        source_id=create.output["id"],
        known_job_ids=validate.output["jobs_before"],
        max_failed_ratio=0.2,
        poke_interval=60,
        timeout=6 * 3600,
    )

    preview >> create >> validate >> schedule >> first_harvest

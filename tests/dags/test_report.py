"""The operator that reports what a harvest changed, in a real Airflow: files, summary, buttons, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.portal.client import HarvestClient
from sandbox.airflow_home import AirflowHome
from sandbox.connect import airflow_settings

if TYPE_CHECKING:
    from sandbox import Sandbox
    from tests.dags.conftest import Airflows

pytestmark = [pytest.mark.integration, pytest.mark.slow]

DAG = """
from datetime import datetime

from airflow import DAG
from airflow_provider_harvest.operators.job import HarvestRunSourceOperator
from airflow_provider_harvest.operators.portal import HarvestReportOperator

with DAG("report", schedule=None, start_date=datetime(2024, 1, 1)):
    harvest = HarvestRunSourceOperator(
        task_id="harvest", source_id="SOURCE", max_failed_ratio=1.0, poll_interval=2, deferrable=False
    )
    report = HarvestReportOperator(
        task_id="report",
        job_id=harvest.output["job_id"],
        formats=["html", "csv", "json", "md"],
        path="PATH/{{ run_id }}",
    )
    only_told = HarvestReportOperator(task_id="only_told", source_id="SOURCE")
    nothing_given = HarvestReportOperator(task_id="nothing_given", path="PATH/never")
    harvest >> [report, only_told, nothing_given]
"""
LOST, BROKEN = 2, 3


@pytest.fixture
def deferred() -> bool:
    """This operator waits for nothing."""
    return False


def test_report_writes_its_files_and_leads_to_the_portal(
    portal: Sandbox, catalogue: str, airflows: Airflows, tmp_path: Path
) -> None:
    with HarvestClient(portal.url, portal.keys.admin) as client:
        portal.catalogue.put(catalogue, datasets=8, prefix=f"{catalogue}-")
        organization = portal.organization.id
        source = client.create_source(catalogue, portal.catalogue.url(catalogue), "dcat", organization=organization)
        client.validate_source(source.id)
        portal.control.wait_until_idle()
        links = client.source_url(source.id)
    portal.catalogue.put(catalogue, datasets=8 - LOST, failing=BROKEN, prefix=f"{catalogue}-")
    reports = tmp_path / "reports"
    airflow = airflows.make(tmp_path, airflow_settings(portal, None, catalogue), AirflowHome)
    dag_file = airflow.dags / "report.py"
    dag_file.write_text(DAG.replace("SOURCE", source.id).replace("PATH", str(reports)))

    outcome = airflow.run_dag("report")

    assert outcome.tasks == {
        "harvest": "success",
        "report": "success",
        "only_told": "success",
        "nothing_given": "failed",
    }, outcome.log[-3000:]
    assert "Give either source_id or job_id" in outcome.log
    summary = outcome.xcoms["report", "harvest_report"]
    job_id = outcome.xcoms["harvest", "harvest_result"]["job_id"]
    assert summary == outcome.xcoms["report", "return_value"]
    assert summary["job"]["id"] == job_id
    changes = {kind: number for kind, number in summary["counts"].items() if number}
    assert changes == {"unchanged": 8 - LOST, "vanished": LOST, "newly_failing": BROKEN}
    assert [(group["count"], group["who"]) for group in summary["errors"]] == [(BROKEN, "producer")]
    assert set(summary["files"]) == {"html", "csv", "json", "md"}
    assert {Path(file).parent for file in summary["files"].values()} == {reports}
    written = {kind: Path(file).read_text(encoding="utf-8") for kind, file in summary["files"].items()}
    assert written["md"].strip() == summary["message"].strip()
    assert json.loads(written["json"])["job"]["id"] == job_id
    assert len(written["csv"].splitlines()) > LOST + BROKEN
    assert written["html"].startswith("<!doctype html>")
    assert f"{catalogue}-" in written["html"]
    assert f"- Needs attention: {BROKEN} newly failing, {LOST} vanished" in outcome.log
    # Without a path nothing is written, and the newest harvest is that of this run.
    told = outcome.xcoms["only_told", "harvest_report"]
    assert (told["files"], told["job"]["id"]) == ({}, job_id)
    assert sorted(path.suffix for path in reports.iterdir()) == [".csv", ".html", ".json", ".md"]
    found = tmp_path / "links.json"
    airflow.run_module("tests.dags.read_links", str(dag_file), "report", str(found))
    buttons = json.loads(found.read_text())
    assert buttons["report"]["Harvest source"] == links
    assert job_id in (buttons["report"]["Harvest job"] or "")

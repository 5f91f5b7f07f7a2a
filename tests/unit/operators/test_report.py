"""What the report operator sends, by the portal's generation, as its documentation says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.operators.report import HarvestReportOperator
from tests.support.fake_portal.server import InProcess
from tests.support.task_instance import TaskInstance

if TYPE_CHECKING:
    from tests.support.fake_portal.server import Door

SOURCE, JOBS, JOB, ITEMS = "source", "jobs", "job", "items"


@pytest.mark.parametrize(
    "generation, by, sent",
    [
        ("B", "source_id", {SOURCE: 1, JOBS: 3, JOB: 1 + 2}),  # a job has its items with it
        ("C", "source_id", {SOURCE: 1, JOBS: 3, JOB: 1, ITEMS: 2}),
        ("D", "source_id", {SOURCE: 1, JOBS: 3, JOB: 1, ITEMS: 2}),
        ("D", "job_id", {SOURCE: 1, JOBS: 2, JOB: 1, ITEMS: 2}),
    ],
)
def test_price(monkeypatch: pytest.MonkeyPatch, generation: str, by: str, sent: dict[str, int]) -> None:
    with InProcess(generation) as server:
        connection = {"conn_type": "harvest", "host": server.url}
        monkeypatch.setenv("AIRFLOW_CONN_HARVEST_DEFAULT", json.dumps(connection))
        source = server.portal.add_source("Town")
        jobs = [server.portal.add_job(source) for _ in range(3)]
        for job in jobs:
            server.portal.add_items(job, done=2, failed=1)
            server.portal.end_job(job, "done-errors")
        operator: Any = HarvestReportOperator(task_id="report", **{by: {"source_id": source, "job_id": jobs[-1]}[by]})
        result = TaskInstance().run(operator)
    assert (result["job"]["id"], result["previous"]["id"]) == (jobs[2], jobs[1])
    assert kinds_of(server) == sent


def kinds_of(server: Door) -> dict[str, int]:
    """How many requests there were for what."""
    kinds: dict[str, int] = {}
    for request in server.requests:
        parts = request.path.strip("/").split("/")
        kind = parts[3] if len(parts) > 3 else parts[1]
        kinds[kind] = kinds.get(kind, 0) + 1
    return kinds

"""Runs tasks on a sandbox portal as a worker does, without an Airflow around them; for the tests of this folder."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.operators.job import HarvestRunSourceOperator
from airflow_provider_harvest.portal.statuses import ENDED
from airflow_provider_harvest.sensors.job import HarvestJobSensor

if TYPE_CHECKING:
    from datetime import timedelta

    import pytest

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource
    from sandbox import Sandbox


class Store(dict[str, Any]):
    """What Airflow 3.3 keeps for a task across its tries."""

    def set(self, key: str, value: Any, *, retention: timedelta | None = None) -> None:
        self[key] = json.loads(json.dumps(value))


class Task:
    """Runs a task on a portal as a worker does, try after try, and keeps what a worker would."""

    def __init__(self, portal: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        self.portal = portal
        self.store = Store()
        self.xcoms: dict[str, Any] = {}
        self.tries = 0
        self._setenv = monkeypatch.setenv

    def run(self, kind: type[Any], key: str | None = "admin", **arguments: Any) -> Any:
        """Execute it once, with somebody's key or without one; return what it returns."""
        self.tries += 1
        task, context = self._make(kind, key, **arguments)
        return task.execute(context)

    def resume(self, source: HarvestSource, plan: dict[str, Any], **arguments: Any) -> Any:
        """Resume the run of a source whose wait has ended well in a triggerer."""
        task, context = self._make(HarvestRunSourceOperator, "admin", source_id=source.id, **arguments)
        return task.execute_complete(context, {"state": ENDED, "detail": "", "plan": plan})

    def _make(self, kind: type[Any], key: str | None, **arguments: Any) -> tuple[Any, Any]:
        """Make the task object of a worker, and its context."""
        connection: dict[str, Any] = {
            "conn_type": "harvest",
            "host": self.portal.url,
            "extra": {"min_poll_interval": 1},
        }
        if key:
            connection["password"] = getattr(self.portal.keys, key, key)
        self._setenv("AIRFLOW_CONN_PORTAL", json.dumps(connection))
        interval = "poke_interval" if issubclass(kind, HarvestJobSensor) else "poll_interval"
        task = kind(task_id="task", harvest_conn_id="portal", **{interval: 1, "deferrable": False, **arguments})
        ti = SimpleNamespace(
            try_number=self.tries,
            max_tries=9,
            task=task,
            xcom_push=lambda key, value: self.xcoms.update({key: value}),
            get_first_reschedule_date=lambda context: None,
        )
        return task, {"ti": ti, "task": task, "task_state_store": self.store}

    def harvest(self, source: HarvestSource, **arguments: Any) -> dict[str, Any]:
        """Run a source, and return the result."""
        return self.run(HarvestRunSourceOperator, source_id=source.id, **arguments)

    def sense(self, **arguments: Any) -> dict[str, Any]:
        """Wait for a job without a key, and return the result."""
        return self.run(HarvestJobSensor, key=None, **{"timeout": 60, **arguments}).copy()


def job_ids(client: HarvestClient, source: HarvestSource) -> list[str]:
    """Return the ids of the jobs of a source, newest first."""
    return [str(job.id) for job in client.iter_jobs(source.id)]

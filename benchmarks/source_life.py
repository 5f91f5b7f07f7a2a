"""Counts the API calls of one source's life and of a sensor's poke on a real udata, by its access log."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

_ID = re.compile(r"[0-9a-f]{24}")
#: What is measured, in order; all but the last are one source's life.
POKE = "poke of a waiting sensor"
TASKS = ("create", "validate", "run and wait", POKE)


@dataclass(frozen=True)
class Step:
    """What one task sent.

    :param release: Of udata.
    :param task: What it did, one of ``TASKS``.
    :param calls: Method and path of each call, in order, ids left out.
    """

    release: str
    task: str
    calls: tuple[str, ...]


def measure(release: str, say: Callable[[str], None] = lambda line: None) -> list[Step]:
    """Run the tasks of a cycle as a worker does, and return what each sent.

    :param release: Of udata.
    :param say: Takes a line while the portal's environment is built.
    """
    from airflow_provider_harvest.operators.job import HarvestRunSourceOperator
    from airflow_provider_harvest.operators.source import HarvestCreateSourceOperator, HarvestValidateSourceOperator
    from airflow_provider_harvest.sensors.job import HarvestJobSensor

    create, validate, run, poke = TASKS
    with Sandbox.start(release, progress=say) as portal:
        worker = _Worker(portal)
        created = worker.run(
            HarvestCreateSourceOperator,
            create,
            name="Cities",
            url=portal.catalogue.put("cities", datasets=4),
            backend="dcat",
            organization=portal.organization.id,
        )
        worker.run(HarvestValidateSourceOperator, validate, source_id=created["id"])
        portal.control.wait_until_idle()
        worker.run(HarvestRunSourceOperator, run, source_id=created["id"], deferrable=False, poll_interval=1)
        for _ in range(2):  # the first poke begins the wait
            worker.poke(HarvestJobSensor, poke, source_id=created["id"])
    return [step for step in worker.steps if step.task != poke] + worker.steps[-1:]


class _Worker:
    """Runs tasks on a portal, and notes what each sends."""

    def __init__(self, portal: Sandbox) -> None:
        os.environ["AIRFLOW_CONN_HARVEST_CYCLE"] = json.dumps(
            {
                "conn_type": "harvest",
                "host": portal.url,
                "password": portal.keys.admin,
                "extra": {"min_poll_interval": 1},
            }
        )
        self.steps: list[Step] = []
        self._portal = portal
        self._sensors = _Store()
        self._first_poke: datetime | None = None

    def run(self, kind: type[Any], what: str, **arguments: Any) -> Any:
        """Execute a task once."""
        before = self._portal.mark()
        task = kind(task_id="task", harvest_conn_id="harvest_cycle", **arguments)
        result = task.execute(self._context(task, _Store()))
        self._note(what, before)
        return result

    def poke(self, kind: type[Any], what: str, **arguments: Any) -> None:
        """Poke a rescheduled sensor once, in a task of its own as Airflow does."""
        from airflow_provider_harvest._compat import AirflowRescheduleException

        before = self._portal.mark()
        task = kind(task_id="sensor", harvest_conn_id="harvest_cycle", mode="reschedule", deferrable=False, **arguments)
        with suppress(AirflowRescheduleException):
            task.poke(self._context(task, self._sensors))
        self._first_poke = self._first_poke or datetime.now(timezone.utc)
        self._note(what, before)

    def _context(self, task: Any, store: _Store) -> dict[str, Any]:
        ti = SimpleNamespace(
            try_number=1,
            max_tries=0,
            task=task,
            xcom_push=lambda key, value: None,
            get_first_reschedule_date=lambda context: self._first_poke,
        )
        return {"ti": ti, "task": task, "task_state_store": store}

    def _note(self, what: str, before: int) -> None:
        calls = [f"{call.method} {_ID.sub('{}', call.path)}" for call in self._portal.requests(before)]
        self.steps.append(Step(self._portal.release, what, tuple(calls)))


class _Store(dict[str, Any]):
    """What Airflow 3.3 keeps for a task across its tries and pokes."""

    def set(self, key: str, value: Any, **_: Any) -> None:
        self[key] = value

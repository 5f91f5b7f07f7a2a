"""What a task does with its tries and its time: retries with and without a memory, deferrals one after the other.

The tasks live on the fake portal and clock of :mod:`tests.unit.test_modes`; Airflow ends a deferral at its timeout.
"""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest._compat import TaskDeferred
from airflow_provider_harvest.sensors.job import HarvestJobSensor
from tests.unit.fakes import SOURCE_ID, T0, whole_job
from tests.unit.test_modes import HOUR, Life, Story

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.unit.fakes import Timeline


class Store(dict[str, Any]):
    """Airflow's ``task_state_store``, which survives tries (3.3)."""

    def set(self, key: str, value: Any) -> None:
        self[key] = json.loads(json.dumps(value))


class Task(Life):
    """A task that is tried as often as a test says.

    :param timeline: what happens on the portal.
    :param make: makes the task object, anew for each worker.
    :param has_key: whether the connection has a key.
    :param store: what survives tries, None before Airflow 3.3.
    """

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        timeline: Timeline,
        make: Callable[[], Any],
        *,
        has_key: bool = True,
        store: Store | None = None,
    ) -> None:
        super().__init__("any", Story("any", timeline, {}, ""), False, monkeypatch)
        self.client.has_key = has_key
        self._make = make
        self._store = store
        self.tried = 0

    def try_(self) -> str:
        """Be tried once more, and return how that ended."""
        self.tried += 1
        self.message = ""
        self.lines.clear()
        return self.lead()

    @property
    def result(self) -> dict[str, Any]:
        result: dict[str, Any] = self.xcoms["harvest_result"]
        return result

    def _live(self) -> None:
        event, method = None, ""
        while True:
            try:
                return self._work(event, method)
            except TaskDeferred as deferred:
                begun = self.clock.now()
                event, method = self._trigger(deferred), deferred.method_name
                if deferred.timeout is not None and self.clock.now() - begun > deferred.timeout.total_seconds():
                    raise TimeoutError("Airflow has ended the deferral.") from None

    def _work(self, event: dict[str, Any] | None = None, method: str = "") -> None:
        task = self._make()
        ti = SimpleNamespace(
            dag_id="dag",
            task_id="task",
            run_id="run",
            map_index=-1,
            try_number=self.tried,
            max_tries=task.retries,
            task=task,
            xcom_push=lambda key, value: self.xcoms.update({key: value}),
        )
        context: Any = {"ti": ti, "task": task}
        if self._store is not None:
            context["task_state_store"] = self._store
        if event is None:
            task.execute(context)
        else:
            task.resume_execution(method, {"event": event}, context)


# --- time ----------------------------------------------------------------------------------------------------


def test_a_deferred_sensor_has_all_of_its_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that is harvested once a week: no job for longer than one may run."""
    task = Task(
        monkeypatch,
        whole_job("weekly", 100 * HOUR),
        lambda: HarvestJobSensor(task_id="task", source_id=SOURCE_ID, deferrable=True, timeout=168 * HOUR),
    )
    assert task.try_() == "success"
    assert task.result["job_id"] == "weekly"
    assert task.clock.now() > T0 + 100 * HOUR

"""Tasks that live on a scripted portal and a fake clock, as Airflow leads them: tries, reschedules, deferrals."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest._compat import (
    AirflowRescheduleException,
    AirflowSkipException,
    BaseSensorOperator,
    TaskDeferred,
)
from airflow_provider_harvest.hooks.harvest import HarvestHook
from airflow_provider_harvest.operators import _task_wait
from airflow_provider_harvest.operators._retries import HarvestFailException
from airflow_provider_harvest.operators.job import HarvestRunSourceOperator
from airflow_provider_harvest.sensors.job import HarvestJobSensor
from airflow_provider_harvest.triggers import job as triggers_job
from tests.support.fake_portal.scripted import (
    SOURCE_ID,
    T0,
    FakeClock,
    ScriptedClient,
    Timeline,
    instant,
    portal_of,
)
from tests.support.fake_portal.state import KEY
from tests.support.fake_time import FakeTimeLoop, without_threads

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.support.fake_portal.scripted import Timeline
from tests.support.task_stories import HOUR, RUN_MODES, Story


class Life:
    """A task from its first look to its end, as Airflow leads it."""

    def __init__(self, mode: str, story: Story, soft_fail: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        self.mode, self.story, self.soft_fail = mode, story, soft_fail
        self.clock = FakeClock()
        self.client = ScriptedClient(portal_of(self.clock, story.timeline), key=KEY)
        self.xcoms: dict[str, Any] = {}
        self.lines: list[str] = []
        self.message = ""
        self.rescheduled = 0
        self._take_over(monkeypatch)

    def _take_over(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put the fake clock and client where Airflow and the hook have theirs."""

        connection = {"conn_type": "harvest", "host": "https://portal.example"}
        monkeypatch.setenv("AIRFLOW_CONN_HARVEST_DEFAULT", json.dumps(connection))
        monkeypatch.setattr(HarvestHook, "get_conn", lambda hook: self.client)
        monkeypatch.setattr(triggers_job, "reading_client", lambda settings: self.client)
        without_threads(monkeypatch)
        airflow = getattr(BaseSensorOperator.execute, "__wrapped__", BaseSensorOperator.execute).__globals__
        time = SimpleNamespace(sleep=self.clock.sleep, monotonic=self.clock.monotonic)
        monkeypatch.setitem(airflow, "time", time)
        monkeypatch.setitem(airflow, "timezone", SimpleNamespace(utcnow=lambda: instant(self.clock.now())))
        monkeypatch.setitem(airflow, "_orig_start_date", lambda *args, **kwargs: self._first_date())  # Airflow 2.11
        monkeypatch.setattr(HarvestRunSourceOperator, "draw", staticmethod(lambda least, most: (least + most) / 2))
        log = logging.Logger("task")
        log.addFilter(lambda record: bool(self.lines.append(record.getMessage())))
        for kind in (HarvestRunSourceOperator, HarvestJobSensor):
            monkeypatch.setattr(kind, "log", log, raising=False)
        monkeypatch.setattr(_task_wait, "log", log)

    def lead(self) -> str:
        """Live to the end; return it: ``success``, ``failed`` (no retry), ``skipped``, or the exception's name."""
        try:
            self._live()
        except Exception as error:
            self.message = str(error)
            named = {HarvestFailException: "failed", AirflowSkipException: "skipped"}
            return named.get(type(error), type(error).__name__)
        return "success"

    def _live(self) -> None:
        while True:
            try:
                self._work()
            except AirflowRescheduleException as later:
                self.rescheduled += 1
                self.clock.advance(max(0.0, later.reschedule_date.timestamp() - self.clock.now()))
            except TaskDeferred as deferred:
                self._work(self._trigger(deferred), deferred.method_name)
                return
            else:
                return

    def _trigger(self, deferred: TaskDeferred) -> dict[str, Any]:
        """Be the triggerer: make the trigger again from JSON, and hand its event over as JSON."""
        _, arguments = deferred.trigger.serialize()

        async def events() -> list[Any]:
            trigger = type(deferred.trigger)(**json.loads(json.dumps(arguments)))
            return [event.payload async for event in trigger.run()]

        loop = FakeTimeLoop(self.clock)
        try:
            [event] = loop.run_until_complete(events())
        finally:
            loop.close()
        return json.loads(json.dumps(event))

    def _work(self, event: dict[str, Any] | None = None, method: str = "") -> None:
        """Be a worker, with a task object of its own."""
        task = self._task()
        ti = SimpleNamespace(
            dag_id="dag",
            task_id="task",
            run_id="run",
            map_index=-1,
            try_number=1,
            max_tries=1,
            task=task,
            xcom_push=lambda key, value: self.xcoms.update({key: value}),
            get_first_reschedule_date=lambda context: self._first_date(),
        )
        context = {"ti": ti, "task": task, "task_reschedule_count": self.rescheduled}
        if event is None:
            task.execute(context)
        else:
            task.resume_execution(method, {"event": event}, context)

    def _first_date(self) -> Any:
        return instant(T0) if self.rescheduled else None

    def _task(self) -> Any:
        arguments = dict(self.story.arguments)
        over = arguments.pop("over", None)
        arguments.update(task_id="task", source_id=SOURCE_ID, deferrable="deferred" in self.mode, retries=1)
        if self.mode in RUN_MODES:
            limit = None if over is None else timedelta(seconds=over)
            return HarvestRunSourceOperator(**arguments, execution_timeout=limit)
        if "poll_interval" in arguments:
            arguments["poke_interval"] = arguments.pop("poll_interval")
        airflow_mode = "reschedule" if self.mode == "reschedule" else "poke"
        timeout = over or 99 * HOUR
        return HarvestJobSensor(
            **arguments, known_job_ids=[], mode=airflow_mode, timeout=timeout, soft_fail=self.soft_fail
        )


class Store(dict[str, Any]):
    """Airflow's ``task_state_store``, which survives tries (3.3)."""

    #: For how long the last value is kept, None for as long as Airflow is configured to.
    retention: timedelta | None = None

    def set(self, key: str, value: Any, *, retention: timedelta | None = None) -> None:
        self[key] = json.loads(json.dumps(value))
        self.retention = retention


class Task(Life):
    """A task that is tried as often as a test says.

    :param timeline: what happens on the portal.
    :param make: makes the task object, again for each worker.
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
        self._max_tries = make().retries

    def clear(self) -> None:
        """Be cleared by a user: Airflow allows as many retries again."""
        self._max_tries = self.tried + self._make().retries

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
            except AirflowRescheduleException as later:
                self.rescheduled += 1
                self.clock.advance(max(0.0, later.reschedule_date.timestamp() - self.clock.now()))
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
            max_tries=self._max_tries,
            task=task,
            xcom_push=lambda key, value: self.xcoms.update({key: value}),
            get_first_reschedule_date=lambda context: self._first_date(),
        )
        context: Any = {"ti": ti, "task": task, "task_reschedule_count": self.rescheduled}
        if self._store is not None:
            context["task_state_store"] = self._store
        if event is None:
            task.execute(context)
        else:
            task.resume_execution(method, {"event": event}, context)


def run_operator(**arguments: Any) -> Callable[[], HarvestRunSourceOperator]:
    """Return what makes a run operator that defers and is retried twice, unless `arguments` say otherwise."""
    return lambda: HarvestRunSourceOperator(
        task_id="task", **{"source_id": SOURCE_ID, "retries": 2, "deferrable": True, **arguments}
    )

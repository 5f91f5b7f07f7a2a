"""What a task leaves in Airflow's store when it ends: for how long it is kept, and that it fails nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.operators._memory_between_tries import KEPT_AFTER_END, KEPT_BETWEEN_POKES, PortalMemory
from airflow_provider_harvest.portal.http.dialect import Dialect
from airflow_provider_harvest.sensors.job import HarvestJobSensor
from tests.support.fake_portal.scripted import (
    SOURCE_ID,
    whole_job,
)
from tests.support.task_life import Store, Task, run_operator

if TYPE_CHECKING:
    from datetime import timedelta


@pytest.mark.parametrize("deferrable", [False, True])
def test_what_was_remembered_is_kept_for_a_day_after_a_good_end(
    monkeypatch: pytest.MonkeyPatch, deferrable: bool
) -> None:
    """Not dropped at once: Airflow may try again a worker that was killed before it could report the success."""
    store = Store()
    task = Task(monkeypatch, whole_job("mine", 60), run_operator(deferrable=deferrable), store=store)
    assert task.try_() == "success"
    assert (store.retention, store["harvest_run"]["job_id"]) == (KEPT_AFTER_END, "mine")


class Rows(Store):
    """A store that knows for how long it keeps each row."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, timedelta | None] = {}

    def set(self, key: str, value: Any, *, retention: timedelta | None = None) -> None:
        super().set(key, value)
        self.kept[key] = retention


def test_what_a_poke_has_learned_is_kept_until_the_next_ones() -> None:
    store, learned = Rows(), Dialect(slash=True)
    client = SimpleNamespace(dialect=learned, learn=lambda kept: None)
    PortalMemory({"task_state_store": store}, client).keep()  # type: ignore[typeddict-item, arg-type]
    assert store == {"harvest_portal": {"slash": True}}
    assert store.kept == {"harvest_portal": KEPT_BETWEEN_POKES}


@pytest.mark.parametrize("arguments", [{"mode": "poke"}, {"mode": "reschedule"}, {"deferrable": True}], ids=str)
def test_no_row_of_a_sensor_is_kept_for_longer(monkeypatch: pytest.MonkeyPatch, arguments: dict[str, Any]) -> None:
    store = Rows()
    task = Task(
        monkeypatch,
        whole_job("next", 600),
        lambda: HarvestJobSensor(task_id="task", source_id=SOURCE_ID, known_job_ids=[], **arguments),
        store=store,
    )
    assert task.try_() == "success"
    assert store.kept["harvest_run"] == KEPT_AFTER_END
    assert None not in store.kept.values()


def test_what_was_remembered_is_kept_for_a_retry_after_a_bad_end(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store()
    task = Task(monkeypatch, whole_job("mine", 60, status="failed"), run_operator(), store=store)
    assert task.try_() != "success"
    assert store.retention is None


def test_a_store_that_cannot_be_written_at_the_end_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store()
    task = Task(monkeypatch, whole_job("mine", 60), run_operator(), store=store)
    original = store.set

    def refuse(key: str, value: Any, *, retention: Any = None) -> None:
        if retention is not None:
            raise ConnectionError("The API server is away.")
        original(key, value)

    monkeypatch.setattr(store, "set", refuse)
    assert task.try_() == "success"

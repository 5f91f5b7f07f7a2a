"""What a task leans on is away for a while: Airflow's state store, and the store of connections."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest._compat import AirflowNotFoundException
from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.hooks import harvest as hooks
from airflow_provider_harvest.hooks.harvest import HarvestHook
from airflow_provider_harvest.operators._wait_arguments import CONNECT_PAUSES
from airflow_provider_harvest.operators.job import HarvestRunSourceOperator
from airflow_provider_harvest.portal.clock import Clock
from airflow_provider_harvest.portal.statuses import ENDED
from tests.support.deferral import Deferral
from tests.support.fake_portal.scripted import SOURCE_ID, T0, whole_job
from tests.support.task_life import Store, Task, run_operator
from tests.support.task_stories import HOUR

if TYPE_CHECKING:
    from airflow_provider_harvest.hooks._connection_settings import ConnectionSettings


class FlakyStore(Store):
    """A state store that cannot be written between two times."""

    def __init__(self, since: float, until: float) -> None:
        super().__init__()
        self.since, self.until = since, until
        self.clock: Any = None
        self.refusals = 0

    def set(self, key: str, value: Any, **kept: Any) -> None:
        if self.clock is not None and self.since <= self.clock.now() - T0 < self.until:
            self.refusals += 1
            raise ConnectionError("The API server is away.")
        super().set(key, value, **kept)


def flaky_task(monkeypatch: pytest.MonkeyPatch, since: float, until: float) -> tuple[Task, FlakyStore]:
    store = FlakyStore(since, until)
    task = Task(monkeypatch, whole_job("mine", 60, HOUR), run_operator(deferrable=False), store=store)
    store.clock = task.clock
    return task, store


def test_a_state_store_that_is_away_after_the_request_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    task, store = flaky_task(monkeypatch, 1, 600)
    assert task.try_() == "success"
    assert store.refusals > 1  # repeated at each check
    assert store["harvest_run"]["job_id"] == "mine"
    assert len([line for line in task.lines if "state store" in line]) <= 1


def test_without_a_state_store_nothing_is_requested(monkeypatch: pytest.MonkeyPatch) -> None:
    """The write before the request is the promise: if it fails, nothing is sent."""
    task, _ = flaky_task(monkeypatch, 0, 1)
    assert task.try_() == "ConnectionError"
    assert task.client.count("run") == 0


def test_a_retry_whose_job_could_not_be_stored_still_asks_once(monkeypatch: pytest.MonkeyPatch) -> None:
    task, store = flaky_task(monkeypatch, 1, 600)
    peek_job = task.client.peek_job

    def die(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(task.client, "peek_job", peek_job)
        raise KeyboardInterrupt

    monkeypatch.setattr(task.client, "peek_job", die)
    with pytest.raises(KeyboardInterrupt):
        task.try_()
    assert store["harvest_run"]["job_id"] is None
    task.clock.advance(HOUR)
    assert task.try_() == "success"
    assert (task.result["job_id"], task.client.count("run")) == ("mine", 1)


class Away:
    """A store of connections that responds only after so many attempts."""

    def __init__(self, times: int, answer: Any) -> None:
        self.left, self._answer = times, answer

    def ask(self) -> Any:
        if self.left:
            self.left -= 1
            raise AirflowNotFoundException("The conn_id isn't defined.")
        return self._answer


@pytest.mark.parametrize("times, state", [(0, ENDED), (5, ENDED), (99, "error")])
def test_a_triggerer_bears_that_the_connection_store_is_away(
    monkeypatch: pytest.MonkeyPatch, times: int, state: str
) -> None:
    original = HarvestHook.aget_settings
    deferral = Deferral(monkeypatch, whole_job("new", 600, HOUR))
    answer = HarvestHook.aget_settings
    away = Away(times, None)

    async def aget_settings(hook: HarvestHook) -> ConnectionSettings:
        try:
            away.ask()
        except AirflowNotFoundException:
            raise hook._missing() from None
        return await answer(hook)

    monkeypatch.setattr(HarvestHook, "aget_settings", aget_settings)
    [event] = deferral.events()
    assert original is not answer
    assert event["state"] == state
    if times == 99:
        assert "airflow connections add" in event["detail"]
        assert deferral.elapsed > HOUR / 2


def test_an_invalid_connection_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    deferral = Deferral(monkeypatch)

    async def aget_settings(hook: HarvestHook) -> ConnectionSettings:
        raise HarvestInvalidInput("The connection has no host.")

    monkeypatch.setattr(HarvestHook, "aget_settings", aget_settings)
    [event] = deferral.events()
    assert event["error"] == "HarvestInvalidInput"
    assert deferral.elapsed < 60


@pytest.mark.parametrize("times, is_found", [(3, True), (len(CONNECT_PAUSES) + 1, False)])
def test_a_resumed_worker_bears_it_too(monkeypatch: pytest.MonkeyPatch, times: int, is_found: bool) -> None:
    slept: list[float] = []
    monkeypatch.setattr(Clock, "sleep", lambda clock, seconds: slept.append(seconds))
    connection = json.dumps({"conn_type": "harvest", "host": "https://portal.example"})
    monkeypatch.setenv("AIRFLOW_CONN_HARVEST_DEFAULT", connection)
    away = Away(times, None)
    original = HarvestHook.get_connection
    found = staticmethod(lambda conn_id: away.ask() or original(conn_id))
    monkeypatch.setattr(HarvestHook, "get_connection", found)
    monkeypatch.setattr(hooks, "_client", lambda settings: "a client")
    task = HarvestRunSourceOperator(task_id="t", source_id=SOURCE_ID)
    if is_found:
        client: Any = task.connect_again()
        assert client == "a client"
        assert len(slept) == times
    else:
        with pytest.raises(Exception, match="airflow connections add"):
            task.connect_again()

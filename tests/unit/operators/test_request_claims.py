"""Two tasks of one source that would ask in the same second: where both see a place, only one asks."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.operators._request_claims import RESPECTED, SETTLE, Claims
from tests.support.fake_portal.scripted import SOURCE_ID, T0, FakeClock, job_appears, job_ends, unreachable, whole_job
from tests.support.task_life import Task, run_operator

if TYPE_CHECKING:
    from collections.abc import Callable

ASSET = SimpleNamespace(uri="harvest://portal.example", name="towns")


class Assets(dict[str, dict[str, Any]]):
    """Airflow's ``asset_state_store`` of a task, shared by all that name an asset."""

    def __getitem__(self, asset: Any) -> Any:
        rows = self.setdefault(asset.name, {})
        return SimpleNamespace(
            get=lambda key: rows.get(key),
            set=lambda key, value: rows.update({key: json.loads(json.dumps(value))}),
            delete=lambda key: rows.pop(key, None),
        )


class Clock(FakeClock):
    """A clock in whose pauses other tasks do something."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: list[Callable[[], object]] = []

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.meanwhile:
            self.meanwhile.pop(0)()


def claims_of(run_id: str, assets: Any, clock: FakeClock, outlets: Any = (ASSET,)) -> Claims:
    task = SimpleNamespace(outlets=list(outlets), inlets=[])
    ti = SimpleNamespace(dag_id="dag", task_id="run", run_id=run_id, map_index=-1, task=task)
    context: Any = {"ti": ti, "asset_state_store": assets}
    return Claims(context, SOURCE_ID, clock)


def test_of_two_at_one_time_the_later_one_wins() -> None:
    assets, clock = Assets(), Clock()
    first, second = claims_of("one", assets, clock), claims_of("two", assets, FakeClock())
    # Both have read that nobody asks, and the other one writes while the first settles.
    second._is_others, read = lambda: False, second._is_others  # type: ignore[method-assign]
    clock.meanwhile = [second.win]
    assert not first.win()
    second._is_others = read  # type: ignore[method-assign]
    assert second.win()


@pytest.mark.parametrize(
    "age, is_respected",
    [(1.0, True), (RESPECTED - 10, True), (RESPECTED + 1, False)],
    ids=["a moment ago", "a while ago", "its worker was killed"],
)
def test_a_claim_is_respected_until_its_job_should_have_begun(age: float, is_respected: bool) -> None:
    assets, clock = Assets(), FakeClock()
    assert claims_of("one", assets, clock).win()
    clock.advance(age)
    assert claims_of("two", assets, clock).win() is not is_respected


def test_a_claim_ends_when_its_job_is_known() -> None:
    assets, clock = Assets(), FakeClock()
    first, second = claims_of("one", assets, clock), claims_of("two", assets, clock)
    assert first.win()
    first.give_up()
    assert second.win()
    first.give_up()  # the resumed task hears of its job again
    assert not claims_of("three", assets, clock).win()
    second.give_up()
    assert assets == {"towns": {}}, "nothing is left in the asset's state"


def test_a_task_that_is_resumed_ends_the_claim_that_it_made_before() -> None:
    assets, clock = Assets(), FakeClock()
    assert claims_of("one", assets, clock).win()
    claims_of("one", assets, clock).give_up()
    assert assets == {"towns": {}}


@pytest.mark.parametrize(
    "claim", ["asking", {}, {"by": "another version"}, {"by": [], "at": None}, {"by": [], "at": "now"}]
)
def test_a_claim_that_cannot_be_read_holds_up_nobody(claim: Any) -> None:
    assets = Assets(towns={f"harvest_asking_{SOURCE_ID}": claim})
    assert claims_of("one", assets, FakeClock()).win()


def test_the_next_try_of_a_task_may_ask_again() -> None:
    assets, clock = Assets(), FakeClock()
    assert claims_of("one", assets, clock).win()
    assert claims_of("one", assets, clock).win()


class Away:
    """A store whose API is away."""

    def __getitem__(self, asset: object) -> Away:
        return self

    def get(self, key: str) -> object:
        raise ConnectionError("Airflow's API is away.")

    def set(self, key: str, value: object) -> None:
        raise ConnectionError("Airflow's API is away.")

    def delete(self, key: str) -> None:
        raise ConnectionError("Airflow's API is away.")


@pytest.mark.parametrize(
    "assets, outlets",
    [(None, [ASSET]), (Assets(), []), (Away(), [ASSET])],
    ids=["before Airflow 3.3", "no asset", "a store that is away"],
)
def test_without_such_a_place_nothing_is_held_up(assets: Any, outlets: Any) -> None:
    assert claims_of("one", assets, FakeClock(), outlets).win()
    assert claims_of("two", assets, FakeClock(), outlets).win()


def lead(monkeypatch: pytest.MonkeyPatch, timeline: Any, assets: Any, **arguments: Any) -> Task:
    """Try a run operator whose outlet is the asset."""

    def make() -> Any:
        operator = run_operator(deferrable=False, poll_interval=60, **arguments)()
        operator.outlets = [ASSET]
        return operator

    task = Task(monkeypatch, timeline, make)

    def work(event: Any = None, method: str = "") -> None:
        operator = make()
        ti = SimpleNamespace(
            dag_id="dag", task_id="task", run_id="run", map_index=-1, try_number=task.tried, max_tries=2, task=operator,
            xcom_push=lambda key, value: task.xcoms.update({key: value}),
        )  # fmt: skip
        operator.execute({"ti": ti, "task": operator, "asset_state_store": assets})

    monkeypatch.setattr(task, "_work", work)
    return task


def posts(task: Task) -> list[float]:
    return [at - T0 for at in task.client.times_of("run")]


def test_a_task_lets_the_harvest_of_one_that_has_just_asked_begin_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    assets = Assets()
    assert claims_of("other", assets, FakeClock()).win()
    others = [(30.0, job_appears("other")), (300.0, job_ends("other"))]
    task = lead(monkeypatch, [*others, *whole_job("mine", 400)], assets)
    assert task.try_() == "success"
    assert task.result["job_id"] == "mine"
    assert [at >= 300 for at in posts(task)] == [True]


def test_a_task_asks_when_the_one_that_was_about_to_ask_has_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assets = Assets()
    assert claims_of("killed", assets, FakeClock()).win()
    task = lead(monkeypatch, whole_job("mine", 200), assets)
    assert task.try_() == "success"
    [at] = posts(task)
    assert RESPECTED - SETTLE <= at <= RESPECTED + 30


def test_a_request_that_was_never_sent_holds_up_no_other_task(monkeypatch: pytest.MonkeyPatch) -> None:
    assets = Assets()
    task = lead(monkeypatch, whole_job("mine", 200), assets)

    def refuse(source_id: str) -> None:
        raise unreachable()

    monkeypatch.setattr(task.client, "run_source", refuse)
    assert task.try_() == "HarvestConnectionError"
    assert claims_of("other", assets, task.clock).win()

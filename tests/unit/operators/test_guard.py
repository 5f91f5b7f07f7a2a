"""The guard's operator as Airflow sees it: what it leaves for the next run, and what it refuses."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest._compat import AirflowFailException
from airflow_provider_harvest.exceptions import HarvestServerError
from airflow_provider_harvest.hooks.harvest import HarvestHook
from airflow_provider_harvest.operators._memory_between_runs import dated, undated
from airflow_provider_harvest.operators.guard import GUARD_KEY, GUARD_STATE_KEY
from airflow_provider_harvest.operators.portal import HarvestGuardOperator
from airflow_provider_harvest.portal.guard import live_records
from airflow_provider_harvest.portal.guard.hold_and_release import hold_ahead, release
from tests.support.fake_portal.harvested import NOW, HarvestedPortal
from tests.support.fake_portal.managed import Killed
from tests.support.fake_portal.scripted import FakeClock
from tests.support.fake_portal.state import Response
from tests.support.task_instance import TaskInstance

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.models import HarvestSource


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch) -> HarvestedPortal:
    made = HarvestedPortal()
    monkeypatch.setattr(HarvestHook, "get_conn", lambda hook: made)
    return made


@pytest.fixture
def ti() -> TaskInstance:
    return TaskInstance()


def run(ti: TaskInstance, *, has_date: bool = True, **arguments: Any) -> dict[str, Any]:
    dag_run = SimpleNamespace(logical_date=datetime(2026, 11, 26, tzinfo=timezone.utc) if has_date else None)
    task = HarvestGuardOperator(task_id="guard", **arguments)
    result: dict[str, Any] = task.execute({"ti": ti, "dag_run": dag_run})  # type: ignore[typeddict-item]
    return result


def test_reports_by_default_and_writes_nothing(portal: HarvestedPortal, ti: TaskInstance) -> None:
    source = portal.add_harvested(lost=10)
    result = run(ti)
    assert (result["must_hold_ids"], result["held_ids"], portal.written) == ([source.id], [], [])
    assert ti.xcoms[GUARD_KEY] == json.loads(json.dumps(result))


def test_holds(portal: HarvestedPortal, ti: TaskInstance) -> None:
    source = portal.add_harvested(lost=10)
    assert run(ti, mode="hold")["held_ids"] == [source.id]
    assert run(ti, mode="hold")["held_ids"] == [source.id]
    assert portal.written == [source.id]


def test_each_hold_is_reported_as_new_once_and_again_if_the_run_that_held_was_killed(
    portal: HarvestedPortal, ti: TaskInstance
) -> None:
    first = portal.add_harvested(lost=10)
    portal.killed_at = (1, True)
    with pytest.raises(Killed):
        run(ti, mode="hold")
    assert run(ti, mode="hold")["newly_held_ids"] == [first.id]
    second = portal.add_harvested(lost=10)
    result = run(ti, mode="hold", examine_all=True)
    assert (sorted(result["held_ids"]), result["newly_held_ids"]) == ([first.id, second.id], [second.id])
    assert run(ti, mode="hold")["newly_held_ids"] == []


def unreadable(_: str) -> Any:
    raise HarvestServerError("Broken.", status_code=500)


class TestNewlyHeld:
    """Of what a person is asked: each hold once, and again if it is another one."""

    def test_growing_loss_is_reported_as_new_again(self, portal: HarvestedPortal, ti: TaskInstance) -> None:
        source = portal.add_harvested(lost=20, kept=100)
        first = run(ti, mode="hold")
        portal.clock.sleep(60)
        portal.harvest_again(source, NOW + timedelta(seconds=30), missed=20)
        second = run(ti, mode="hold")
        assert [result["newly_held_ids"] for result in (first, second)] == [[source.id]] * 2
        assert (first["approval_body"].count("- and"), second["approval_body"].count("- and 20 more")) == (0, 1)
        assert run(ti, mode="hold")["newly_held_ids"] == []

    def test_source_that_is_released_and_held_again_is_reported_as_new(
        self, portal: HarvestedPortal, ti: TaskInstance
    ) -> None:
        source = portal.add_harvested(lost=20, kept=100)
        run(ti, mode="hold")
        release(portal, source.id, accept=True)
        portal.clock.sleep(60)
        portal.harvest_again(source, NOW + timedelta(seconds=30), missed=20)
        assert run(ti, mode="hold")["newly_held_ids"] == [source.id]

    def test_source_that_could_not_be_read_once_is_not(
        self, portal: HarvestedPortal, ti: TaskInstance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = portal.add_harvested(lost=10)
        run(ti, mode="hold")
        with monkeypatch.context() as patch:
            broken = {"list_datasets": Response(500, {"message": "Broken."})}
            answer = portal.answer
            patch.setattr(portal, "answer", lambda name, *rest: broken.get(name) or answer(name, *rest))
            result = run(ti, mode="hold")
        assert (len(result["incomplete"]), result["held_ids"], result["newly_held_ids"]) == (1, [source.id], [])
        assert run(ti, mode="hold")["newly_held_ids"] == []

    def test_hold_of_a_guarded_run_is_no_question_before_its_harvest_has_ended(
        self, portal: HarvestedPortal, ti: TaskInstance
    ) -> None:
        source = portal.add_harvested(kept=40)
        hold_ahead(portal, source.id)
        result = run(ti, mode="hold")
        assert (result["held_ids"], result["newly_held_ids"], result["approval_body"]) == ([source.id], [], "")
        portal.clock.sleep(60)
        portal.harvest_again(source, NOW + timedelta(seconds=30), missed=20)  # and the run is killed
        assert [run(ti, mode="hold")["newly_held_ids"] for _ in range(2)] == [[source.id], []]

    def test_hold_is_a_question_as_soon_as_its_records_can_be_read(
        self, portal: HarvestedPortal, ti: TaskInstance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = portal.add_harvested(lost=10)
        run(TaskInstance(), mode="hold")  # of another DAG
        with monkeypatch.context() as patch:
            patch.setattr(portal, "iter_remote_ids", unreadable)
            assert run(ti, mode="hold")["newly_held_ids"] == []
        assert [run(ti, mode="hold")["newly_held_ids"] for _ in range(2)] == [[source.id], []]
        with monkeypatch.context() as patch:
            patch.setattr(portal, "iter_remote_ids", unreadable)
            assert run(ti, mode="hold")["newly_held_ids"] == []
        assert run(ti, mode="hold")["newly_held_ids"] == []

    def test_state_of_an_older_version_has_ids_only(self, portal: HarvestedPortal, ti: TaskInstance) -> None:
        source = portal.add_harvested(lost=10)
        run(ti, mode="hold")
        for key, left in list(ti.xcoms.items()):
            if isinstance(left, dict) and isinstance(left.get("held"), dict):
                ti.xcoms[key] = {**left, "held": list(left["held"])}
        result = run(ti, mode="hold")
        assert (result["held_ids"], result["newly_held_ids"]) == ([source.id], [])


@pytest.mark.parametrize("has_date", [True, False], ids=["on a schedule", "by an asset's event"])
def test_next_run_goes_on_from_this_one(portal: HarvestedPortal, ti: TaskInstance, has_date: bool) -> None:
    portal.add_harvested()
    run(ti, has_date=has_date)
    assert ti.xcoms[(dated if has_date else undated)(GUARD_STATE_KEY)]["at"] == NOW.timestamp()
    portal.requests.clear()
    run(ti)
    assert "list_datasets" not in portal.requests
    run(ti, examine_all=True)
    assert "list_datasets" in portal.requests


class TestLargePortal:
    """Not each run reads all of it; a source that was moved has its records with its former organization."""

    @pytest.fixture
    def source(self, portal: HarvestedPortal, monkeypatch: pytest.MonkeyPatch) -> HarvestSource:
        monkeypatch.setattr(live_records, "READ_WHOLE", 0)
        return portal.move(portal.add_harvested(organization="north"), "south")

    @pytest.mark.parametrize("runs", [1, 4], ids=["the next run comes a day later", "runs without news in between"])
    def test_loss_of_a_moved_source_is_held_within_a_day(
        self, portal: HarvestedPortal, ti: TaskInstance, source: HarvestSource, runs: int
    ) -> None:
        assert run(ti, mode="hold")["held_ids"] == []
        pass_hours(portal, 1)
        portal.harvest_again(source, NOW, missed=10)
        for _ in range(runs):
            assert run(ti, mode="hold")["held_ids"] == []
        pass_hours(portal, 22)
        assert run(ti, mode="hold")["held_ids"] == [source.id]
        assert run(ti, mode="hold")["held_ids"] == [source.id]

    def test_records_are_read_whole_once_a_day(
        self, portal: HarvestedPortal, ti: TaskInstance, source: HarvestSource
    ) -> None:
        whole = []
        for hour in range(48):
            run(ti)
            whole += [hour] if ti.xcoms[GUARD_STATE_KEY]["whole"] == portal.clock.now() else []
            pass_hours(portal, 1)
            portal.harvest_again(source, NOW + timedelta(hours=hour, minutes=30))
        assert whole == [0, 23, 46]

    def test_state_of_a_version_that_read_each_owner_for_itself(
        self, portal: HarvestedPortal, ti: TaskInstance, source: HarvestSource
    ) -> None:
        run(ti)
        portal.harvest_again(source, NOW - timedelta(hours=1), missed=10)
        for key, left in list(ti.xcoms.items()):
            if isinstance(left, dict):
                ti.xcoms[key] = {name: value for name, value in left.items() if name != "whole"}
        assert run(ti, mode="hold")["held_ids"] == [source.id]


def pass_hours(portal: HarvestedPortal, hours: float) -> None:
    assert isinstance(portal.clock, FakeClock)
    portal.clock.advance(hours * 3600)


class TestWithoutAHarvestInBetween:
    """What a run left open is examined by the next one, although the portal has harvested nothing since."""

    def test_loss_that_was_only_reported_is_reported_again_and_held_once_that_is_wanted(
        self, portal: HarvestedPortal, ti: TaskInstance
    ) -> None:
        source = portal.add_harvested(lost=10)
        for _ in range(3):
            assert run(ti)["must_hold_ids"] == [source.id]
        assert run(ti, mode="hold")["held_ids"] == [source.id]

    def test_source_whose_archiving_somebody_switches_on_is_examined(
        self, portal: HarvestedPortal, ti: TaskInstance
    ) -> None:
        source = portal.add_harvested(lost=10, autoarchive=False)
        assert [run(ti, mode="hold")["rows"] for _ in range(2)] == [[], []]
        portal.change(source.id, autoarchive=True)
        assert run(ti, mode="hold")["held_ids"] == [source.id]

    @pytest.mark.parametrize("where", ["thresholds", "thresholds_by_source"])
    def test_stricter_limits_hold_what_wider_ones_passed(
        self, portal: HarvestedPortal, ti: TaskInstance, where: str
    ) -> None:
        source = portal.add_harvested(lost=10)
        wide, strict = {"max_lost_ratio": 0.5}, {"max_lost_ratio": 0.1}
        given: list[dict[str, Any]] = [
            {where: {source.id: limits} if "source" in where else limits} for limits in (wide, strict)
        ]
        assert [run(ti, mode="hold", **one)["held_ids"] for one in given] == [[], [source.id]]
        assert run(ti, mode="hold", **given[1])["newly_held_ids"] == []


@pytest.mark.parametrize("changed", [{"organization": "5e00000000000000000000a1"}, {"source_ids": "all"}])
def test_state_of_another_selection_does_not_count(
    portal: HarvestedPortal, ti: TaskInstance, changed: dict[str, Any]
) -> None:
    source = portal.add_harvested(organization="north")
    run(ti)
    portal.requests.clear()
    other: dict[str, Any] = {name: [source.id] if value == "all" else value for name, value in changed.items()}
    run(ti, **other)
    assert "list_datasets" in portal.requests


def test_what_could_not_be_held_is_examined_again(portal: HarvestedPortal, ti: TaskInstance) -> None:
    portal.has_key = False
    source = portal.add_harvested(lost=10)
    result = run(ti, mode="hold")
    assert (result["cannot_hold_ids"], result["not_holdable_ids"]) == ([source.id], [source.id])
    assert ti.xcoms[GUARD_STATE_KEY]["since"] is None
    assert result["rows"][0]["why"] == "there is no API key in the argument api_key"


@pytest.mark.parametrize(
    "arguments",
    [
        {"mode": "release"},
        {"source_ids": " , "},
        {"grace_days": "7"},
        {"mode": "hold", "expire_days": 0},
        {"thresholds": {"max_loss": 1}},
        {"thresholds_by_source": {"5f": [1]}},
    ],
)
def test_invalid_input_fails_without_a_retry(
    portal: HarvestedPortal, ti: TaskInstance, arguments: dict[str, Any]
) -> None:
    portal.add_harvested(lost=10)
    with pytest.raises(AirflowFailException):
        run(ti, **arguments)
    assert portal.written == []

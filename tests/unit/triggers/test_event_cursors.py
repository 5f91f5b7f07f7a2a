"""Where an event trigger keeps what it has reported: one cursor for each watch, with and without Airflow's stores."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from typing import Any

import pytest

from airflow_provider_harvest.triggers import _event_cursors
from airflow_provider_harvest.triggers._event_cursors import CURSOR_KEY, REMEMBERED_WITHOUT_STORE
from airflow_provider_harvest.triggers.event import HarvestJobEventTrigger
from tests.support.fake_portal.direct_client import SITE
from tests.support.fake_portal.scripted import T0, FakeClock, JumpingClock, whole_job
from tests.support.fake_time import run_in_fake_time
from tests.support.watching_trigger import Store, Watched

MINUTE, HOUR, DAY = 60.0, 3600.0, 24 * 3600.0


@pytest.fixture(autouse=True)
def another_triggerer_runs_each_test() -> None:
    """No test knows of another one."""
    another_triggerer()


def another_triggerer() -> None:
    """Forget what only a process knows."""
    _event_cursors._memory.clear()


# --- Airflow 3.3: several watches of one asset -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(None, id="alone"),
        pytest.param({"condition": "success"}, id="next to a watch for successes"),
        pytest.param({"condition": "failure", "poll_interval": 30}, id="next to one that polls more often"),
        pytest.param({"condition": "failure", "min_done_items": 2}, id="next to one with another limit"),
        pytest.param({"condition": "failure", "source_id": "a"}, id="next to one of a single source"),
    ],
)
def test_no_watch_of_an_asset_moves_the_cursor_of_another(
    monkeypatch: pytest.MonkeyPatch, other: dict[str, Any] | None
) -> None:
    lives = {"a": whole_job("bad", 20 * MINUTE, status="failed"), "b": whole_job("good", 30 * MINUTE)}
    watched = Watched(monkeypatch, lives)
    assert watched.watch(10 * MINUTE, condition="failure") == []
    another_triggerer()
    if other is None:
        watched.clock.advance(40 * MINUTE)
    else:
        watched.watch(40 * MINUTE, **other)
    another_triggerer()
    assert watched.watch(10 * MINUTE, condition="failure") == ["bad"]


def test_no_watch_of_an_asset_reports_again_what_another_has_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    lives = {"a": whole_job("one", 5 * MINUTE), "b": whole_job("two", 20 * MINUTE)}
    watched = Watched(monkeypatch, lives)
    assert watched.watch(10 * MINUTE, source_id="a") == ["one"]
    assert watched.watch(20 * MINUTE, source_id="b") == ["two"]
    another_triggerer()
    assert watched.watch(10 * MINUTE, source_id="a") == []
    assert watched.watch(10 * MINUTE, source_id="b") == []


def test_two_watches_at_once_survive_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch, {"a": whole_job("one", 5 * MINUTE), "b": whole_job("two", 20 * MINUTE)})
    assert watch_both(watched, 30 * MINUTE, {"source_id": "a"}, {"source_id": "b"}) == ["one", "two"]
    another_triggerer()
    assert watch_both(watched, 10 * MINUTE, {"source_id": "a"}, {"source_id": "b"}) == []


def watch_both(watched: Watched, seconds: float, *watches: dict[str, Any]) -> list[str]:
    """Run several watches of one asset in one triggerer; return the ids of the jobs that they reported."""
    told: list[str] = []

    async def follow(arguments: dict[str, Any]) -> None:
        trigger = HarvestJobEventTrigger("one", **arguments)
        trigger.asset_state_store = watched.store  # type: ignore[assignment]
        async for event in trigger.run():
            told.append(event.payload["job_id"])

    async def story() -> None:
        following = [asyncio.ensure_future(follow(arguments)) for arguments in watches]
        await asyncio.wait(following, timeout=seconds)
        for one in following:
            one.cancel()
        await asyncio.gather(*following, return_exceptions=True)

    run_in_fake_time(watched.clock, story())
    return told


# --- Airflow 3.3: an upgrade, and an edited watch --------------------------------------------------------------------


def cursor_of_0_1(since: float, told: dict[str, float]) -> str:
    """Return what version 0.1.0 stored, under the one key of the asset."""
    return json.dumps(
        {"version": 1, "portal": SITE, "began": T0 - HOUR, "since": since, "told": told, "behind": {}},
    )


@pytest.mark.parametrize(
    "watches",
    [
        pytest.param([{"source_id": "a"}], id="one watch"),
        pytest.param([{"source_id": "a"}, {"source_id": "a", "condition": "success"}], id="two watches of one source"),
    ],
)
def test_an_upgrade_neither_repeats_nor_misses(monkeypatch: pytest.MonkeyPatch, watches: list[dict[str, Any]]) -> None:
    lives = {"a": [*whole_job("one", -HOUR / 2), *whole_job("two", 5 * MINUTE), *whole_job("three", 30 * MINUTE)]}
    watched = Watched(monkeypatch, lives)
    assert watched.store is not None
    watched.store.values[CURSOR_KEY] = cursor_of_0_1(T0 - HOUR / 2 + 80, {"one": T0 - HOUR / 2 + 80})
    watched.clock.advance(20 * MINUTE)  # the upgrade
    for arguments in watches:  # one after the other, as in a rolling upgrade
        assert watched.watch(5 * MINUTE, **arguments) == ["two"]
        another_triggerer()
    watched.clock.advance(20 * MINUTE)
    for arguments in watches:
        assert watched.watch(5 * MINUTE, **arguments) == ["three"]


def test_an_upgrade_that_is_killed_before_its_first_poll_has_lost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch, {"a": whole_job("one", -HOUR / 2), "b": whole_job("two", -HOUR / 2)})
    assert watched.store is not None
    watched.store.values[CURSOR_KEY] = cursor_of_0_1(T0 - HOUR, {})
    assert watched.watch(0.0, source_id="a") == []
    watched.clock.advance(2 * HOUR)
    watched.watch(10 * MINUTE, source_id="b")  # writes the shared key
    another_triggerer()
    assert watched.watch(10 * MINUTE, source_id="a") == ["one"]


def test_a_watch_that_is_added_after_an_upgrade_reports_no_history(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch, {"a": whole_job("one", 5 * MINUTE), "b": whole_job("two", 5 * MINUTE)})
    assert watched.store is not None
    watched.store.values[CURSOR_KEY] = cursor_of_0_1(T0 - HOUR, {})
    assert watched.watch(2 * HOUR, source_id="a") == ["one"]
    another_triggerer()
    assert watched.watch(10 * MINUTE, source_id="b") == []


@pytest.mark.parametrize(
    "edited, told",
    [
        pytest.param({"max_failed_items": 5}, ["two"], id="another limit continues"),
        pytest.param({"condition": "success"}, ["two"], id="another condition continues"),
        pytest.param({"poll_interval": 30}, ["two"], id="another interval continues"),
        pytest.param({"source_id": "a"}, [], id="another scope begins now"),
    ],
)
def test_an_edited_watch_continues_where_the_asset_was_watched(
    monkeypatch: pytest.MonkeyPatch, edited: dict[str, Any], told: list[str]
) -> None:
    watched = Watched(monkeypatch, {"a": [*whole_job("one", 5 * MINUTE), *whole_job("two", 20 * MINUTE)]})
    assert watched.watch(10 * MINUTE) == ["one"]
    watched.clock.advance(20 * MINUTE)  # "two" ends during the deploy
    assert watched.watch(10 * MINUTE, **edited) == told


@pytest.mark.parametrize(
    "days, told",
    [
        pytest.param(2, ["two", "three"], id="within a week where it left off itself"),
        pytest.param(9, ["three"], id="later where the asset was watched"),
    ],
)
def test_a_watch_that_gets_its_former_arguments_back_continues(
    monkeypatch: pytest.MonkeyPatch, days: int, told: list[str]
) -> None:
    back = 30 * MINUTE + days * DAY
    life = [*whole_job("one", 5 * MINUTE), *whole_job("two", DAY), *whole_job("three", back + 5 * MINUTE)]
    watched = Watched(monkeypatch, {"a": life})
    assert watched.watch(30 * MINUTE) == ["one"]
    assert watched.watch(days * DAY, max_failed_items=5, poll_interval=HOUR) == ["two"]
    another_triggerer()
    assert watched.watch(30 * MINUTE) == told


def test_a_watch_that_runs_for_weeks_without_news_is_no_former_one(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch, {"a": whole_job("one", 20 * DAY + 5 * MINUTE, status="failed")})
    both: tuple[dict[str, Any], ...] = (
        {"condition": "failure", "poll_interval": HOUR},
        {"condition": "ended", "poll_interval": HOUR},
    )
    assert watch_both(watched, 20 * DAY, *both) == []
    another_triggerer()
    assert watched.watch(2 * HOUR, **both[1]) == ["one"]
    another_triggerer()
    assert watched.watch(2 * HOUR, **both[0]) == ["one"]


@pytest.mark.parametrize("other", [None, {"source_id": "b"}], ids=["alone", "next to a watch of another source"])
def test_an_outage_of_weeks_loses_nothing(monkeypatch: pytest.MonkeyPatch, other: dict[str, Any] | None) -> None:
    life = [*whole_job("one", 5 * MINUTE), *whole_job("two", DAY)]
    watched = Watched(monkeypatch, {"a": life, "b": whole_job("else", 20 * MINUTE)})
    assert watched.watch(10 * MINUTE, source_id="a") == ["one"]
    if other is not None:
        assert watched.watch(20 * MINUTE, **other) == ["else"]
    another_triggerer()
    watched.clock.advance(20 * DAY)
    assert watched.watch(10 * MINUTE, source_id="a") == ["two"]


# --- what the process remembers --------------------------------------------------------------------------------------


def test_a_watch_that_reconnects_needs_no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    cursors = _event_cursors.Cursors(HarvestJobEventTrigger("one"))
    asyncio.run(cursors.save({"since": 5.0}))
    another_triggerer()
    assert asyncio.run(cursors.load()) == {"since": 5.0}


def test_a_watch_that_moves_between_triggerers_repeats_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before 3.3: what the first process remembers is old when the watch comes back to it."""
    life = [*whole_job("one", 5 * MINUTE), *whole_job("two", 70 * MINUTE), *whole_job("three", 160 * MINUTE)]
    watched = Watched(monkeypatch, {"a": life}, keeps=False)
    first: Any = OrderedDict()
    told = []
    for memory, seconds in ((first, 60 * MINUTE), (OrderedDict(), 90 * MINUTE), (first, 60 * MINUTE)):
        monkeypatch.setattr(_event_cursors, "_memory", memory)
        told += watched.watch(seconds)
    assert told == ["one", "two", "three"]


@pytest.mark.parametrize(
    "away, told",
    [
        pytest.param(REMEMBERED_WITHOUT_STORE - 1, ["two"], id="for a few minutes it continues"),
        pytest.param(REMEMBERED_WITHOUT_STORE + 1, [], id="later it begins"),
    ],
)
def test_a_watch_that_was_removed_for_a_while_before_3_3(
    monkeypatch: pytest.MonkeyPatch, away: float, told: list[str]
) -> None:
    """However long ago its last harvest was: the watch itself counts."""
    watched = Watched(
        monkeypatch, {"a": [*whole_job("one", 5 * MINUTE), *whole_job("two", 5 * HOUR + 10)]}, keeps=False
    )
    assert watched.watch(5 * HOUR) == ["one"]
    watched.clock.advance(away)
    assert watched.watch(10 * MINUTE) == told


@pytest.mark.parametrize(
    "away, jump, remembered",
    [
        pytest.param(MINUTE, 3 * HOUR, {"since": 5.0}, id="set forward: a minute is a minute"),
        pytest.param(HOUR, -3 * HOUR, None, id="set back: an hour is an hour"),
    ],
)
def test_a_clock_that_is_set_does_not_change_how_long_a_watch_is_remembered(
    away: float, jump: float, remembered: dict[str, Any] | None
) -> None:
    true = FakeClock()
    trigger, clock = HarvestJobEventTrigger("one"), JumpingClock(true, at=true.now() + 1, jump=jump)
    cursors = _event_cursors.Cursors(trigger, clock)
    asyncio.run(cursors.save({"since": 5.0}))
    cursors.leave()
    true.advance(away)
    assert asyncio.run(_event_cursors.Cursors(trigger, clock).load()) == remembered


def test_watches_that_differ_in_their_interval_have_a_memory_each(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch, {"a": whole_job("one", 8 * MINUTE)}, keeps=False)
    assert watched.watch(5 * MINUTE, source_id="a", poll_interval=7200) == []
    assert watched.watch(5 * MINUTE, source_id="a", poll_interval=60) == ["one"]
    assert watched.watch(2 * MINUTE, source_id="a", poll_interval=7200) == ["one"]


def test_a_store_that_is_there_counts_more_than_what_an_old_process_remembers(monkeypatch: pytest.MonkeyPatch) -> None:
    life = [*whole_job("one", 5 * MINUTE), *whole_job("two", 70 * MINUTE)]
    watched = Watched(monkeypatch, {"a": life})
    first: Any = OrderedDict()
    told = []
    for memory, seconds in ((first, 60 * MINUTE), (OrderedDict(), 30 * MINUTE), (first, 60 * MINUTE)):
        monkeypatch.setattr(_event_cursors, "_memory", memory)
        told += watched.watch(seconds)
    assert told == ["one", "two"]


def test_an_asset_that_joins_a_watch_gets_its_cursor_at_the_next_harvest() -> None:
    """Several assets with equal watchers share one trigger."""
    trigger = HarvestJobEventTrigger("one")
    first, second = Store(), Store()
    trigger.asset_state_store = Several(first)  # type: ignore[assignment]
    asyncio.run(_event_cursors.Cursors(trigger).save({"since": 5.0}))
    another_triggerer()
    trigger.asset_state_store = Several(first, second)  # type: ignore[assignment]
    cursors = _event_cursors.Cursors(trigger)
    assert asyncio.run(cursors.load()) == {"since": 5.0}
    asyncio.run(cursors.save({"since": 6.0}))
    assert first.values == second.values


class Several:
    """Airflow's accessors of several assets."""

    def __init__(self, *stores: Store) -> None:
        self._by_name = {str(number): store for number, store in enumerate(stores)}
        self._by_uri: dict[str, Store] = {}


def test_the_memory_of_a_process_is_bounded() -> None:
    for number in range(300):
        trigger = HarvestJobEventTrigger("one", f"source-{number}")
        asyncio.run(_event_cursors.Cursors(trigger).save({"since": 5.0}))
    assert len(_event_cursors._memory) == 200

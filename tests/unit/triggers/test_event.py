"""The event trigger: each harvest that ends fires once, in order, across triggerers, no matter who started it."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest._compat import BaseEventTrigger
from airflow_provider_harvest.exceptions import HarvestConnectionError, HarvestInvalidInput
from airflow_provider_harvest.hooks._connection_settings import ConnectionSettings
from airflow_provider_harvest.hooks.harvest import HarvestHook
from airflow_provider_harvest.portal.waiting.reported_jobs import digest_of
from airflow_provider_harvest.triggers import _event_cursors, event
from airflow_provider_harvest.triggers._event_cursors import CURSOR_KEY
from airflow_provider_harvest.triggers.event import STORED_AFTER, HarvestJobEventTrigger
from tests.support.fake_portal.direct_client import SITE
from tests.support.fake_portal.scripted import (
    T0,
    Timeline,
    items_move,
    job_appears,
    job_ends,
    job_is_purged,
    rate_limited,
    server_error,
    unreachable,
    whole_job,
)
from tests.support.fake_time import run_in_fake_time
from tests.support.watching_trigger import Store, Watched, ids, reported

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_harvest.portal.statuses import EndCondition


MINUTE, HOUR = 60.0, 3600.0
ORGANIZATION = "5f00000000000000000000bb"


@pytest.fixture(params=["A", "B", "C", "D"])
def generation(request: pytest.FixtureRequest) -> str:
    """Each udata generation."""
    return str(request.param)


@pytest.mark.parametrize(
    "scope",
    [
        pytest.param({"source_id": "mine"}, id="a source"),
        pytest.param({"organization": ORGANIZATION}, id="an organization"),
        pytest.param({}, id="the portal"),
    ],
)
def test_each_harvest_that_ends_is_reported_once(
    monkeypatch: pytest.MonkeyPatch, scope: dict[str, Any], generation: str
) -> None:
    life = [*whole_job("old", -HOUR), *whole_job("one", 100), *whole_job("two", 2000), *whole_job("three", 2200)]
    watched = Watched(monkeypatch, {"mine": life}, generation)
    assert watched.watch(HOUR, **scope) == ["one", "two", "three"]


def test_the_payload_is_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch, {"mine": whole_job("one", 100)})
    watched.watch(HOUR, source_id="mine")
    [result] = watched.told
    assert (result["how"], result["source_id"], result["source_name"]) == ("watched", "mine", "Source mine")
    assert (result["outcome"], result["items"]["done"], result["portal"]) == ("success", 3, SITE)
    assert json.loads(json.dumps(result)) == result


@pytest.mark.parametrize(
    "arguments, told",
    [
        pytest.param({"condition": "ended"}, ["good", "bad", "mixed"], id="ended"),
        pytest.param({"condition": "success"}, ["good"], id="success"),
        pytest.param({"condition": "success", "max_failed_items": 1}, ["good", "mixed"], id="success with one failed"),
        pytest.param({"condition": "failure"}, ["bad", "mixed"], id="failure"),
    ],
)
def test_the_condition_decides_what_is_reported(
    monkeypatch: pytest.MonkeyPatch, arguments: dict[str, Any], told: list[str]
) -> None:
    mixed: Timeline = [
        (900, job_appears("mixed")),
        (910, items_move("mixed", done=5, failed=1)),
        (990, job_ends("mixed", "done-errors")),
    ]
    lives = {"a": whole_job("good", 100), "b": whole_job("bad", 500, status="failed"), "c": mixed}
    watched = Watched(monkeypatch, lives)
    assert watched.watch(HOUR, **arguments) == told


@pytest.mark.parametrize(
    "limits, told",
    [
        pytest.param({}, ["whole"], id="most are skipped, unlike before"),
        pytest.param({"max_skipped_ratio": 1}, ["whole", "lost"], id="any share may be"),
        pytest.param({"max_skipped_items": 4}, ["whole", "lost"], id="as many may be"),
        pytest.param({"max_skipped_items": 3}, ["whole"], id="fewer may be"),
    ],
)
def test_what_may_be_skipped_in_a_success(
    monkeypatch: pytest.MonkeyPatch, limits: dict[str, Any], told: list[str]
) -> None:
    lost = [(900, job_appears("lost")), (910, items_move("lost", done=1, skipped=4)), (990, job_ends("lost"))]
    watched = Watched(monkeypatch, {"a": [*whole_job("whole", 100), *lost]})
    assert watched.watch(HOUR, condition="success", **limits) == told
    _, arguments = HarvestJobEventTrigger(**limits).serialize()
    assert {name for name in arguments if "skipped" in name} == set(limits)


@pytest.mark.parametrize("limits, told", [({}, ["whole", "few"]), ({"max_drop_ratio": 0.5}, ["whole"])])
def test_how_many_fewer_may_be_done_in_a_success(
    monkeypatch: pytest.MonkeyPatch, limits: dict[str, Any], told: list[str], generation: str
) -> None:
    few = [(900, job_appears("few")), (910, items_move("few", done=1)), (990, job_ends("few"))]
    watched = Watched(monkeypatch, {"a": [*whole_job("whole", 100), *few]}, generation)
    assert watched.watch(HOUR, condition="success", **limits) == told


def test_a_whole_portal_costs_one_request_a_round_and_a_few_for_each_end(
    monkeypatch: pytest.MonkeyPatch, generation: str
) -> None:
    lives = {ident: [*whole_job(f"old-{ident}", -HOUR), *whole_job(f"job-{ident}", 1000)] for ident in ids(40)}
    watched = Watched(monkeypatch, lives, generation)
    assert len(watched.watch(HOUR / 2 - 1)) == 40
    assert watched.client.count("list_sources") <= 31
    assert watched.client.count("list_jobs") <= 2 * 40
    assert watched.client.count("get_job") == 40


def test_a_job_behind_a_newer_one_is_reported_too(monkeypatch: pytest.MonkeyPatch, generation: str) -> None:
    life = [
        (-100, job_appears("behind")),
        (500, job_appears("newer")),
        (1500, job_ends("newer")),
        (9000, job_ends("behind")),
    ]
    watched = Watched(monkeypatch, {"a": life, "b": []}, generation)
    assert watched.watch(4 * HOUR) == ["newer", "behind"]


def test_what_ended_before_the_watch_began_is_history(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch, {ident: whole_job(f"old-{ident}", -600) for ident in ids(3)})
    assert watched.watch(HOUR) == []


# --- across triggerers -----------------------------------------------------------------------------------------------


def test_what_ended_while_no_triggerer_ran_is_reported_once_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    lives: dict[str, Timeline] = {
        "a": [*whole_job("a1", 100), *whole_job("a2", 2 * HOUR), *whole_job("a3", 4 * HOUR)],
        "b": [*whole_job("b1", 200), *whole_job("b2", 3 * HOUR)],
    }
    watched = Watched(monkeypatch, lives)
    assert watched.watch(HOUR) == ["a1", "b1"]
    watched.clock.advance(5 * HOUR)
    assert watched.watch(HOUR) == ["a2", "b2", "a3"]
    assert watched.watch(HOUR) == []


def test_however_many_ended_they_are_reported_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are listed first have ended last."""
    lives = {ident: whole_job(f"job-{ident}", 2 * HOUR - 60 * number) for number, ident in enumerate(ids(70))}
    watched = Watched(monkeypatch, lives)
    watched.watch(600)
    watched.clock.advance(3 * HOUR)
    assert watched.watch(10 * MINUTE) == [f"job-{ident}" for ident in reversed(ids(70))]


def test_a_job_that_ends_behind_a_newer_one_while_no_triggerer_runs_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    life = [(100, job_appears("behind")), *whole_job("newer", 500, 60), (2 * HOUR, job_ends("behind"))]
    watched = Watched(monkeypatch, {"a": life, "b": []})
    assert watched.watch(HOUR) == ["newer"]
    watched.clock.advance(3 * HOUR)
    assert watched.watch(HOUR) == ["behind"]


def test_what_was_not_stored_is_reported_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A triggerer killed right after an event cannot know whether Airflow has it: rather twice than never."""
    watched = Watched(monkeypatch, {"a": whole_job("one", 100), "b": whole_job("two", 5000)})
    assert watched.watch(HOUR, killed_after=1) == ["one"]
    assert watched.watch(2 * HOUR) == ["one", "two"]


def test_what_was_reported_is_stored_when_airflow_has_the_event(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch, {"a": whole_job("one", 100)})
    watched.watch(180 + STORED_AFTER - 1)
    assert watched.store is not None
    assert reported(watched.store.cursor) == []
    watched.watch(2 * STORED_AFTER + 60)
    assert reported(watched.store.cursor) == [digest_of("one")]


def test_without_a_store_it_says_what_may_be_missed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    watched = Watched(monkeypatch, {"a": [*whole_job("one", 100), *whole_job("two", 2 * HOUR)]}, keeps=False)
    assert watched.watch(HOUR) == ["one"]
    _event_cursors._memory.clear()  # another process
    watched.clock.advance(2 * HOUR)
    assert watched.watch(HOUR) == []
    assert any("harvests that end while none runs are missed" in line for line in caplog.messages)


def test_the_cursor_of_another_portal_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch, {"a": whole_job("one", 100)})
    assert watched.store is not None
    elsewhere = {
        "version": 1,
        "portal": "https://elsewhere",
        "began": 0.0,
        "since": T0 + HOUR,
        "told": {},
        "behind": {},
    }
    watched.store.values[CURSOR_KEY] = json.dumps(elsewhere)
    assert watched.watch(HOUR) == ["one"]


def test_what_was_stored_with_an_asset_that_is_deleted_for_a_while_is_remembered(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A deploy with an import error: Airflow deletes the state of an asset that no DAG file names."""
    watched = Watched(monkeypatch, {"a": [*whole_job("one", 100), *whole_job("two", HOUR + 60)]})
    assert watched.watch(HOUR) == ["one"]
    watched.store = Store()
    watched.clock.advance(600)
    assert watched.watch(HOUR) == ["two"]
    assert any("continuing from what this triggerer remembers" in line for line in caplog.messages)


def test_a_source_that_cannot_be_read_silences_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    lives = {ident: whole_job(f"job-{ident}", 100 + 10 * number) for number, ident in enumerate(ids(6))}
    watched = Watched(monkeypatch, lives)
    original = watched.client.recent_jobs

    def recent_jobs(source_id: str, page: int = 1, page_size: int = 10) -> Any:
        if source_id == "s02" and watched.clock.now() < T0 + 5 * HOUR:
            watched.client.note("refused")
            raise server_error(500)
        return original(source_id, page, page_size)

    monkeypatch.setattr(watched.client, "recent_jobs", recent_jobs)
    assert watched.watch(HOUR) == [f"job-{ident}" for ident in ids(6) if ident != "s02"]
    assert watched.client.count("refused") <= 7
    watched.watch(12 * HOUR, poll_interval=10 * MINUTE)
    assert watched.told[-1]["job_id"] == "job-s02"
    assert len(watched.told) == 6


@pytest.mark.parametrize("reading", ["recent_jobs", "peek_job"])
def test_what_was_read_is_not_lost_when_the_next_read_fails(reading: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lives = {ident: whole_job(f"job-{ident}", 100) for ident in ids(5)}
    watched = Watched(monkeypatch, lives)
    original, asked = getattr(watched.client, reading), []

    def read(ident: str, *args: Any, **kwargs: Any) -> Any:
        if watched.clock.now() > T0 + 160:  # they have all ended
            asked.append(ident)
        if len(asked) == 3:
            raise server_error(503)
        return original(ident, *args, **kwargs)

    monkeypatch.setattr(watched.client, reading, read)
    assert sorted(watched.watch(2 * HOUR)) == [f"job-{ident}" for ident in ids(5)]


# --- a portal in trouble ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [unreachable(), rate_limited(600.0)], ids=["down", "429"])
def test_it_outlives_any_outage(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    caplog.set_level("INFO", "airflow_provider_harvest")
    watched = Watched(monkeypatch, {"a": whole_job("one", 100), "b": whole_job("two", 5 * HOUR)})
    assert watched.watch(HOUR) == ["one"]
    watched.portal.list_fault = error  # type: ignore[assignment]
    assert watched.watch(20 * HOUR) == []
    watched.portal.list_fault = None
    assert watched.watch(HOUR) == ["two"]
    assert sum("Polling again until it responds." in line for line in caplog.messages) == 1


@pytest.mark.parametrize("read", ["recent_jobs", "peek_job"], ids=["jobs", "a result"])
def test_a_portal_that_wants_a_pause_between_the_results_gets_it(monkeypatch: pytest.MonkeyPatch, read: str) -> None:
    watched = Watched(monkeypatch, {ident: whole_job(f"job-{ident}", 100) for ident in ids(4)})
    original = getattr(watched.client, read)
    refused_at: list[float] = []

    def refuse_the_second(*args: Any, **kwargs: Any) -> Any:
        if len(refused_at) < 2:
            refused_at.append(watched.clock.now())
            if len(refused_at) == 2:
                raise rate_limited(600.0)
        return original(*args, **kwargs)

    monkeypatch.setattr(watched.client, read, refuse_the_second)
    assert sorted(watched.watch(2 * HOUR)) == [f"job-{ident}" for ident in ids(4)]
    assert min(at for at in watched.client.times if at > refused_at[1]) >= refused_at[1] + 600.0


def test_two_watchers_of_a_burst_keep_the_connections_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch, {ident: whole_job(f"job-{ident}", 400) for ident in ids(30)})
    told: dict[EndCondition, list[str]] = {"ended": [], "success": []}

    async def follow(condition: EndCondition) -> None:
        trigger = HarvestJobEventTrigger("one", condition=condition)
        trigger.asset_state_store = Store()  # type: ignore[assignment]
        async for happened in trigger.run():
            told[condition].append(happened.payload["job_id"])

    async def story() -> None:
        following = [asyncio.ensure_future(follow(condition)) for condition in told]
        await asyncio.wait(following, timeout=HOUR)
        for one in following:
            one.cancel()
        await asyncio.gather(*following, return_exceptions=True)

    run_in_fake_time(watched.clock, story())
    assert sorted(told["ended"]) == sorted(told["success"]) == [f"job-{ident}" for ident in ids(30)]
    lists = watched.client.times_of("list_sources")
    assert min(later - earlier for earlier, later in pairwise(lists)) >= 30.0
    assert len(lists) <= 62


def test_a_job_that_is_purged_before_it_is_read_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    lives = {"a": whole_job("one", 100), "b": whole_job("two", 110)}
    watched = Watched(monkeypatch, lives)
    original = watched.client.peek_job

    def peek_job(job_id: str, *, progress: bool = True) -> Any:
        if job_id == "one":
            job_is_purged("one")(watched.portal.lives["a"])
        return original(job_id, progress=progress)

    monkeypatch.setattr(watched.client, "peek_job", peek_job)
    assert watched.watch(HOUR) == ["two"]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"site": "https://nowhere.example"}, id="another host"),
        pytest.param({"site": "https://one.example", "min_poll_interval": 40 * HOUR}, id="an interval of days"),
    ],
)
def test_a_connection_that_is_mended_is_read_again(monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any]) -> None:
    """Without a restart, and whatever of it was wrong; what ended meanwhile is history for the one that was wrong."""
    lives: dict[str, Timeline] = {"mine": whole_job("one", 2 * HOUR)}
    watched = Watched(monkeypatch, lives)
    portal = watched.client

    async def aget_settings(hook: HarvestHook) -> ConnectionSettings:
        return ConnectionSettings(**(wrong if watched.clock.now() < T0 + 1000 else {"site": "https://one.example"}))

    def reading_client(settings: ConnectionSettings) -> Any:
        if "nowhere" in settings.site:
            raise HarvestConnectionError("There is no such host.")
        return portal.connect(settings)

    monkeypatch.setattr(HarvestHook, "aget_settings", aget_settings)
    monkeypatch.setattr(event, "reading_client", reading_client)
    assert watched.watch(3 * HOUR) == ["one"]


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"condition": "sucess"}, "condition must be one of 'ended', 'success', 'failure', not 'sucess'."),
        ({"source_id": "a", "organization": "b"}, "source_id and organization are both given"),
        ({"remote_ids": ["x"]}, "remote_ids are records of one source"),
        ({"source_id": "a", "remote_ids": "x"}, "remote_ids"),
        ({"max_failed_ratio": 3}, "max_failed_ratio"),
        ({"poll_interval": "often"}, "poll_interval"),
        ({"source_id": " "}, "source_id"),
        ({"harvest_conn_id": ""}, "harvest_conn_id is blank"),
    ],
)
def test_wrong_arguments_are_refused_when_the_dag_is_parsed(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(HarvestInvalidInput, match=words):
        HarvestJobEventTrigger(**{"harvest_conn_id": "one", **arguments})


def test_lengths_of_time_and_sets_are_taken() -> None:
    trigger = HarvestJobEventTrigger("one", "a", poll_interval=timedelta(minutes=5), remote_ids={"y", "x"})
    arguments = json.loads(json.dumps(trigger.serialize()[1]))
    assert (arguments["poll_interval"], arguments["remote_ids"]) == (300.0, ["x", "y"])


@pytest.mark.skipif(not hasattr(BaseEventTrigger, "queue"), reason="a watcher has a queue from Airflow 3.4 on")
def test_a_watcher_is_run_by_the_triggerers_of_its_queue() -> None:
    from airflow.serialization.encoders import encode_trigger

    queued = HarvestJobEventTrigger("one", "a", queue="inside")
    assert encode_trigger(queued)["queue"] == "inside"
    assert "queue" not in encode_trigger(HarvestJobEventTrigger("one", "a"))
    # Which triggerers run it is no part of what it watches: its cursor stays.
    assert queued.serialize() == HarvestJobEventTrigger("one", "a").serialize()


def test_it_travels_as_json_without_a_secret() -> None:
    trigger = HarvestJobEventTrigger("one", source_id="a", remote_ids=("x",), condition="success", max_failed_ratio=0.1)
    path, arguments = trigger.serialize()
    travelled = json.loads(json.dumps(arguments))
    assert path == "airflow_provider_harvest.triggers.event.HarvestJobEventTrigger"
    assert HarvestJobEventTrigger(**travelled).serialize() == (path, travelled)


@pytest.fixture(autouse=True)
def _no_leftover_loops() -> Iterator[None]:
    yield
    asyncio.set_event_loop(None)

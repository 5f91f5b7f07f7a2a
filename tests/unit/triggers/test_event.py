"""The event trigger: each harvest that ends is reported once, no matter who started it, if its criteria are met."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest._compat import BaseEventTrigger
from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.triggers.event import HarvestJobEventTrigger
from tests.support.fake_portal.direct_client import SITE
from tests.support.fake_portal.scripted import Timeline, items_move, job_appears, job_ends, whole_job
from tests.support.fake_time import run_in_fake_time
from tests.support.watching_trigger import Store, Watched, ids

if TYPE_CHECKING:
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

"""The trigger: it waits as a worker would, never blocks, never raises, and its one event carries all that is needed.

Its event loop lives on the portal's fake clock, so that hours pass in no time.
"""

from __future__ import annotations

import asyncio
import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestAuthError, HarvestError, HarvestInvalidInput
from airflow_provider_harvest.hooks.harvest import HarvestHook
from airflow_provider_harvest.portal.statuses import ENDED, NOT_STARTED, TIMED_OUT, UNREACHABLE
from airflow_provider_harvest.portal.waiting.wait_plan import WaitPlan
from airflow_provider_harvest.triggers import job as triggers_job
from airflow_provider_harvest.triggers.job import ERROR, MIN_LIFE, HarvestJobTrigger
from tests.support.deferral import Deferral
from tests.support.fake_portal.scripted import (
    SOURCE_ID,
    T0,
    ScriptedClient,
    Timeline,
    fails_with,
    job_appears,
    outage,
    whole_job,
)

if TYPE_CHECKING:
    from airflow_provider_harvest.hooks._connection_settings import ConnectionSettings

HOUR = 3600.0


@pytest.mark.parametrize(
    "timeline, plan, state",
    [
        pytest.param(whole_job("new", 600, HOUR), {}, ENDED, id="the job ends"),
        pytest.param([], {}, NOT_STARTED, id="no job appears"),
        pytest.param([(0, job_appears("new"))], {"deadline": T0 + HOUR}, TIMED_OUT, id="the time is over"),
        pytest.param(outage(60, 99 * HOUR), {}, UNREACHABLE, id="the portal is down"),
    ],
)
def test_one_event_says_how_the_wait_ended(
    monkeypatch: pytest.MonkeyPatch, timeline: Timeline, plan: dict[str, Any], state: str
) -> None:
    deferral = Deferral(monkeypatch, timeline, **plan)
    [event] = deferral.events()
    assert event["state"] == state
    assert WaitPlan.from_dict(event["plan"]).source_id == SOURCE_ID
    assert json.loads(json.dumps(event)) == event
    assert deferral.was_closed


def test_the_event_names_the_job_that_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    [event] = Deferral(monkeypatch, whole_job("new", 600)).events()
    assert WaitPlan.from_dict(event["plan"]).job_id == "new"


def test_a_restarted_triggerer_goes_on_with_the_same_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    deferral = Deferral(monkeypatch)
    deferral.clock.advance(HOUR)
    [event] = deferral.events(HarvestJobTrigger(**deferral.trigger.serialize()[1]))
    assert (event["state"], deferral.elapsed) == (NOT_STARTED, 2 * HOUR)


def test_no_event_comes_while_the_worker_is_still_leaving(monkeypatch: pytest.MonkeyPatch) -> None:
    deferral = Deferral(monkeypatch, whole_job("new", -100))
    deferral.events()
    assert deferral.elapsed == MIN_LIFE == 10.0


def test_no_error_comes_while_the_worker_is_still_leaving(monkeypatch: pytest.MonkeyPatch) -> None:
    deferral = Deferral(monkeypatch, [(0, fails_with(HarvestInvalidInput("No id.")))])
    deferral.events()
    assert deferral.elapsed == MIN_LIFE


def test_an_event_that_is_late_is_not_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    deferral = Deferral(monkeypatch, whole_job("new", 0, 60), poll_interval=60)
    deferral.events()
    assert deferral.elapsed == 60.0


def test_it_polls_as_often_as_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    deferral = Deferral(monkeypatch, whole_job("new", 0, HOUR), poll_interval=300)
    deferral.events()
    assert deferral.client.count("get_job") == 1 + HOUR / 300


@pytest.mark.parametrize(
    "error, name",
    [
        (
            HarvestAuthError("No right to read this.", status_code=403, payload={"message": "No right to read this."}),
            "HarvestAuthError",
        ),
        (HarvestError("Odd."), "HarvestError"),
    ],
    ids=["no right", "another error of the portal"],
)
def test_an_error_of_the_portal_is_an_event(monkeypatch: pytest.MonkeyPatch, error: HarvestError, name: str) -> None:
    deferral = Deferral(monkeypatch, [(0, fails_with(error))])
    [event] = deferral.events()
    assert (event["state"], event["error"]) == (ERROR, name)
    assert str(error) in event["detail"]
    assert event["plan"] == deferral.plan.to_dict()
    assert deferral.was_closed


@pytest.mark.parametrize("error", [HarvestInvalidInput("There is no connection."), RuntimeError("bug")], ids=type)
def test_an_error_on_the_way_to_the_portal_is_an_event(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    deferral = Deferral(monkeypatch)

    async def aget_settings(hook: HarvestHook) -> ConnectionSettings:
        raise error

    monkeypatch.setattr(HarvestHook, "aget_settings", aget_settings)
    [event] = deferral.events()
    assert (event["state"], event["error"], event["detail"]) == (ERROR, type(error).__name__, str(error))


def test_a_client_that_cannot_be_made_is_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    deferral = Deferral(monkeypatch)

    def reading_client(settings: ConnectionSettings) -> ScriptedClient:
        raise HarvestInvalidInput("There is no such CA bundle.")

    monkeypatch.setattr(triggers_job, "reading_client", reading_client)
    [event] = deferral.events()
    assert (event["error"], event["detail"]) == ("HarvestInvalidInput", "There is no such CA bundle.")


def test_a_plan_that_says_nothing_is_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    deferral = Deferral(monkeypatch)
    [event] = deferral.events(HarvestJobTrigger("my_portal", {"colour": "blue"}))
    assert event["state"] == ERROR


def test_a_cancelled_trigger_ends_without_an_event_and_closes_its_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow cancels a trigger when its triggerer stops: another one continues with it."""
    deferral = Deferral(monkeypatch)
    events: list[Any] = []

    async def follow() -> None:
        async for event in deferral.trigger.run():
            events.append(event)

    async def story() -> None:
        following = asyncio.get_running_loop().create_task(follow())
        await asyncio.sleep(HOUR)
        following.cancel()
        with pytest.raises(asyncio.CancelledError):
            await following

    deferral.run(story())
    assert not events
    assert deferral.was_closed


def test_it_travels_as_json_without_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    deferral = Deferral(monkeypatch)
    path, arguments = deferral.trigger.serialize()
    module, _, name = path.rpartition(".")
    travelled = json.loads(json.dumps(arguments))
    again = getattr(import_module(module), name)(**travelled)
    assert again.serialize() == (path, travelled)
    assert set(travelled) == {"harvest_conn_id", "plan"}


def test_progress_is_logged(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "airflow_provider_harvest")
    Deferral(monkeypatch, whole_job("new", 600)).events()
    assert "Ended (done): 3 records (+3)" in caplog.messages


@pytest.mark.parametrize(
    "timeline, words",
    [
        ([(0, job_appears("new"))], "See https://portal.example/api/1/harvest/job/new/"),
        ([], "Its job was not yet known."),
    ],
    ids=["its job is known", "no job yet"],
)
def test_a_user_who_ends_the_task_reads_that_the_harvest_continues(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, timeline: Timeline, words: str
) -> None:
    deferral = Deferral(monkeypatch, timeline, deadline=T0 + 60)
    deferral.events()
    deferral.run(deferral.trigger.on_kill())
    assert caplog.messages[-1].endswith(words)


@pytest.mark.parametrize("timeline", [[(0, job_appears("new"))], []], ids=["its job is known", "no job yet"])
@pytest.mark.parametrize("is_held", [True, False])
def test_a_user_who_ends_a_guarded_run_reads_that_archiving_is_off(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, timeline: Timeline, is_held: bool
) -> None:
    deferral = Deferral(monkeypatch, timeline, deadline=T0 + 60, is_held=is_held)
    deferral.events()
    caplog.clear()
    deferral.run(deferral.trigger.on_kill())
    text = " ".join(" ".join(caplog.messages).split())
    assert text.count(f"Source {SOURCE_ID}: autoarchive may be off") == is_held
    assert text.count(f"switch it on by hand: https://portal.example/api/1/harvest/source/{SOURCE_ID}/") == is_held


def test_a_user_who_ends_a_guarded_run_before_its_first_poll_reads_that_archiving_is_off(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    deferral = Deferral(monkeypatch, is_held=True)
    deferral.run(deferral.trigger.on_kill())
    text = " ".join(" ".join(caplog.messages).split())
    assert text.endswith("To do it now, switch it on by hand.")


@pytest.mark.parametrize("how, which", [("blocked", {"job_id": "theirs"}), ("waited", {"after": T0})])
def test_a_user_who_ends_a_task_that_has_requested_nothing_reads_that(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, how: Any, which: dict[str, Any]
) -> None:
    deferral = Deferral(monkeypatch, [(-60, job_appears("theirs"))], deadline=T0 + 60, how=how, known=None, **which)
    deferral.events()
    deferral.run(deferral.trigger.on_kill())
    assert "No harvest was requested" in caplog.messages[-1]
    assert "theirs" not in caplog.messages[-1]
